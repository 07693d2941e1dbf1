-- What a product covers, beside its day: the extent of a collection without the boxes of all others.
ALTER TABLE product
  ADD COLUMN west DOUBLE PRECISION, ADD COLUMN south DOUBLE PRECISION, ADD COLUMN east DOUBLE PRECISION, ADD COLUMN north DOUBLE PRECISION;
UPDATE product SET west = held.west, south = held.south, east = held.east, north = held.north
FROM (
  SELECT product AS held_by, min(ST_XMin(area)) AS west, min(ST_YMin(area)) AS south, max(ST_XMax(area)) AS east, max(ST_YMax(area)) AS north
  FROM product_box GROUP BY product
) AS held
WHERE held.held_by = product.key;
-- How often the products of a collection changed: what is known of it holds until then, whatever comes into others.
CREATE TABLE collection_change (collection TEXT PRIMARY KEY, changes BIGINT NOT NULL);
CREATE FUNCTION count_collection_change() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE one TEXT; BEGIN
  FOREACH one IN ARRAY CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.collection] WHEN 'DELETE' THEN ARRAY[OLD.collection] ELSE ARRAY[OLD.collection, NEW.collection] END LOOP
    INSERT INTO collection_change VALUES (one, 1) ON CONFLICT (collection) DO UPDATE SET changes = collection_change.changes + 1; END LOOP
    ; RETURN NULL; END $$;
CREATE OR REPLACE TRIGGER product_changes AFTER INSERT OR UPDATE OR DELETE ON product FOR EACH ROW EXECUTE FUNCTION count_collection_change();
