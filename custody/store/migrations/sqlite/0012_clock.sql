-- +goose Up

-- Beside the ledger: what somebody on the host said of the clock, '' when nobody
-- did, and how many entries there were.
ALTER TABLE installation ADD COLUMN clock_right TEXT NOT NULL DEFAULT '';
ALTER TABLE installation ADD COLUMN clock_size INTEGER NOT NULL DEFAULT 0;
