-- Back to follows only: lines of other kinds, and those without an actor, are lost.
CREATE TABLE notifications_old (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    recipient_id BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    actor_id     BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind         TEXT    NOT NULL CHECK (kind IN ('follow')),
    created_at   BIGINT  NOT NULL,
    read_at      BIGINT,
    UNIQUE (recipient_id, actor_id, kind),
    CHECK (recipient_id <> actor_id)
);
INSERT INTO notifications_old (id, recipient_id, actor_id, kind, created_at, read_at)
    SELECT id, recipient_id, actor_id, kind, created_at, read_at FROM notifications
    WHERE kind = 'follow' AND actor_id <> recipient_id ORDER BY id;
DELETE FROM sqlite_sequence WHERE name = 'notifications_old';
INSERT INTO sqlite_sequence (name, seq) SELECT 'notifications_old', seq FROM sqlite_sequence WHERE name = 'notifications';
DROP TABLE notifications;
ALTER TABLE notifications_old RENAME TO notifications;
CREATE INDEX notifications_inbox ON notifications (recipient_id, id);
CREATE INDEX notifications_unread ON notifications (recipient_id, id) WHERE read_at IS NULL;
CREATE INDEX notifications_by_actor ON notifications (actor_id, recipient_id);
