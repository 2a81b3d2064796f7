-- +goose Up

-- The fold: what a rotation needs on targets of every kind, and what follows it.
-- The table is made anew, so that its columns stay in the order in which they
-- are written.
CREATE TABLE credentials_with_rotation (
    name               TEXT PRIMARY KEY,
    target             TEXT    NOT NULL, -- JSON object
    policy             TEXT    NOT NULL, -- JSON object
    primary_custodian  TEXT    NOT NULL,
    backup_custodian   TEXT    NOT NULL,
    reconciles         INTEGER NOT NULL, -- the target has a second account
    phase              TEXT    NOT NULL,
    holder             TEXT    NOT NULL,
    version            INTEGER NOT NULL,
    rotated_at         TEXT    NOT NULL,
    exposure           TEXT    NOT NULL, -- JSON array, sorted
    handover           TEXT    NOT NULL,
    drifted            TEXT    NOT NULL,
    updates            TEXT    NOT NULL, -- JSON array: dependents without this version
    rotation_number    INTEGER NOT NULL,
    rotation_reason    TEXT    NOT NULL,
    rotation_successor TEXT    NOT NULL,
    rotation_step      TEXT    NOT NULL,
    rotation_since     TEXT    NOT NULL,
    rotation_deadline  TEXT    NOT NULL,
    rotation_attempts  INTEGER NOT NULL,
    rotation_next_try  TEXT    NOT NULL,
    rotation_failure   TEXT    NOT NULL,
    rotation_overdue   INTEGER NOT NULL,
    rotation_shown     INTEGER NOT NULL,
    lease_id           TEXT    NOT NULL,
    lease_person       TEXT    NOT NULL,
    lease_purpose      TEXT    NOT NULL,
    lease_start        TEXT    NOT NULL,
    lease_until        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO credentials_with_rotation
SELECT name, target, policy, primary_custodian, backup_custodian, 0,
       phase, holder, version, rotated_at, exposure, handover, '', '[]',
       rotation_number, rotation_reason, rotation_successor, rotation_step, rotation_since, rotation_deadline,
       rotation_attempts, rotation_next_try, rotation_failure, rotation_overdue, 0,
       lease_id, lease_person, lease_purpose, lease_start, lease_until
FROM credentials;

DROP TABLE credentials;
ALTER TABLE credentials_with_rotation RENAME TO credentials;

-- What the worker asks for after every commit.
CREATE INDEX credentials_unfinished ON credentials (name) WHERE phase = 'rotating' OR updates <> '[]';
