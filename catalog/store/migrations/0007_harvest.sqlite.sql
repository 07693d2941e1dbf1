-- Records of other centres: they may have no place and no time, and keep their original; where they come from, run by run.
CREATE TABLE record_new (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  collection TEXT NOT NULL,
  product INTEGER REFERENCES product (key) ON DELETE CASCADE,
  visible_from_us BIGINT NOT NULL,
  title TEXT NOT NULL,
  abstract TEXT NOT NULL,
  keywords TEXT NOT NULL,
  start_us BIGINT,
  end_us BIGINT,
  modified_us BIGINT NOT NULL,
  west FLOAT,
  south FLOAT,
  east FLOAT,
  north FLOAT,
  station INTEGER REFERENCES station (key) ON DELETE CASCADE,
  audience TEXT NOT NULL DEFAULT '',
  lineage TEXT NOT NULL DEFAULT '',
  changed_us BIGINT NOT NULL DEFAULT 0,
  source TEXT NOT NULL DEFAULT '',
  facts TEXT NOT NULL DEFAULT ''
);
INSERT INTO record_new
  SELECT key, id, kind, collection, product, visible_from_us, title, abstract, keywords, start_us, end_us, modified_us, west, south, east, north,
    station, audience, lineage, changed_us, '', '' FROM record;
DROP TABLE record;
ALTER TABLE record_new RENAME TO record;
CREATE INDEX record_by_modified ON record (modified_us, key);
CREATE INDEX record_by_collection ON record (collection, kind);
CREATE INDEX record_product ON record (product);
CREATE INDEX record_station ON record (station);
CREATE INDEX record_by_changed ON record (changed_us, id);
CREATE INDEX record_by_source ON record (source) WHERE source <> '';
CREATE TRIGGER record_follows AFTER DELETE ON record BEGIN
  DELETE FROM record_text WHERE rowid = old.key;
  DELETE FROM record_box WHERE record = old.key;
END;
CREATE TABLE record_original (
  record INTEGER PRIMARY KEY REFERENCES record (key) ON DELETE CASCADE,
  body BLOB NOT NULL
);
CREATE TABLE harvest_source (
  id TEXT NOT NULL PRIMARY KEY,
  since_us BIGINT,
  complete_us BIGINT,
  due_us BIGINT NOT NULL DEFAULT 0,
  holder TEXT NOT NULL DEFAULT '',
  until_us BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE harvest_run (
  key INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  mode TEXT NOT NULL,
  status TEXT NOT NULL,
  started_us BIGINT NOT NULL,
  ended_us BIGINT,
  cursor TEXT NOT NULL DEFAULT '',
  counts TEXT NOT NULL DEFAULT '{}',
  message TEXT NOT NULL DEFAULT ''
);
CREATE INDEX harvest_run_of ON harvest_run (source, key);
CREATE TABLE harvest_stage (
  run INTEGER NOT NULL REFERENCES harvest_run (key) ON DELETE CASCADE,
  remote_id TEXT NOT NULL,
  url TEXT NOT NULL,
  gone INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (run, remote_id)
);
CREATE TABLE harvest_item (
  source TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  record_id TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  state TEXT NOT NULL,
  message TEXT NOT NULL,
  run INTEGER NOT NULL,
  PRIMARY KEY (source, remote_id)
);
CREATE INDEX harvest_item_record ON harvest_item (record_id);
