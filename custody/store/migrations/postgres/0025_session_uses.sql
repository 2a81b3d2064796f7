-- +goose Up

-- Beside the ledger: when each log-in was last used, to the minute. A row that is lost,
-- or that this installation did not write, lets its log-in end sooner, never later.
CREATE TABLE session_uses (
    session text COLLATE "C" PRIMARY KEY, -- hex of the SHA-256 of its token
    at      text COLLATE "C" NOT NULL,
    mark    text COLLATE "C" NOT NULL
);
