-- +goose Up

-- Where an account is, what it is called and how it is reached stand in entries and
-- in credentials as commitments, and its identities as digests: ledgers of before
-- have them in clear and are not carried out again. No table changes.
SELECT 1;
