-- What sessions are opened with, the limits per hour, and what the throttle of sign-ins must know of its callers.
--
-- The release before this one goes on working: it neither reads nor writes what is new. What it does meanwhile has no client, is not limited,
-- and is no known network.

-- "Chrome on Linux": words of ours, made from the User-Agent, whose text is not kept. NULL: unknown, or opened by the release before.
ALTER TABLE sessions ADD COLUMN client TEXT CHECK (length(client) <= 60);

-- What counts against a limit per hour and can no longer be seen elsewhere: sign-ups by address, and follows that were taken back within
-- the hour. A row is of no use once its hour is over, and is then deleted by whoever adds the next.
CREATE TABLE limited_actions (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- 'sign-up:…' with a keyed hash of the network, because addresses are not kept; 'follow:7' with the id of the follower.
    actor      TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX limited_actions_by_actor ON limited_actions (actor, created_at);
CREATE INDEX limited_actions_by_time ON limited_actions (created_at);

-- From where somebody signed up or in, so that strangers who guess at their password cannot slow them down there. The newest few of
-- each user; signing out does not forget them.
CREATE TABLE known_networks (
    id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- A keyed hash of user and network (an IPv4 address, the /64 of an IPv6 one), because addresses are not kept.
    network BLOB  NOT NULL,
    seen_at BIGINT NOT NULL,
    UNIQUE (user_id, network)
);
-- Which of a user's are the newest.
CREATE INDEX known_networks_by_use ON known_networks (user_id, seen_at);

-- Whose sessions were revoked, and when last. Instances look here for tokens that must not be believed unseen any longer: the session's own
-- row is gone by then. There is no foreign key, because the account may be gone as well.
CREATE TABLE revocations (
    user_id BIGINT NOT NULL PRIMARY KEY,
    -- The user's stamp since that change.
    stamp   BIGINT NOT NULL
);
CREATE INDEX revocations_by_stamp ON revocations (stamp);
