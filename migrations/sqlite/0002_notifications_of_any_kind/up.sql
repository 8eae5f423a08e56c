-- Notifications of any kind. SQLite cannot drop a constraint, so the table is built anew and its rows are copied.
--
-- The release before this one goes on working on it: it inserts rows without a group key, of the kind 'follow' only.

CREATE TABLE notifications_new (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    recipient_id BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- NULL: nobody did it. Whether people may notify themselves is a rule of the program, and no longer a CHECK.
    actor_id     BIGINT  REFERENCES users (id) ON DELETE CASCADE,
    -- The name of the kind. There is no CHECK on names: a newer release may write kinds that this one does not know, and then be rolled
    -- back.
    kind         TEXT    NOT NULL,
    created_at   BIGINT  NOT NULL,
    -- NULL = unread. The time is kept for programs (readAt); the difference is what people see.
    read_at      BIGINT,
    -- What the row is about, such as 'follow:7'. A recipient has at most one row per key: a new one replaces it, so follow,
    -- unfollow, follow cannot fill an inbox. NULL: it replaces nothing.
    group_key    TEXT,
    UNIQUE (recipient_id, group_key)
);
INSERT INTO notifications_new (id, recipient_id, actor_id, kind, created_at, read_at, group_key)
    SELECT id, recipient_id, actor_id, kind, created_at, read_at, 'follow:' || actor_id FROM notifications ORDER BY id;
-- Ids are never used twice, not even those of deleted rows: the new table goes on where the old one was.
DELETE FROM sqlite_sequence WHERE name = 'notifications_new';
INSERT INTO sqlite_sequence (name, seq) SELECT 'notifications_new', seq FROM sqlite_sequence WHERE name = 'notifications';
DROP TABLE notifications;
ALTER TABLE notifications_new RENAME TO notifications;

-- As before.
CREATE INDEX notifications_inbox ON notifications (recipient_id, id);
CREATE INDEX notifications_unread ON notifications (recipient_id, id) WHERE read_at IS NULL;
CREATE INDEX notifications_by_actor ON notifications (actor_id, recipient_id);
-- For the release before, which knows no group key and relies on one row per actor. Only of follows: other kinds may have several.
CREATE UNIQUE INDEX notifications_one_follow ON notifications (recipient_id, actor_id) WHERE kind = 'follow';
