-- The newest products of everything, without a sort.
CREATE INDEX product_by_newest ON product (status, day, start_us, key);
