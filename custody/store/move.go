package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody/desk"
)

// ErrMoved: the database was copied to another one, which is in force since.
var ErrMoved = errors.New("this database was copied to another one, which is in force since")

// incomplete is what a database says of where it was moved to, while not everything has
// arrived in it.
const incomplete = "nowhere: not everything has arrived here, run tandem database copy again"

// moves are the tables that are copied as they stand, with the columns that nobody
// computes. What follows from the entries is worked out anew, and who had a lease of the
// old place has none of the new one.
var moves = []struct{ table, columns string }{
	{"ledger_entries", "idx, record"},
	{"ledger_texts", "idx, commitment, salt, text"},
	{"ledger_seals", "size, from_size, mark"},
	{"cosigned_checkpoints", "size, origin, root, note"},
	{"cosignatures", "size, witness, at, line"},
	{"followers", "follower, next, at, epoch"},
	{"throttles", "name, failures, locks, locked_until, touched"},
	{"idempotency_keys", "actor, key, digest, first, count, at, mark"},
	{"preferences", "username, language, zone, mark"},
	{"devices", "token_hash, person, seen, mark"},
	{"arrivals", "request, at"},
	{"session_uses", "session, at, mark"},
}

// Moved is what a database has that was copied.
type Moved struct {
	Size int64
	Root audit.Hash
	Rows map[string]int64 // by table, of those that were copied as they stand
}

// MoveTo copies everything into an empty database, proves that it is all there, and has
// this one refuse to go on: called is what it says then of where it went. Readers are not
// disturbed, and whoever writes waits. It can be done again where it was cut short.
//
// The proof: the tree that the entries give there has the root that is here, every entry
// is carried out again and every table compared with what they lead to, seal by seal and
// row by row it is the same, and how many rows there are of what is only kept.
func (s *Store) MoveTo(ctx context.Context, to *Store, called string) (m Moved, err error) {
	err = s.change(ctx, func(from *gorm.DB) error {
		head, err := readHead(from)
		if err != nil {
			return err
		}
		m.Size, m.Root = head.Size, audit.Hash(head.Root)
		there, _, err := to.Head(ctx)
		if err != nil {
			return err
		}
		var before string
		if err := from.Raw("SELECT moved FROM installation").Scan(&before).Error; err != nil {
			return unavailable("read where it was moved to", err)
		}
		switch {
		case before == called && there >= m.Size: // it was proved before that was written
			return nil
		case before != "":
			return fmt.Errorf("%w: %s", ErrMoved, before)
		case there == 0:
			if err := to.receive(ctx, from, head); err != nil {
				return err
			}
		}
		if m.Rows, err = to.proveMoved(ctx, from, m); err != nil {
			return err
		}
		return execute(from, "say that it was moved", "UPDATE installation SET moved = $1", called)
	})
	if err != nil {
		return m, err
	}
	return m, to.write(ctx, "say that everything is there", "UPDATE installation SET moved = '' WHERE moved = ?", incomplete)
}

// receive takes everything in, all or nothing.
func (s *Store) receive(ctx context.Context, from *gorm.DB, head headRow) error {
	return s.change(ctx, func(to *gorm.DB) error {
		for _, m := range moves {
			if err := moveRows(from, to, m.table, m.columns); err != nil {
				return err
			}
		}
		if err := plantTree(to, head.Size); err != nil {
			return err
		}
		if err := rebuild(to); err != nil {
			return err
		}
		var b desk.Binding
		var maintenance string
		row := from.Statement.ConnPool.QueryRowContext(ctx, "SELECT sentinel, origin, ledger_key, bound, maintenance FROM installation")
		if err := row.Scan(&b.Sentinel, &b.Origin, &b.LedgerKey, &b.Bound, &maintenance); err != nil {
			return unavailable("read what the database belongs to", err)
		}
		return execute(to, "bind the database", "UPDATE installation SET sentinel = $1, origin = $2, ledger_key = $3, bound = $4, maintenance = $5, moved = $6",
			b.Sentinel, b.Origin, []byte(b.LedgerKey), b.Bound, maintenance, incomplete)
	})
}

// moveRows copies a table.
func moveRows(from, to *gorm.DB, table, columns string) error {
	rows, err := from.Raw("SELECT " + columns + " FROM " + table + " ORDER BY 1, 2").Rows()
	if err != nil {
		return unavailable("read "+table, err)
	}
	defer rows.Close()
	names := strings.Split(columns, ", ")
	into := bulk{table: table, columns: len(names), head: "INSERT INTO " + table + " (" + columns + ") VALUES "}
	var args []any
	for rows.Next() {
		values, places := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			return unavailable("read "+table, err)
		}
		if args = append(args, values...); len(args) >= window {
			if err := into.run(to, args); err != nil {
				return err
			}
			args = args[:0]
		}
	}
	if err := rows.Err(); err != nil {
		return unavailable("read "+table, err)
	}
	return into.run(to, args)
}

// proveMoved says whether what was received is what there is.
func (s *Store) proveMoved(ctx context.Context, from *gorm.DB, m Moved) (rows map[string]int64, err error) {
	size, root, err := s.Head(ctx)
	if err != nil {
		return nil, err
	}
	if size != m.Size || root != m.Root {
		return nil, fmt.Errorf("store: %s has another ledger: %d entries and not %d, or with another root", s.place, size, m.Size)
	}
	if _, err := s.Verify(ctx, audit.VerifyOptions{}); err != nil {
		return nil, fmt.Errorf("verify %s: %w", s.place, err)
	}
	there := s.reader.WithContext(ctx)
	if err := sameSeals(sealsOf(from, 0, m.Size), sealsOf(there, 0, m.Size)); err != nil {
		return nil, err
	}
	rows = map[string]int64{}
	for _, table := range moves {
		var here, got int64
		for db, count := range map[*gorm.DB]*int64{from: &here, there: &got} {
			if err := db.Raw("SELECT count(*) FROM " + table.table).Scan(count).Error; err != nil {
				return nil, unavailable("count "+table.table, err)
			}
		}
		if here != got {
			return nil, &Difference{table.table, "", fmt.Sprintf("has %d rows, and not %d", got, here)}
		}
		rows[table.table] = got
	}
	return rows, nil
}

// sameSeals compares two ledgers' seals, one by one.
func sameSeals(a, b iter.Seq2[audit.Seal, error]) error {
	next, stop := iter.Pull2(b)
	defer stop()
	for want, err := range a {
		if err != nil {
			return err
		}
		got, err, more := next()
		if err != nil {
			return err
		}
		if !more || got != want {
			return &Difference{"ledger_seals", fmt.Sprint(want.Size), "is another one"}
		}
	}
	if got, err, more := next(); more || err != nil {
		return errors.Join(err, &Difference{"ledger_seals", fmt.Sprint(got.Size), "is one too many"})
	}
	return nil
}

// checkMoved refuses a database that is not in force.
func (s *Store) checkMoved(ctx context.Context) error {
	var to string
	err := s.reader.WithContext(ctx).Raw("SELECT moved FROM installation").Scan(&to).Error
	if err == nil && to != "" {
		err = fmt.Errorf("%w: %s", ErrMoved, to)
	}
	return err
}

// OpenToReceive opens a database into which another one is copied: see MoveTo. Open refuses
// it until everything is there.
func OpenToReceive(ctx context.Context, at string, log *slog.Logger) (*Store, error) {
	return openFor(ctx, at, log, true)
}
