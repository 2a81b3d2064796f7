-- +goose Up

-- The schema of this number, all of it: PostgreSQL has none that is older. What a table
-- is for stands in migrations/sqlite, where it was made.
--
-- Text is in the order of its bytes, whatever the database's own is: comparisons rely
-- on it. A document is json, which keeps it as it was written, and not jsonb.

-- A member of a record. convert_from is called stable, because it goes by the
-- encoding of the database, which never changes.
-- +goose StatementBegin
CREATE FUNCTION member_of(record bytea, name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$SELECT convert_from(record, 'UTF8')::json ->> name$$;
-- +goose StatementEnd

CREATE TABLE ledger_entries (
    idx     bigint PRIMARY KEY,
    record  bytea NOT NULL,
    type    text COLLATE "C" NOT NULL GENERATED ALWAYS AS (member_of(record, 'type')) STORED,
    actor   text COLLATE "C" NOT NULL GENERATED ALWAYS AS (member_of(record, 'actor')) STORED,
    subject text COLLATE "C" NOT NULL GENERATED ALWAYS AS (member_of(record, 'subject')) STORED
);

CREATE TABLE ledger_nodes (
    id   bigint PRIMARY KEY,
    hash bytea NOT NULL CHECK (length(hash) = 32)
);

CREATE TABLE ledger_head (
    id        bigint PRIMARY KEY CHECK (id = 0),
    size      bigint NOT NULL,
    root      bytea NOT NULL CHECK (length(root) = 32),
    time      text COLLATE "C" NOT NULL,
    handovers bigint NOT NULL,
    leases    bigint NOT NULL,
    proposals bigint NOT NULL
);

INSERT INTO ledger_head VALUES (0, 0, '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '', 0, 0, 0);

CREATE TABLE ledger_seals (
    size      bigint PRIMARY KEY,
    from_size bigint NOT NULL,
    mark      text COLLATE "C" NOT NULL
);

CREATE TABLE ledger_index (
    kind       text COLLATE "C" NOT NULL,
    name       text COLLATE "C" NOT NULL,
    idx        bigint NOT NULL,
    credential boolean NOT NULL,
    PRIMARY KEY (kind, name, idx)
);

CREATE TABLE ledger_texts (
    idx        bigint NOT NULL,
    commitment text COLLATE "C" NOT NULL,
    salt       bytea NOT NULL CHECK (length(salt) = 16),
    text       text COLLATE "C" NOT NULL,
    PRIMARY KEY (idx, commitment)
);

CREATE INDEX ledger_texts_by_commitment ON ledger_texts (commitment);

-- Append-only, without gaps.
-- +goose StatementBegin
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: % is never allowed', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION entries_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    first bigint; last bigint; many bigint;
BEGIN
    SELECT min(idx), max(idx), count(*) INTO first, last, many FROM added;
    IF many > 0 AND (last - first + 1 <> many OR last <> (SELECT max(idx) FROM ledger_entries)
        OR first <> 0 AND NOT EXISTS (SELECT 1 FROM ledger_entries WHERE idx = first - 1)) THEN
        RAISE EXCEPTION 'ledger_entries: the index must be the size' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION nodes_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    first bigint; last bigint; many bigint;
BEGIN
    SELECT min(id), max(id), count(*) INTO first, last, many FROM added;
    IF many > 0 AND (last - first + 1 <> many OR last <> (SELECT max(id) FROM ledger_nodes)
        OR first <> 0 AND NOT EXISTS (SELECT 1 FROM ledger_nodes WHERE id = first - 1)) THEN
        RAISE EXCEPTION 'ledger_nodes: the nodes must follow on each other' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION seals_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.from_size IS DISTINCT FROM (SELECT coalesce(max(size), 0) FROM ledger_seals) OR NEW.size <= NEW.from_size THEN
        RAISE EXCEPTION 'ledger_seals: the seals must follow on each other' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION head_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.size IS DISTINCT FROM (SELECT coalesce(max(idx), -1) + 1 FROM ledger_entries)
        OR NEW.size IS DISTINCT FROM (SELECT coalesce(max(size), 0) FROM ledger_seals) OR NEW.size < OLD.size THEN
        RAISE EXCEPTION 'ledger_head: the size must be that of ledger_entries and of ledger_seals' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER append AFTER INSERT ON ledger_entries REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION entries_follow();
CREATE TRIGGER append AFTER INSERT ON ledger_nodes REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION nodes_follow();
CREATE TRIGGER append BEFORE INSERT ON ledger_seals FOR EACH ROW EXECUTE FUNCTION seals_follow();
CREATE TRIGGER move BEFORE UPDATE ON ledger_head FOR EACH ROW EXECUTE FUNCTION head_follows();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_nodes FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_seals FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER keep BEFORE INSERT OR DELETE OR TRUNCATE ON ledger_head FOR EACH STATEMENT EXECUTE FUNCTION refuse();

-- The fold.
CREATE TABLE people (
    key  text COLLATE "C" PRIMARY KEY,
    doc  json NOT NULL,
    name text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'name') STORED
);

CREATE TABLE credentials (
    key               text COLLATE "C" PRIMARY KEY,
    doc               json NOT NULL,
    address           text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc -> 'target' ->> 'address') STORED,
    account           text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc -> 'target' ->> 'account') STORED,
    primary_custodian text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'primary') STORED,
    backup_custodian  text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'backup') STORED,
    phase             text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'phase') STORED,
    holder            text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(doc ->> 'holder', '')) STORED
);

CREATE TABLE handovers (
    key         text COLLATE "C" PRIMARY KEY,
    doc         json NOT NULL,
    giver       text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'from') STORED,
    receiver    text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'to') STORED,
    credentials text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'credentials') STORED,
    reason      text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(doc ->> 'reason', '')) STORED,
    status      text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'status') STORED,
    offered_at  text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'offered_at') STORED
);

CREATE INDEX handovers_by_offer    ON handovers (offered_at, key);
CREATE INDEX handovers_by_status   ON handovers (status, offered_at, key);
CREATE INDEX handovers_by_giver    ON handovers (giver, offered_at, key);
CREATE INDEX handovers_by_receiver ON handovers (receiver, offered_at, key);

CREATE TABLE proposals (
    key       text COLLATE "C" PRIMARY KEY,
    doc       json NOT NULL,
    requester text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'requester') STORED,
    status    text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'status') STORED,
    opened_at text COLLATE "C" NOT NULL GENERATED ALWAYS AS (doc ->> 'opened_at') STORED
);

CREATE INDEX proposals_by_time ON proposals (opened_at, key);

CREATE TABLE sessions (
    key text COLLATE "C" PRIMARY KEY,
    doc json NOT NULL
);

CREATE TABLE documents (
    key text COLLATE "C" PRIMARY KEY,
    doc json NOT NULL
);

CREATE TABLE seal_keys (
    key text COLLATE "C" PRIMARY KEY,
    doc json NOT NULL
);

-- Beside the ledger.
CREATE TABLE throttles (
    name         text COLLATE "C" PRIMARY KEY,
    failures     bigint NOT NULL,
    locks        bigint NOT NULL,
    locked_until text COLLATE "C" NOT NULL,
    touched      text COLLATE "C" NOT NULL
);

CREATE TABLE idempotency_keys (
    actor  text COLLATE "C" NOT NULL,
    key    text COLLATE "C" NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    first  bigint NOT NULL,
    count  bigint NOT NULL,
    at     text COLLATE "C" NOT NULL,
    mark   text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (actor, key)
);

CREATE TABLE claims (
    credential text COLLATE "C" PRIMARY KEY,
    owner      text COLLATE "C" NOT NULL,
    until      text COLLATE "C" NOT NULL
);

CREATE TABLE cosigned_checkpoints (
    size   bigint PRIMARY KEY,
    origin text COLLATE "C" NOT NULL,
    root   bytea NOT NULL CHECK (length(root) = 32),
    note   bytea NOT NULL
);

CREATE TABLE cosignatures (
    size    bigint NOT NULL REFERENCES cosigned_checkpoints,
    witness text COLLATE "C" NOT NULL,
    at      text COLLATE "C" NOT NULL,
    line    bytea NOT NULL,
    PRIMARY KEY (size, witness)
);

CREATE TABLE followers (
    follower text COLLATE "C" PRIMARY KEY,
    next     bigint NOT NULL CHECK (next >= 0),
    at       text COLLATE "C" NOT NULL DEFAULT '',
    owner    text COLLATE "C" NOT NULL DEFAULT '',
    until    text COLLATE "C" NOT NULL DEFAULT '',
    epoch    bigint NOT NULL DEFAULT 0
);

CREATE TABLE preferences (
    username text COLLATE "C" PRIMARY KEY,
    language text COLLATE "C" NOT NULL,
    zone     text COLLATE "C" NOT NULL,
    mark     text COLLATE "C" NOT NULL DEFAULT ''
);

CREATE TABLE devices (
    token_hash bytea NOT NULL CHECK (length(token_hash) = 32),
    person     text COLLATE "C" NOT NULL,
    seen       text COLLATE "C" NOT NULL,
    mark       text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (person, token_hash)
);

CREATE INDEX devices_by_token ON devices (token_hash);

CREATE TABLE arrivals (
    request text COLLATE "C" PRIMARY KEY,
    at      text COLLATE "C" NOT NULL
);

CREATE TABLE installation (
    id          bigint PRIMARY KEY CHECK (id = 0),
    sentinel    text COLLATE "C" NOT NULL,
    origin      text COLLATE "C" NOT NULL,
    ledger_key  bytea NOT NULL,
    bound       boolean NOT NULL,
    maintenance text COLLATE "C" NOT NULL,
    probed      bigint NOT NULL,
    clock_right text COLLATE "C" NOT NULL DEFAULT '',
    clock_size  bigint NOT NULL DEFAULT 0
);

INSERT INTO installation VALUES (0, '', '', '', false, '', 0);
