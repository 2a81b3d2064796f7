-- +goose Up

-- Beside the ledger: what witnesses said about its checkpoints. Every row can be
-- checked by the keys of the log and of the witness.
CREATE TABLE cosigned_checkpoints (
    size   INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,
    root   BLOB NOT NULL CHECK (length(root) = 32),
    note   BLOB NOT NULL -- with the log's signature
) STRICT;

CREATE TABLE cosignatures (
    size    INTEGER NOT NULL REFERENCES cosigned_checkpoints,
    witness TEXT    NOT NULL, -- verifier key
    at      TEXT    NOT NULL, -- by the witness's clock
    line    BLOB    NOT NULL, -- signature line, with its newline
    PRIMARY KEY (size, witness)
) STRICT, WITHOUT ROWID;
