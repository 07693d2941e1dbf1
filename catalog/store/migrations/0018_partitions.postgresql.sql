-- Observations in sixteen parts by their series, each with an index of its own: at a thousand million of them no index or vacuum is larger than a sixteenth.
ALTER TABLE observation RENAME TO observation_whole;
ALTER TABLE observation_whole RENAME CONSTRAINT observation_pkey TO observation_whole_pkey;
CREATE TABLE observation (
  series BIGINT NOT NULL REFERENCES series (key) ON DELETE CASCADE,
  time_us BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  uncertainty DOUBLE PRECISION,
  quality TEXT NOT NULL DEFAULT '',
  mission TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (series, time_us)
) PARTITION BY HASH (series);
CREATE TABLE observation_00 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 0);
CREATE TABLE observation_01 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 1);
CREATE TABLE observation_02 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 2);
CREATE TABLE observation_03 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 3);
CREATE TABLE observation_04 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 4);
CREATE TABLE observation_05 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 5);
CREATE TABLE observation_06 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 6);
CREATE TABLE observation_07 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 7);
CREATE TABLE observation_08 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 8);
CREATE TABLE observation_09 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 9);
CREATE TABLE observation_10 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 10);
CREATE TABLE observation_11 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 11);
CREATE TABLE observation_12 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 12);
CREATE TABLE observation_13 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 13);
CREATE TABLE observation_14 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 14);
CREATE TABLE observation_15 PARTITION OF observation FOR VALUES WITH (MODULUS 16, REMAINDER 15);
INSERT INTO observation (series, time_us, value, uncertainty, quality, mission) SELECT series, time_us, value, uncertainty, quality, mission FROM observation_whole;
DROP TABLE observation_whole;
