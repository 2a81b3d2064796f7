-- +goose Up

-- Beside the ledger: what people chose for themselves. '' where they did not.
CREATE TABLE preferences (
    username TEXT PRIMARY KEY,
    language TEXT NOT NULL,
    zone     TEXT NOT NULL -- IANA name
) STRICT, WITHOUT ROWID;
