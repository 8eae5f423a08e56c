-- The stamp at which the recipient was told. A page that was loaded at a smaller one has not announced the row yet. It was created_at
-- that had the stamp: then one hour with a clock ten years ahead dates everything for ten years, because stamps never go back.
-- From now on created_at is the clock's.
--
-- NULL: the release before this one wrote the row, or an operator did. Then created_at serves as its stamp, as it did there.
ALTER TABLE notifications ADD COLUMN stamp BIGINT;
