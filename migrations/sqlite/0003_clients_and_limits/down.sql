DROP TABLE revocations;
DROP TABLE known_networks;
DROP TABLE limited_actions;
ALTER TABLE sessions DROP COLUMN client;
