-- Posts, their delivery to whoever follows, the tokens of programs, and the secret addresses of feeds.
--
-- The release before this one goes on working: it neither reads nor writes the new tables and columns. It shows the notification of a post
-- plainly ("ada: something new"), for up to a moment also of one that was deleted, and its follows want to be told.

CREATE TABLE posts (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    author_id  BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    text       TEXT    NOT NULL,
    -- What it links to; NULL: nothing.
    url        TEXT,
    -- Whether it is for those in post_recipients and its author only. Otherwise it is for everybody.
    direct     BOOLEAN NOT NULL DEFAULT FALSE,
    -- The unread notification of an earlier post by the same author with the same word gives way to that of this one.
    collapse   TEXT,
    created_at BIGINT  NOT NULL,
    -- Set: deleted, and shown to nobody. The row goes with the last of its notifications, which for many recipients takes a while.
    deleted_at BIGINT
);
-- An author's own posts, newest first; and what they leave behind when they go.
CREATE INDEX posts_by_author ON posts (author_id, id);
-- What everybody may see, of one author, newest first.
CREATE INDEX posts_public ON posts (author_id, id) WHERE NOT direct AND deleted_at IS NULL;
-- Those whose notifications are hidden: every look at an inbox asks, and there is hardly ever one.
CREATE INDEX posts_deleted ON posts (id) WHERE deleted_at IS NOT NULL;

-- The newest post of each author that everybody may see. The feed of somebody who follows thousands looks here first, and then asks only those
-- few whose newest is among the newest; it would take five thousand looks into the index on posts otherwise, and be as slow where all of them
-- have been silent for long. The database itself keeps it true.
CREATE TABLE latest_posts (
    author_id INTEGER NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    post_id   BIGINT NOT NULL
);
CREATE TRIGGER posts_made AFTER INSERT ON posts WHEN NOT NEW.direct AND NEW.deleted_at IS NULL BEGIN
    INSERT INTO latest_posts (author_id, post_id) VALUES (NEW.author_id, NEW.id)
        ON CONFLICT (author_id) DO UPDATE SET post_id = max(post_id, excluded.post_id);
END;
CREATE TRIGGER posts_hidden AFTER UPDATE OF deleted_at ON posts WHEN NEW.deleted_at IS NOT NULL BEGIN
    DELETE FROM latest_posts WHERE author_id = NEW.author_id AND post_id = NEW.id;
    INSERT INTO latest_posts (author_id, post_id)
        SELECT author_id, id FROM posts WHERE author_id = NEW.author_id AND NOT direct AND deleted_at IS NULL ORDER BY id DESC LIMIT 1
        ON CONFLICT (author_id) DO NOTHING;
END;

-- Whom a direct post is for.
CREATE TABLE post_recipients (
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (post_id, user_id)
);
-- The direct posts to somebody, newest first.
CREATE INDEX post_recipients_by_user ON post_recipients (user_id, post_id);

-- Posts whose notifications are still being written, or still being removed: too many for one transaction.
--
-- Whoever works on one holds the lock on its row from the beginning of a batch to its commit. Whatever else touches a post that may be in
-- delivery locks this row first, too, before any inbox: locked in another order, two could each wait for the other.
CREATE TABLE deliveries (
    post_id    BIGINT  NOT NULL PRIMARY KEY REFERENCES posts (id) ON DELETE CASCADE,
    -- Whether the post was deleted, and its notifications are being removed.
    removing   BOOLEAN NOT NULL DEFAULT FALSE,
    -- The greatest id of a user for whom this is done. They are taken in the order of their ids: in any other, each batch would write to
    -- all of the larger tables.
    done_to    BIGINT  NOT NULL DEFAULT 0,
    -- When the last batch was made. The one that waited longest is next, so that two share.
    touched_at BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL
);
CREATE INDEX deliveries_by_touch ON deliveries (touched_at, post_id);

-- The answers to posts that were sent with an Idempotency-Key, for a day.
CREATE TABLE idempotency_keys (
    -- No foreign key: a key is taken before the inboxes are locked, and must not lock its author. Who leaves takes theirs along.
    author_id  BIGINT NOT NULL,
    key        TEXT   NOT NULL,
    -- SHA-256 of the body: the same key with another body is a mistake of the caller's.
    body_hash  BLOB  NOT NULL,
    -- The answer that is given again, also after the post was deleted. Empty in the transaction that makes the post.
    answer     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (author_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE tokens (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- What its owner calls it.
    name         TEXT   NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    -- 'read', 'post' or 'all'. There is no CHECK: what a release does not know, it allows nothing.
    scope        TEXT   NOT NULL,
    -- SHA-256 of the secret: whoever reads this table cannot use it.
    token_hash   BLOB  NOT NULL UNIQUE,
    created_at   BIGINT NOT NULL,
    -- To the hour; unchanged polls do not count. NULL: never used.
    last_used_at BIGINT
);
CREATE INDEX tokens_of_user ON tokens (user_id, id);

-- The secret addresses of somebody's feeds. The secret itself is not kept: it is made of the row and a signature, so a new row is a new address.
CREATE TABLE feed_addresses (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- 'notifications' or 'posts'.
    feed       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (user_id, feed)
);

-- Whether the follower is told of the followee's posts. If not, the posts are in the feed all the same.
ALTER TABLE follows ADD COLUMN notify BOOLEAN NOT NULL DEFAULT TRUE;
-- Whom a post is to be told to, in the order of their ids.
CREATE UNIQUE INDEX follows_told ON follows (followee_id, follower_id) WHERE notify;
-- Whom somebody follows quietly.
CREATE INDEX follows_quiet ON follows (follower_id, id) WHERE NOT notify;

-- SQLite cannot drop a constraint, so the table is built anew and its rows are copied.
CREATE TABLE notifications_new (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    recipient_id BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    actor_id     BIGINT  REFERENCES users (id) ON DELETE CASCADE,
    kind         TEXT    NOT NULL,
    created_at   BIGINT  NOT NULL,
    read_at      BIGINT,
    group_key    TEXT,
    stamp        BIGINT,
    -- The post that a notification is about; NULL: it is about none.
    post_id      BIGINT  REFERENCES posts (id) ON DELETE CASCADE
);
INSERT INTO notifications_new (id, recipient_id, actor_id, kind, created_at, read_at, group_key, stamp)
    SELECT id, recipient_id, actor_id, kind, created_at, read_at, group_key, stamp FROM notifications ORDER BY id;
DELETE FROM sqlite_sequence WHERE name = 'notifications_new';
INSERT INTO sqlite_sequence (name, seq) SELECT 'notifications_new', seq FROM sqlite_sequence WHERE name = 'notifications';
DROP TABLE notifications;
ALTER TABLE notifications_new RENAME TO notifications;

CREATE INDEX notifications_inbox ON notifications (recipient_id, id);
CREATE INDEX notifications_unread ON notifications (recipient_id, id) WHERE read_at IS NULL;
CREATE INDEX notifications_by_actor ON notifications (actor_id, recipient_id);
CREATE UNIQUE INDEX notifications_one_follow ON notifications (recipient_id, actor_id) WHERE kind = 'follow';
-- At most one notification of a post for each recipient, whatever is killed when; and the way from a post to its notifications. New posts are
-- at the end of it, so a delivery adds few pages.
CREATE UNIQUE INDEX notifications_of_post ON notifications (post_id, recipient_id) WHERE post_id IS NOT NULL;
-- Only rows that have a key. Those of posts have none, mostly, and need not be in it: it was a third of what a delivery wrote.
CREATE UNIQUE INDEX notifications_by_group ON notifications (recipient_id, group_key) WHERE group_key IS NOT NULL;
-- What was read so long ago that it is to go.
CREATE INDEX notifications_read ON notifications (read_at) WHERE read_at IS NOT NULL;
