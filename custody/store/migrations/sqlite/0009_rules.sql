-- +goose Up

-- Which of a person's TOTP seeds counts.
ALTER TABLE people ADD COLUMN enrolment_number INTEGER NOT NULL DEFAULT 1;

-- The fold, too: what there is one of, as JSON. The policy in force is 'policy'.
CREATE TABLE documents (
    key TEXT PRIMARY KEY,
    doc TEXT NOT NULL
) STRICT, WITHOUT ROWID;
