-- +goose Up

-- Whom and what an incident is about is found by an index of its own: who looked for
-- somebody had every row read, and the lists in it taken apart.
DROP TABLE incidents;

CREATE TABLE incidents (
    key       TEXT PRIMARY KEY, -- id
    doc       TEXT NOT NULL,
    status    TEXT NOT NULL AS (doc ->> '$.status'),
    grade     TEXT NOT NULL AS (coalesce(doc ->> '$.assessed', doc ->> '$.grade')), -- as it stands
    opened_at TEXT NOT NULL AS (doc ->> '$.opened_at')
) STRICT, WITHOUT ROWID;

CREATE INDEX incidents_by_time   ON incidents (opened_at, key);
CREATE INDEX incidents_by_status ON incidents (status, opened_at, key);
CREATE INDEX incidents_by_grade  ON incidents (grade, opened_at, key);

-- The names in each document.
CREATE TABLE incident_index (
    kind      TEXT NOT NULL, -- person, credential or reporter
    name      TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    key       TEXT NOT NULL, -- of the incident
    PRIMARY KEY (kind, name, opened_at, key)
) STRICT, WITHOUT ROWID;

-- Both follow from the entries: the next start carries them out again.
DELETE FROM ledger_index;
