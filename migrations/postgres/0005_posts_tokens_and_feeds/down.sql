-- Without posts, and so without the notifications of them.
DELETE FROM notifications WHERE post_id IS NOT NULL;
DROP INDEX notifications_read;
DROP INDEX notifications_of_post;
CREATE UNIQUE INDEX notifications_recipient_id_group_key_key ON notifications (recipient_id, group_key);
DROP INDEX notifications_by_group;
ALTER TABLE notifications DROP COLUMN post_id;
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
DROP FUNCTION keep_latest_post;
