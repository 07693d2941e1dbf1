-- Products, their assets and boxes. Times are microseconds since 1970 in UTC, days are days since 1970.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE product (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  version TEXT NOT NULL,
  collection TEXT NOT NULL,
  status TEXT NOT NULL,
  day INTEGER NOT NULL,
  start_us BIGINT NOT NULL,
  end_us BIGINT NOT NULL,
  visible_from_us BIGINT NOT NULL,
  produced_us BIGINT,
  ingested_us BIGINT NOT NULL,
  cloud FLOAT,
  snow FLOAT,
  platform TEXT NOT NULL,
  zone TEXT NOT NULL,
  source TEXT NOT NULL,
  reason TEXT NOT NULL,
  footprint BLOB NOT NULL,
  UNIQUE (id, version)
);
CREATE INDEX product_by_day ON product (collection, status, day, key);
CREATE INDEX product_by_id ON product (id, status);
CREATE TABLE asset (
  key INTEGER PRIMARY KEY,
  product INTEGER NOT NULL REFERENCES product (key) ON DELETE CASCADE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  path TEXT NOT NULL,
  driver TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  tier TEXT NOT NULL,
  epsg INTEGER,
  west FLOAT,
  north FLOAT,
  pixel_width FLOAT,
  pixel_height FLOAT,
  width INTEGER,
  height INTEGER,
  dtype TEXT NOT NULL,
  scale FLOAT NOT NULL,
  value_offset FLOAT NOT NULL,
  nodata TEXT NOT NULL,
  overviews TEXT NOT NULL,
  low TEXT NOT NULL,
  UNIQUE (product, name)
);
CREATE TABLE asset_band (
  asset INTEGER NOT NULL REFERENCES asset (key) ON DELETE CASCADE,
  name TEXT NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (asset, name)
);
CREATE TABLE quality (
  product INTEGER NOT NULL REFERENCES product (key) ON DELETE CASCADE,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (product, name)
);
CREATE TABLE journal (
  key INTEGER PRIMARY KEY,
  at_us BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE VIRTUAL TABLE product_box USING rtree (key, west, east, south, north, +product INTEGER);
CREATE TRIGGER product_box_follows AFTER DELETE ON product BEGIN
  DELETE FROM product_box WHERE product = old.key;
END;
INSERT INTO meta (key, value) VALUES ('revision', '1');
