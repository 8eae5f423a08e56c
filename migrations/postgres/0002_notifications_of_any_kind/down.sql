-- Back to follows only: lines of other kinds, and those without an actor, are lost.
DELETE FROM notifications WHERE kind <> 'follow' OR actor_id IS NULL OR actor_id = recipient_id;
DROP INDEX notifications_one_follow;
DROP INDEX notifications_recipient_id_group_key_key;
ALTER TABLE notifications DROP COLUMN group_key;
ALTER TABLE notifications ALTER COLUMN actor_id SET NOT NULL;
ALTER TABLE notifications ADD CHECK (kind IN ('follow'));
ALTER TABLE notifications ADD CHECK (recipient_id <> actor_id);
ALTER TABLE notifications ADD UNIQUE (recipient_id, actor_id, kind);
