-- +goose Up

-- What others have to approve, the open ones and those that are over.
CREATE TABLE proposals (
    key       TEXT PRIMARY KEY, -- id
    doc       TEXT NOT NULL,
    requester TEXT NOT NULL AS (doc ->> '$.requester'),
    status    TEXT NOT NULL AS (doc ->> '$.status'),
    opened_at TEXT NOT NULL AS (doc ->> '$.opened_at')
) STRICT, WITHOUT ROWID;

CREATE INDEX proposals_by_time ON proposals (opened_at, key);

ALTER TABLE ledger_head ADD COLUMN proposals INTEGER NOT NULL DEFAULT 0;
