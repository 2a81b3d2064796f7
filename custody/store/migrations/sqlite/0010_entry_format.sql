-- +goose Up

-- Nothing in the tables: entries have format 3. Who reads an older ledger is in
-- schema.go.
SELECT 1;
