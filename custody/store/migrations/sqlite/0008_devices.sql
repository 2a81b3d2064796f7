-- +goose Up

-- Beside the ledger: the browsers and terminals in which people have logged in.
-- What others do wrong with a person's name does not keep these out.
CREATE TABLE devices (
    token_hash BLOB NOT NULL CHECK (length(token_hash) = 32), -- SHA-256
    person     TEXT NOT NULL,
    seen       TEXT NOT NULL, -- the last log-in
    PRIMARY KEY (person, token_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX devices_by_token ON devices (token_hash);
