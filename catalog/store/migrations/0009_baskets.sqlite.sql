-- What somebody asked to take away as one file, kept so that it can be fetched later.
CREATE TABLE basket (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  created_us BIGINT NOT NULL
);
CREATE INDEX basket_of ON basket (owner, created_us);
