-- +goose Up

-- Where everything was copied to, and which database is in force since; '': this one.
-- Nothing is entered here then, by whatever process has it open.
ALTER TABLE installation ADD COLUMN moved TEXT NOT NULL DEFAULT '';

-- +goose StatementBegin
CREATE TRIGGER ledger_head_moved BEFORE UPDATE ON ledger_head
WHEN (SELECT moved FROM installation) <> ''
BEGIN SELECT RAISE(ABORT, 'this database was copied to another one, which is in force'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER installation_moved BEFORE UPDATE OF probed ON installation
WHEN OLD.moved <> ''
BEGIN SELECT RAISE(ABORT, 'this database was copied to another one, which is in force'); END;
-- +goose StatementEnd
