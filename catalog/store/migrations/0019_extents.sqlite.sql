-- What a product covers, beside its day: the extent of a collection without the boxes of all others.
ALTER TABLE product ADD COLUMN west FLOAT;
ALTER TABLE product ADD COLUMN south FLOAT;
ALTER TABLE product ADD COLUMN east FLOAT;
ALTER TABLE product ADD COLUMN north FLOAT;
UPDATE product SET west = held.west, south = held.south, east = held.east, north = held.north
FROM (
  SELECT product AS held_by, min(west) AS west, min(south) AS south, max(east) AS east, max(north) AS north
  FROM product_box GROUP BY product
) AS held
WHERE held.held_by = product.key;
-- How often the products of a collection changed: what is known of it holds until then, whatever comes into others.
CREATE TABLE collection_change (collection TEXT PRIMARY KEY, changes BIGINT NOT NULL);
CREATE TRIGGER product_comes AFTER INSERT ON product BEGIN
  INSERT INTO collection_change VALUES (new.collection, 1) ON CONFLICT (collection) DO UPDATE SET changes = changes + 1;
END;
CREATE TRIGGER product_changes AFTER UPDATE ON product BEGIN
  INSERT INTO collection_change VALUES (old.collection, 1) ON CONFLICT (collection) DO UPDATE SET changes = changes + 1;
  INSERT INTO collection_change VALUES (new.collection, 1) ON CONFLICT (collection) DO UPDATE SET changes = changes + 1;
END;
CREATE TRIGGER product_goes AFTER DELETE ON product BEGIN
  INSERT INTO collection_change VALUES (old.collection, 1) ON CONFLICT (collection) DO UPDATE SET changes = changes + 1;
END;
