-- +goose Up

-- The fold: what the ledger says of each person, credential and handover, of whose
-- sessions are open and of the policy ('policy' in documents, which stays), as JSON.
-- What queries filter or sort by is computed from it, and cannot contradict it. All
-- of it is made anew when the database is opened, because the index is empty.
DROP TABLE people;
DROP TABLE credentials;
DROP TABLE handovers;
DROP TABLE sessions;
DELETE FROM documents;
DELETE FROM ledger_index;

CREATE TABLE people (
    key  TEXT PRIMARY KEY, -- username
    doc  TEXT NOT NULL,
    name TEXT NOT NULL AS (doc ->> '$.name')
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
    key               TEXT PRIMARY KEY, -- name
    doc               TEXT NOT NULL,
    address           TEXT NOT NULL AS (doc ->> '$.target.address'),
    account           TEXT NOT NULL AS (doc ->> '$.target.account'),
    primary_custodian TEXT NOT NULL AS (doc ->> '$.primary'),
    backup_custodian  TEXT NOT NULL AS (doc ->> '$.backup'),
    phase             TEXT NOT NULL AS (doc ->> '$.phase'),
    holder            TEXT NOT NULL AS (coalesce(doc ->> '$.holder', '')),
    unfinished        INTEGER NOT NULL AS (doc ->> '$.phase' = 'rotating' OR doc -> '$.updates' IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- What the worker asks for after every commit.
CREATE INDEX credentials_unfinished ON credentials (key) WHERE unfinished;

CREATE TABLE handovers (
    key         TEXT PRIMARY KEY, -- id
    doc         TEXT NOT NULL,
    giver       TEXT NOT NULL AS (doc ->> '$.from'),
    receiver    TEXT NOT NULL AS (doc ->> '$.to'),
    credentials TEXT NOT NULL AS (doc -> '$.credentials'), -- JSON array, sorted
    reason      TEXT NOT NULL AS (coalesce(doc ->> '$.reason', '')), -- what is committed to
    status      TEXT NOT NULL AS (doc ->> '$.status'),
    offered_at  TEXT NOT NULL AS (doc ->> '$.offered_at')
) STRICT, WITHOUT ROWID;

CREATE INDEX handovers_by_offer    ON handovers (offered_at, key);
CREATE INDEX handovers_by_status   ON handovers (status, offered_at, key);
CREATE INDEX handovers_by_giver    ON handovers (giver, offered_at, key);
CREATE INDEX handovers_by_receiver ON handovers (receiver, offered_at, key);

CREATE TABLE sessions (
    key TEXT PRIMARY KEY, -- username
    doc TEXT NOT NULL
) STRICT, WITHOUT ROWID;
