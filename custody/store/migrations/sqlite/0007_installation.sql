-- +goose Up

-- Beside the ledger: what this database belongs together with, and how it may be
-- used. Filled in when it first meets its secret store.
CREATE TABLE installation (
    id          INTEGER PRIMARY KEY CHECK (id = 0),
    sentinel    TEXT    NOT NULL, -- what the secret store's own is made from; '' before the first start
    origin      TEXT    NOT NULL,
    ledger_key  BLOB    NOT NULL, -- Ed25519, public
    bound       INTEGER NOT NULL CHECK (bound IN (0, 1)), -- 0: the secret store may not have the sentinel yet
    maintenance TEXT    NOT NULL, -- why nothing is done outside; '' when it is
    probed      INTEGER NOT NULL  -- how often a write was tried, to see that it works
) STRICT;

INSERT INTO installation VALUES (0, '', '', x'', 0, '', 0);
