-- +goose Up

-- The request that brought a credential's secrets, until they are in their place.
ALTER TABLE credentials ADD COLUMN arriving TEXT NOT NULL DEFAULT '';

-- Requests that have put secrets under a path of their own.
CREATE TABLE arrivals (
    request TEXT PRIMARY KEY,
    at      TEXT NOT NULL
) WITHOUT ROWID, STRICT;
