-- +goose Up

-- Where everything was copied to, and which database is in force since; '': this one.
-- Nothing is entered here then, by whatever process has it open.
ALTER TABLE installation ADD COLUMN moved text COLLATE "C" NOT NULL DEFAULT '';

-- +goose StatementBegin
CREATE FUNCTION refuse_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT moved FROM installation) <> '' THEN
        RAISE EXCEPTION 'this database was copied to another one, which is in force' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER moved BEFORE UPDATE ON ledger_head FOR EACH ROW EXECUTE FUNCTION refuse_moved();
CREATE TRIGGER moved BEFORE UPDATE OF probed ON installation FOR EACH ROW EXECUTE FUNCTION refuse_moved();
