-- Lines of river reaches and shapes of lakes (WKB, longitude and latitude), for maps; their boxes stand in station_box.
CREATE TABLE station_outline (
  station INTEGER PRIMARY KEY REFERENCES station (key) ON DELETE CASCADE,
  wkb BLOB NOT NULL
);
