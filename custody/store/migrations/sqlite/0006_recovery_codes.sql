-- +goose Up

-- Beside the ledger: what is left of a person's recovery codes. A row goes when
-- its code is used.
CREATE TABLE recovery_codes (
    username TEXT NOT NULL,
    hash     BLOB NOT NULL CHECK (length(hash) = 32), -- see recoveryHash in custody/desk
    PRIMARY KEY (username, hash)
) STRICT, WITHOUT ROWID;
