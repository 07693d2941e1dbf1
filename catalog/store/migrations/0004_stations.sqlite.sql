-- Stations, their series, and observations. A station has one slug of ours; every other name of it is an alias.
CREATE TABLE station (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  collection TEXT NOT NULL,
  body TEXT NOT NULL,
  name TEXT NOT NULL,
  water TEXT NOT NULL,
  basin TEXT NOT NULL,
  country TEXT NOT NULL,
  lon FLOAT NOT NULL,
  lat FLOAT NOT NULL,
  distance_km FLOAT
);
CREATE INDEX station_by_collection ON station (collection);
CREATE TABLE station_alias (
  alias TEXT NOT NULL PRIMARY KEY,
  station INTEGER NOT NULL REFERENCES station (key) ON DELETE CASCADE
);
CREATE INDEX station_alias_station ON station_alias (station);
CREATE TABLE series (
  key INTEGER PRIMARY KEY,
  station INTEGER NOT NULL REFERENCES station (key) ON DELETE CASCADE,
  collection TEXT NOT NULL,
  property TEXT NOT NULL,
  producer TEXT NOT NULL,
  version TEXT NOT NULL,
  datum TEXT NOT NULL,
  quality TEXT NOT NULL,
  first_us BIGINT NOT NULL,
  last_us BIGINT NOT NULL,
  points BIGINT NOT NULL,
  modified_us BIGINT NOT NULL,
  source TEXT NOT NULL,
  current INTEGER NOT NULL,
  UNIQUE (station, collection, property, producer, version, datum)
);
CREATE INDEX series_by_collection ON series (collection, current);
CREATE TABLE observation (
  series INTEGER NOT NULL REFERENCES series (key) ON DELETE CASCADE,
  time_us BIGINT NOT NULL,
  value FLOAT NOT NULL,
  uncertainty FLOAT,
  PRIMARY KEY (series, time_us)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE station_box USING rtree (key, west, east, south, north, +station INTEGER);
CREATE TRIGGER station_follows AFTER DELETE ON station BEGIN
  DELETE FROM station_box WHERE station = old.key;
END;
ALTER TABLE record ADD COLUMN station INTEGER REFERENCES station (key) ON DELETE CASCADE;
CREATE INDEX record_station ON record (station);
