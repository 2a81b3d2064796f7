-- +goose Up

-- The ledger. What filters read (type, actor, subject) is computed from the
-- record, so that it cannot contradict it.
CREATE TABLE ledger_entries (
    idx     INTEGER PRIMARY KEY,
    record  BLOB NOT NULL,
    type    TEXT NOT NULL AS (CAST(record AS TEXT) ->> '$.type'),
    actor   TEXT NOT NULL AS (CAST(record AS TEXT) ->> '$.actor'),
    subject TEXT NOT NULL AS (CAST(record AS TEXT) ->> '$.subject')
) STRICT;

CREATE TABLE ledger_nodes (
    id   INTEGER PRIMARY KEY, -- tlog.StoredHashIndex
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- An instant is text, 2006-01-02T15:04:05.000000000Z, so that it sorts as it
-- passes and holds any year; '' where there is none.
CREATE TABLE ledger_head (
    id        INTEGER PRIMARY KEY CHECK (id = 0),
    size      INTEGER NOT NULL,
    root      BLOB    NOT NULL CHECK (length(root) = 32),
    time      TEXT    NOT NULL, -- of the last entry
    handovers INTEGER NOT NULL, -- ever offered
    leases    INTEGER NOT NULL  -- ever granted
) STRICT;

-- The root of the empty tree: the SHA-256 of nothing.
INSERT INTO ledger_head VALUES (0, 0, x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '', 0, 0);

CREATE TABLE ledger_index (
    kind TEXT    NOT NULL, -- actor, type, subject or credential
    name TEXT    NOT NULL,
    idx  INTEGER NOT NULL,
    PRIMARY KEY (kind, name, idx)
) STRICT, WITHOUT ROWID;

-- Append-only, without gaps. A REPLACE deletes without firing a DELETE trigger;
-- it is the one BEFORE INSERT that refuses it.
-- +goose StatementBegin
CREATE TRIGGER ledger_entries_append BEFORE INSERT ON ledger_entries
WHEN NEW.idx IS NOT (SELECT coalesce(max(idx), -1) + 1 FROM ledger_entries)
BEGIN SELECT RAISE(ABORT, 'ledger_entries: the index must be the size'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_entries_update BEFORE UPDATE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'ledger_entries is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_entries_delete BEFORE DELETE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'ledger_entries is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_nodes_append BEFORE INSERT ON ledger_nodes
WHEN NEW.id IS NOT (SELECT coalesce(max(id), -1) + 1 FROM ledger_nodes)
BEGIN SELECT RAISE(ABORT, 'ledger_nodes: the nodes must follow on each other'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_nodes_update BEFORE UPDATE ON ledger_nodes
BEGIN SELECT RAISE(ABORT, 'ledger_nodes is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_nodes_delete BEFORE DELETE ON ledger_nodes
BEGIN SELECT RAISE(ABORT, 'ledger_nodes is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_head_update BEFORE UPDATE ON ledger_head
WHEN NEW.size IS NOT (SELECT coalesce(max(idx), -1) + 1 FROM ledger_entries) OR NEW.size < OLD.size
BEGIN SELECT RAISE(ABORT, 'ledger_head: the size must be that of ledger_entries'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_head_insert BEFORE INSERT ON ledger_head
BEGIN SELECT RAISE(ABORT, 'ledger_head has one row'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_head_delete BEFORE DELETE ON ledger_head
BEGIN SELECT RAISE(ABORT, 'ledger_head has one row'); END;
-- +goose StatementEnd

-- The fold. Lists and small structures are JSON text.
CREATE TABLE people (
    username     TEXT PRIMARY KEY,
    name         TEXT    NOT NULL,
    email        TEXT    NOT NULL,
    roles        TEXT    NOT NULL, -- JSON array, sorted
    disabled     INTEGER NOT NULL,
    enrolled     INTEGER NOT NULL,
    totp_period  INTEGER NOT NULL, -- seconds
    last_step    INTEGER NOT NULL,
    last_request TEXT    NOT NULL,
    wrong_codes  INTEGER NOT NULL,
    lockouts     INTEGER NOT NULL,
    locked_until TEXT    NOT NULL,
    away         INTEGER NOT NULL,
    away_since   TEXT    NOT NULL,
    away_until   TEXT    NOT NULL,
    away_reason  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
    name               TEXT PRIMARY KEY,
    target             TEXT    NOT NULL, -- JSON object
    policy             TEXT    NOT NULL, -- JSON object
    primary_custodian  TEXT    NOT NULL,
    backup_custodian   TEXT    NOT NULL,
    phase              TEXT    NOT NULL,
    holder             TEXT    NOT NULL,
    version            INTEGER NOT NULL,
    rotated_at         TEXT    NOT NULL,
    exposure           TEXT    NOT NULL, -- JSON array, sorted
    handover           TEXT    NOT NULL,
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
    lease_id           TEXT    NOT NULL,
    lease_person       TEXT    NOT NULL,
    lease_purpose      TEXT    NOT NULL,
    lease_start        TEXT    NOT NULL,
    lease_until        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE handovers (
    id              TEXT PRIMARY KEY,
    giver           TEXT    NOT NULL,
    receiver        TEXT    NOT NULL,
    credentials     TEXT    NOT NULL, -- JSON array, sorted
    reason          TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    leave           INTEGER NOT NULL,
    expected_return TEXT    NOT NULL,
    offered_at      TEXT    NOT NULL,
    expires         TEXT    NOT NULL,
    accepted_at     TEXT    NOT NULL,
    returned_at     TEXT    NOT NULL,
    ended_at        TEXT    NOT NULL,
    overdue         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX handovers_by_offer    ON handovers (offered_at, id);
CREATE INDEX handovers_by_status   ON handovers (status, offered_at, id);
CREATE INDEX handovers_by_giver    ON handovers (giver, offered_at, id);
CREATE INDEX handovers_by_receiver ON handovers (receiver, offered_at, id);

-- Beside the ledger.
CREATE TABLE accounts (
    username      TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL -- argon2id, PHC string
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32), -- SHA-256
    person     TEXT NOT NULL,
    created    TEXT NOT NULL,
    expires    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_person ON sessions (person);

CREATE TABLE throttles (
    name         TEXT PRIMARY KEY, -- a keyed digest, never what was typed
    failures     INTEGER NOT NULL,
    locks        INTEGER NOT NULL,
    locked_until TEXT    NOT NULL,
    touched      TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
    actor  TEXT    NOT NULL,
    key    TEXT    NOT NULL,
    digest BLOB    NOT NULL CHECK (length(digest) = 32),
    first  INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    at     TEXT    NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE claims (
    credential TEXT PRIMARY KEY,
    owner      TEXT NOT NULL,
    until      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
