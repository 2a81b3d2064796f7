-- +goose Up

-- What has to be looked at: raised by entries of the ledger, or reported.
CREATE TABLE incidents (
    key         text COLLATE "C" PRIMARY KEY, -- id
    doc         json NOT NULL,
    status      text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'status') STORED,
    grade       text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(doc ->> 'assessed', doc ->> 'grade')) STORED,
    people      text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(doc ->> 'people', '[]')) STORED,
    credentials text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(doc ->> 'credentials', '[]')) STORED,
    reporter    text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(doc ->> 'reporter', '')) STORED,
    opened_at   text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'opened_at') STORED
);

CREATE INDEX incidents_by_time   ON incidents (opened_at, key);
CREATE INDEX incidents_by_status ON incidents (status, opened_at, key);
CREATE INDEX incidents_by_grade  ON incidents (grade, opened_at, key);

ALTER TABLE ledger_head ADD COLUMN incidents bigint NOT NULL DEFAULT 0;

-- What the entries until now raised follows from them: the next start carries them out again.
DELETE FROM ledger_index;
