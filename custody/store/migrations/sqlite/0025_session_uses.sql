-- +goose Up

-- Beside the ledger: when each log-in was last used, to the minute. A row that is lost,
-- or that this installation did not write, lets its log-in end sooner, never later.
CREATE TABLE session_uses (
    session TEXT PRIMARY KEY, -- hex of the SHA-256 of its token
    at      TEXT NOT NULL,
    mark    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
