-- +goose Up

-- Nobody asks the tables any more what the rotation worker has to do: it goes by
-- what the ledger leads to. The table is made anew because a column that is dropped
-- changes how its making is written down, which is compared.
CREATE TABLE credentials_before AS SELECT key, doc FROM credentials;
DROP TABLE credentials;

CREATE TABLE credentials (
    key               TEXT PRIMARY KEY, -- name
    doc               TEXT NOT NULL,
    address           TEXT NOT NULL AS (doc ->> '$.target.address'),
    account           TEXT NOT NULL AS (doc ->> '$.target.account'),
    primary_custodian TEXT NOT NULL AS (doc ->> '$.primary'),
    backup_custodian  TEXT NOT NULL AS (doc ->> '$.backup'),
    phase             TEXT NOT NULL AS (doc ->> '$.phase'),
    holder            TEXT NOT NULL AS (coalesce(doc ->> '$.holder', ''))
) STRICT, WITHOUT ROWID;

INSERT INTO credentials (key, doc) SELECT key, doc FROM credentials_before;
DROP TABLE credentials_before;
