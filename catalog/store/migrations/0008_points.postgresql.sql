-- Of a point: how far its value may be trusted where that differs from its series (empty: as the series), and what saw it.
ALTER TABLE observation ADD COLUMN quality TEXT NOT NULL DEFAULT '';
ALTER TABLE observation ADD COLUMN mission TEXT NOT NULL DEFAULT '';
-- Of a series: the mean of its values and their variance, by which a value is told to be high or low.
ALTER TABLE series ADD COLUMN mean DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE series ADD COLUMN variance DOUBLE PRECISION NOT NULL DEFAULT 0;
UPDATE series SET
  mean = COALESCE((SELECT avg(value) FROM observation WHERE observation.series = series.key), 0),
  variance = COALESCE((SELECT avg(value * value) - avg(value) * avg(value) FROM observation WHERE observation.series = series.key), 0);
CREATE INDEX series_by_modified ON series (modified_us);
