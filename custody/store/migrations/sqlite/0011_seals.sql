-- +goose Up

-- The seals of the ledger's batches: each covers the entries from from_size up to
-- size, and they follow on each other without a gap.
CREATE TABLE ledger_seals (
    size      INTEGER PRIMARY KEY,
    from_size INTEGER NOT NULL,
    mark      TEXT    NOT NULL -- the id of a key, a dot, a MAC
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER ledger_seals_append BEFORE INSERT ON ledger_seals
WHEN NEW.from_size IS NOT (SELECT coalesce(max(size), 0) FROM ledger_seals) OR NEW.size <= NEW.from_size
BEGIN SELECT RAISE(ABORT, 'ledger_seals: the seals must follow on each other'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_seals_update BEFORE UPDATE ON ledger_seals
BEGIN SELECT RAISE(ABORT, 'ledger_seals is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_seals_delete BEFORE DELETE ON ledger_seals
BEGIN SELECT RAISE(ABORT, 'ledger_seals is append-only'); END;
-- +goose StatementEnd

-- The head moves to where there are entries, and a seal.
DROP TRIGGER ledger_head_update;
-- +goose StatementBegin
CREATE TRIGGER ledger_head_update BEFORE UPDATE ON ledger_head
WHEN NEW.size IS NOT (SELECT coalesce(max(idx), -1) + 1 FROM ledger_entries)
  OR NEW.size IS NOT (SELECT coalesce(max(size), 0) FROM ledger_seals) OR NEW.size < OLD.size
BEGIN SELECT RAISE(ABORT, 'ledger_head: the size must be that of ledger_entries and of ledger_seals'); END;
-- +goose StatementEnd

-- That this installation wrote the row: the id of a key, a dot, a MAC.
ALTER TABLE idempotency_keys ADD COLUMN mark TEXT NOT NULL DEFAULT '';
