-- +goose Up

-- That this installation wrote the row. Nobody can say so of those of before: they
-- are forgotten, and are chosen, or come to be at the next log-in, anew.
DELETE FROM preferences;
DELETE FROM devices;
ALTER TABLE preferences ADD COLUMN mark TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN mark TEXT NOT NULL DEFAULT '';
