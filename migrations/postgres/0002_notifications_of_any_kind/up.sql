-- Notifications of any kind.
--
-- The release before this one goes on working on the table: it inserts rows without a group key, of the kind 'follow' only.

-- There is no CHECK on names any longer: a newer release may write kinds that this one does not know, and then be rolled back.
ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
-- NULL: nobody did it. Whether people may notify themselves is a rule of the program, and no longer a CHECK.
ALTER TABLE notifications ALTER COLUMN actor_id DROP NOT NULL;
ALTER TABLE notifications DROP CONSTRAINT notifications_check;
-- What the row is about, such as 'follow:7'. A recipient has at most one row per key: a new one replaces it, so follow, unfollow,
-- follow cannot fill an inbox. NULL: it replaces nothing.
ALTER TABLE notifications ADD COLUMN group_key TEXT;
UPDATE notifications SET group_key = 'follow:' || actor_id;
CREATE UNIQUE INDEX notifications_recipient_id_group_key_key ON notifications (recipient_id, group_key);

-- For the release before, which knows no group key and relies on one row per actor. Only of follows: other kinds may have several.
CREATE UNIQUE INDEX notifications_one_follow ON notifications (recipient_id, actor_id) WHERE kind = 'follow';
ALTER TABLE notifications DROP CONSTRAINT notifications_recipient_id_actor_id_kind_key;
