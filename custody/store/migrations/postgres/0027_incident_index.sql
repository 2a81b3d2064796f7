-- +goose Up

-- Whom and what an incident is about is found by an index of its own: who looked for
-- somebody had every row read, and the lists in it taken apart.
DROP TABLE incidents;

CREATE TABLE incidents (
    key       text COLLATE "C" PRIMARY KEY, -- id
    doc       json NOT NULL,
    status    text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'status') STORED,
    grade     text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(doc ->> 'assessed', doc ->> 'grade')) STORED,
    opened_at text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'opened_at') STORED
);

CREATE INDEX incidents_by_time   ON incidents (opened_at, key);
CREATE INDEX incidents_by_status ON incidents (status, opened_at, key);
CREATE INDEX incidents_by_grade  ON incidents (grade, opened_at, key);

-- The names in each document.
CREATE TABLE incident_index (
    kind      text COLLATE "C" NOT NULL, -- person, credential or reporter
    name      text COLLATE "C" NOT NULL,
    opened_at text COLLATE "C" NOT NULL,
    key       text COLLATE "C" NOT NULL, -- of the incident
    PRIMARY KEY (kind, name, opened_at, key)
);

-- Both follow from the entries: the next start carries them out again.
DELETE FROM ledger_index;
