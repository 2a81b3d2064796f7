-- +goose Up

-- Beside the ledger: how far each follower that sends it elsewhere is, and which
-- process follows now. What is behind next is done for certain.
ALTER TABLE stream_positions RENAME TO followers;
ALTER TABLE followers RENAME COLUMN stream TO follower;
ALTER TABLE followers ADD COLUMN at    TEXT    NOT NULL DEFAULT ''; -- when next was moved; '': never
ALTER TABLE followers ADD COLUMN owner TEXT    NOT NULL DEFAULT ''; -- of the lease; '': nobody
ALTER TABLE followers ADD COLUMN until TEXT    NOT NULL DEFAULT ''; -- its end
ALTER TABLE followers ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;  -- one more each time it is taken
