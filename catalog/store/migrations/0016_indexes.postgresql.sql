-- At a million stations: a series is found by its station within its collection, and stations by what people call them.
DROP INDEX series_by_collection;
CREATE INDEX series_by_collection ON series (collection, current, station);
CREATE INDEX station_by_name ON station (name);
CREATE INDEX station_by_basin ON station (lower(basin));
CREATE INDEX station_by_water ON station (lower(water));
