-- +goose Up

-- The hashes of passwords and of recovery codes are in the secret store; which
-- version of them counts is in the ledger, and in the fold.
DROP TABLE accounts;
DROP TABLE recovery_codes;

ALTER TABLE people ADD COLUMN account INTEGER NOT NULL DEFAULT 0;
