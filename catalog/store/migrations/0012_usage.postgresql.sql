-- What was taken away, by day; and when each file of the archive was last compared with its checksum.
CREATE TABLE usage (
  day INTEGER NOT NULL,
  who TEXT NOT NULL,
  product TEXT NOT NULL,
  asset TEXT NOT NULL,
  requests BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  PRIMARY KEY (day, who, product, asset)
);
CREATE TABLE fixity (
  path TEXT PRIMARY KEY,
  checked_us BIGINT NOT NULL,
  outcome TEXT NOT NULL
);
