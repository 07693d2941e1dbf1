-- Of a point: how far its value may be trusted where that differs from its series (empty: as the series), and what saw it.
ALTER TABLE observation ADD COLUMN quality TEXT NOT NULL DEFAULT '';
ALTER TABLE observation ADD COLUMN mission TEXT NOT NULL DEFAULT '';
