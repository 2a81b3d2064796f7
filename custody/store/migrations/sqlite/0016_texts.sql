-- +goose Up

-- What people wrote, beside the entry whose command they wrote it in: there stands
-- SHA-256(salt, text), in base64url. A text that was taken out is not here.
CREATE TABLE ledger_texts (
    idx        INTEGER NOT NULL,
    commitment TEXT    NOT NULL,
    salt       BLOB    NOT NULL CHECK (length(salt) = 16),
    text       TEXT    NOT NULL,
    PRIMARY KEY (idx, commitment)
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_texts_by_commitment ON ledger_texts (commitment);
