-- +goose Up

-- Beside the ledger: how far each follower that sends it elsewhere is.
CREATE TABLE stream_positions (
    stream TEXT    PRIMARY KEY,
    next   INTEGER NOT NULL CHECK (next >= 0) -- index of the first entry not yet sent for certain
) STRICT, WITHOUT ROWID;
