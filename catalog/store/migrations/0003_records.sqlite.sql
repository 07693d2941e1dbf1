-- What is catalogued: one record a collection and one a published product. record_text holds folded and stemmed words.
CREATE TABLE record (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  collection TEXT NOT NULL,
  product INTEGER REFERENCES product (key) ON DELETE CASCADE,
  visible_from_us BIGINT NOT NULL,
  title TEXT NOT NULL,
  abstract TEXT NOT NULL,
  keywords TEXT NOT NULL,
  start_us BIGINT NOT NULL,
  end_us BIGINT NOT NULL,
  modified_us BIGINT NOT NULL,
  west FLOAT NOT NULL,
  south FLOAT NOT NULL,
  east FLOAT NOT NULL,
  north FLOAT NOT NULL
);
CREATE INDEX record_by_modified ON record (modified_us, key);
CREATE INDEX record_by_collection ON record (collection, kind);
CREATE INDEX record_product ON record (product);
CREATE VIRTUAL TABLE record_text USING fts5 (words);
CREATE VIRTUAL TABLE record_box USING rtree (key, west, east, south, north, +record INTEGER);
CREATE TRIGGER record_follows AFTER DELETE ON record BEGIN
  DELETE FROM record_text WHERE rowid = old.key;
  DELETE FROM record_box WHERE record = old.key;
END;
