-- +goose Up

-- The fold, too: whose sessions are open. A row that no entry led to opens nothing
-- on a running server, and is found by a comparison with the ledger.
DROP TABLE sessions;

CREATE TABLE sessions (
    person TEXT PRIMARY KEY,
    open   TEXT NOT NULL -- JSON array, the oldest first
) STRICT, WITHOUT ROWID;
