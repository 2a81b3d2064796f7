package store

import (
	"math/bits"
	"strings"
	"time"

	"gorm.io/gorm"
)

// bulk inserts many rows of one table.
type bulk struct {
	name    string
	columns []string // the key first
	head    string   // up to VALUES
	row     string   // the placeholders of one row
	tail    string   // ON CONFLICT
}

var (
	insertEntries    = insertInto("ledger_entries", "idx", "record")
	insertNodes      = insertInto("ledger_nodes", "id", "hash")
	insertRemembered = insertInto("idempotency_keys", "actor", "key", "digest", "first", "count", "at")

	upsertPeople = upsertInto("people", "username", "name", "email", "roles", "disabled", "enrolled", "totp_period",
		"last_step", "last_request", "wrong_codes", "lockouts", "locked_until",
		"away", "away_since", "away_until", "away_reason")
	upsertCredentials = upsertInto("credentials", "name", "target", "policy", "primary_custodian", "backup_custodian",
		"phase", "holder", "version", "rotated_at", "exposure", "handover",
		"rotation_number", "rotation_reason", "rotation_successor", "rotation_step", "rotation_since", "rotation_deadline",
		"rotation_attempts", "rotation_next_try", "rotation_failure", "rotation_overdue",
		"lease_id", "lease_person", "lease_purpose", "lease_start", "lease_until")
	upsertHandovers = upsertInto("handovers", "id", "giver", "receiver", "credentials", "reason", "status", "leave",
		"expected_return", "offered_at", "expires", "accepted_at", "returned_at", "ended_at", "overdue")
)

func insertInto(table string, columns ...string) bulk {
	return bulk{
		name:    table,
		columns: columns,
		head:    "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES ",
		row:     "(" + strings.Repeat("?, ", len(columns)-1) + "?)",
	}
}

func upsertInto(table string, columns ...string) bulk {
	b := insertInto(table, columns...)
	sets := make([]string, 0, len(columns)-1)
	for _, c := range columns[1:] {
		sets = append(sets, c+" = excluded."+c)
	}
	b.tail = " ON CONFLICT (" + columns[0] + ") DO UPDATE SET " + strings.Join(sets, ", ")
	return b
}

// maxRows bounds the rows of one statement.
const maxRows = 64

// run inserts the rows whose values args has, one row after the other.
func (b bulk) run(db *gorm.DB, args []any) error {
	for len(args) > 0 {
		// Powers of two: the driver then knows almost every statement already.
		n := min(maxRows, 1<<(bits.Len(uint(len(args)/len(b.columns)))-1))
		statement := b.head + strings.Repeat(b.row+", ", n-1) + b.row + b.tail
		if err := exec(db, "write "+b.name, statement, args[:n*len(b.columns)]...); err != nil {
			return err
		}
		args = args[n*len(b.columns):]
	}
	return nil
}

func exec(db *gorm.DB, doing, statement string, args ...any) error {
	st := time.Now()
	defer func() {
		if prof != nil {
			prof[doing] += time.Since(st)
		}
	}()
	_, err := db.Statement.ConnPool.ExecContext(db.Statement.Context, statement, args...)
	return unavailable(doing, err)
}
