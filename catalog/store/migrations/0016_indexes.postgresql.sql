-- At a million stations: a series is found by its station within its collection, and stations by what people call them, to the letter or in any case.
DROP INDEX series_by_collection;
CREATE INDEX series_by_collection ON series (collection, current, station);
CREATE INDEX station_by_name ON station (name);
CREATE INDEX station_by_basin ON station (basin, id);
CREATE INDEX station_by_water ON station (water, id);
CREATE INDEX station_by_basin_folded ON station (lower(basin));
CREATE INDEX station_by_water_folded ON station (lower(water));
CREATE INDEX series_by_property ON series (collection, current, property);
