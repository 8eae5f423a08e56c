-- Times are Unix milliseconds (BIGINT in every engine). Ids are never used twice (AUTOINCREMENT): a
-- notification's id is a cursor and a watermark, and a reused one would swallow somebody's news.

-- What the service makes for itself at its first start and must find again at the next: its signing key.
CREATE TABLE secrets (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
);

CREATE TABLE users (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- Lower-case already: the service lowers what is typed, and the CHECK keeps any other writer honest,
    -- so that one UNIQUE index answers look-ups, prefix searches and "is it taken?" in any letter case.
    username      TEXT   NOT NULL UNIQUE CHECK (username = lower(username) AND length(username) BETWEEN 3 AND 30),
    -- argon2id as a PHC string: the parameters travel with the hash and can be raised later.
    password_hash TEXT   NOT NULL,
    -- The stamp: when anything this person would see last changed. Strictly increasing; 0 = never.
    last_update   BIGINT NOT NULL DEFAULT 0,
    created_at    BIGINT NOT NULL
);
-- Whose stamp moved lately? Asked every few seconds, when another process may have written.
CREATE INDEX users_by_last_update ON users (last_update);

CREATE TABLE follows (
    -- A surrogate id, because "newest first" needs a total order to page by, and two follows may share a millisecond.
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    follower_id BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    followee_id BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at  BIGINT  NOT NULL,
    -- One follow a pair, however often the button is pressed.
    UNIQUE (follower_id, followee_id),
    CHECK (follower_id <> followee_id)
);
-- The two lists of a profile, newest first.
CREATE INDEX follows_by_followee ON follows (followee_id, id);
CREATE INDEX follows_by_follower ON follows (follower_id, id);

CREATE TABLE notifications (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    recipient_id BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    actor_id     BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind         TEXT    NOT NULL CHECK (kind IN ('follow')),
    created_at   BIGINT  NOT NULL,
    -- NULL = unread. The time is kept for programs (readAt); the difference is what people see.
    read_at      BIGINT,
    -- At most one live notification per actor and kind: follow, unfollow, follow cannot fill an inbox.
    UNIQUE (recipient_id, actor_id, kind),
    CHECK (recipient_id <> actor_id)
);
-- The inbox, newest first; and its unread part, which is also what the badge counts.
CREATE INDEX notifications_inbox ON notifications (recipient_id, id);
CREATE INDEX notifications_unread ON notifications (recipient_id, id) WHERE read_at IS NULL;
-- Who leaves takes their lines out of everybody's inbox: found by this, not by reading them all.
CREATE INDEX notifications_by_actor ON notifications (actor_id, recipient_id);

CREATE TABLE sessions (
    id              INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- SHA-256 of the secret in the cookie: whoever reads this table cannot sign in with it.
    token_hash      BLOB    NOT NULL UNIQUE,
    user_id         BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind            TEXT    NOT NULL CHECK (kind IN ('browser', 'program')),
    created_at      BIGINT  NOT NULL,
    -- When a person last opened a page with it, to the hour; polls do not count.
    seen_at         BIGINT  NOT NULL,
    -- Ends then unless a page is opened before; and ends then whatever happens.
    idle_expires_at BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id, id);
-- Lets the clean-up of ended sessions find them without reading the living.
CREATE INDEX sessions_by_end ON sessions (idle_expires_at);
