-- +goose Up

-- Which keys the ledger's batches are under, where its first was replaced, as JSON: of
-- the fold, like people and credentials.
CREATE TABLE seal_keys (
    key TEXT PRIMARY KEY, -- id
    doc TEXT NOT NULL
) STRICT, WITHOUT ROWID;
