-- A box is found by its owner when that goes: R*Trees find places, or their own keys, and anything else only by looking at every box.
CREATE TABLE moved AS SELECT west, east, south, north, record FROM record_box;
DELETE FROM record_box;
INSERT OR REPLACE INTO record_box (key, west, east, south, north, record) SELECT record, west, east, south, north, record FROM moved;
DROP TABLE moved;
CREATE TABLE moved AS SELECT west, east, south, north, station FROM station_box;
DELETE FROM station_box;
INSERT OR REPLACE INTO station_box (key, west, east, south, north, station) SELECT station, west, east, south, north, station FROM moved;
DROP TABLE moved;
DROP TRIGGER record_follows;
CREATE TRIGGER record_follows AFTER DELETE ON record BEGIN
  DELETE FROM record_text WHERE rowid = old.key;
  DELETE FROM record_box WHERE key = old.key;
END;
DROP TRIGGER station_follows;
CREATE TRIGGER station_follows AFTER DELETE ON station BEGIN
  DELETE FROM station_box WHERE key = old.key;
END;
-- A product has a box on each side of the antimeridian: those among the boxes that meet what it covers.
DROP TRIGGER product_box_follows;
CREATE TRIGGER product_box_follows AFTER DELETE ON product BEGIN
  DELETE FROM product_box WHERE product = old.key
    AND west <= coalesce(old.east, 180) AND east >= coalesce(old.west, -180) AND south <= coalesce(old.north, 90) AND north >= coalesce(old.south, -90);
END;
