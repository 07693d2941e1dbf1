-- Nothing: the boxes of PostGIS have an index of their owners.
SELECT 1;
