-- Without posts, and so without the notifications of them.
DELETE FROM notifications WHERE post_id IS NOT NULL;
CREATE TABLE notifications_old (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    recipient_id BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    actor_id     BIGINT  REFERENCES users (id) ON DELETE CASCADE,
    kind         TEXT    NOT NULL,
    created_at   BIGINT  NOT NULL,
    read_at      BIGINT,
    group_key    TEXT,
    stamp        BIGINT,
    UNIQUE (recipient_id, group_key)
);
INSERT INTO notifications_old (id, recipient_id, actor_id, kind, created_at, read_at, group_key, stamp)
    SELECT id, recipient_id, actor_id, kind, created_at, read_at, group_key, stamp FROM notifications ORDER BY id;
DELETE FROM sqlite_sequence WHERE name = 'notifications_old';
INSERT INTO sqlite_sequence (name, seq) SELECT 'notifications_old', seq FROM sqlite_sequence WHERE name = 'notifications';
DROP TABLE notifications;
ALTER TABLE notifications_old RENAME TO notifications;
CREATE INDEX notifications_inbox ON notifications (recipient_id, id);
CREATE INDEX notifications_unread ON notifications (recipient_id, id) WHERE read_at IS NULL;
CREATE INDEX notifications_by_actor ON notifications (actor_id, recipient_id);
CREATE UNIQUE INDEX notifications_one_follow ON notifications (recipient_id, actor_id) WHERE kind = 'follow';
DROP INDEX follows_told;
DROP INDEX follows_quiet;
ALTER TABLE follows DROP COLUMN notify;
DROP TABLE feed_addresses;
DROP TABLE tokens;
DROP TABLE idempotency_keys;
DROP TABLE deliveries;
DROP TABLE post_recipients;
DROP TABLE latest_posts;
DROP TABLE posts;
