-- To the release before, created_at is the stamp.
UPDATE notifications SET created_at = stamp WHERE stamp <> created_at;
ALTER TABLE notifications DROP COLUMN stamp;
