-- +goose Up

-- What has to be looked at: raised by entries of the ledger, or reported.
CREATE TABLE incidents (
    key         TEXT PRIMARY KEY, -- id
    doc         TEXT NOT NULL,
    status      TEXT NOT NULL AS (doc ->> '$.status'),
    grade       TEXT NOT NULL AS (coalesce(doc ->> '$.assessed', doc ->> '$.grade')), -- as it stands
    people      TEXT NOT NULL AS (coalesce(doc ->> '$.people', '[]')),
    credentials TEXT NOT NULL AS (coalesce(doc ->> '$.credentials', '[]')),
    reporter    TEXT NOT NULL AS (coalesce(doc ->> '$.reporter', '')),
    opened_at   TEXT NOT NULL AS (doc ->> '$.opened_at')
) STRICT, WITHOUT ROWID;

CREATE INDEX incidents_by_time   ON incidents (opened_at, key);
CREATE INDEX incidents_by_status ON incidents (status, opened_at, key);
CREATE INDEX incidents_by_grade  ON incidents (grade, opened_at, key);

ALTER TABLE ledger_head ADD COLUMN incidents INTEGER NOT NULL DEFAULT 0;

-- What the entries until now raised follows from them: the next start carries them out again.
DELETE FROM ledger_index;
