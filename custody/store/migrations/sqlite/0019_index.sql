-- +goose Up

-- Who and what each entry is about, written with it. Where it is empty it is made
-- anew when the database is opened.
DROP TABLE ledger_index;

CREATE TABLE ledger_index (
    kind       TEXT    NOT NULL, -- type, actor or about
    name       TEXT    NOT NULL,
    idx        INTEGER NOT NULL,
    credential INTEGER NOT NULL, -- 1: it concerns a credential of this name
    PRIMARY KEY (kind, name, idx)
) STRICT, WITHOUT ROWID;
