DROP TABLE sessions;
DROP TABLE notifications;
DROP TABLE follows;
DROP TABLE users;
DROP TABLE secrets;
