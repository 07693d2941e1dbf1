-- When harvesters learn of a record, and of one that is gone: the later of its change and the end of its embargo.
ALTER TABLE record ADD COLUMN changed_us BIGINT NOT NULL DEFAULT 0;
UPDATE record SET changed_us = CASE WHEN modified_us > visible_from_us THEN modified_us ELSE visible_from_us END;
CREATE INDEX record_by_changed ON record (changed_us, id COLLATE "C");
CREATE TABLE tombstone (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  collection TEXT NOT NULL,
  audience TEXT NOT NULL,
  visible_from_us BIGINT NOT NULL,
  changed_us BIGINT NOT NULL
);
CREATE INDEX tombstone_by_changed ON tombstone (changed_us, id COLLATE "C");
