package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	"golang.org/x/mod/sumdb/tlog"
	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// readers is how many connections read at once.
const readers = 8

// Store is a database that is open. It is safe for use by several goroutines.
type Store struct {
	dialect *dialect
	place   place
	at      string // its address
	writer  *gorm.DB
	reader  *gorm.DB // connections that cannot write
}

var (
	_ desk.Store    = (*Store)(nil)
	_ desk.Accounts = (*Store)(nil)
	_ audit.Source  = (*Store)(nil)
)

// Open opens the database at an address, makes it when there is none, and brings its
// schema up to date. An address is the path of a file, with or without "sqlite:" before
// it, or the URL of a PostgreSQL server (see parsePostgres), where an empty database has
// to be there. It refuses a database that would not keep what it is given: see the package
// documentation.
func Open(ctx context.Context, at string, log *slog.Logger) (*Store, error) {
	return openFor(ctx, at, log, false)
}

// openFor is Open. receives: it may be one into which another one is copied.
func openFor(ctx context.Context, at string, log *slog.Logger, receives bool) (*Store, error) {
	s, err := open(at, log, toWrite, toRead, func(d *dialect, db *sql.DB) error { return migrate(ctx, d, db) })
	if err != nil {
		return nil, err
	}
	pool, err := s.reader.DB()
	if err == nil {
		err = s.place.stay(ctx, pool)
	}
	if err == nil && !receives {
		err = s.checkMoved(ctx)
	}
	if err == nil {
		err = s.refold(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", s.place, err), s.Close())
	}
	return s, nil
}

// OpenReadOnly opens a database that somebody else may have open, or a copy of
// one, and changes nothing: whatever would write fails.
func OpenReadOnly(ctx context.Context, at string, log *slog.Logger) (*Store, error) {
	return open(at, log, asEvidence, asEvidence, func(d *dialect, db *sql.DB) error { return checkSchema(ctx, d, db) })
}

// open opens the connection that writes first: of a file it is the one that makes it a
// WAL database.
func open(at string, log *slog.Logger, writer, reader use, prepare func(*dialect, *sql.DB) error) (*Store, error) {
	d, at, err := dialectOf(at)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s := &Store{dialect: d, place: d.place(at), at: at}
	err = func() (err error) {
		if s.writer, err = d.connect(at, writer); err != nil {
			return err
		}
		pool, err := s.writer.DB()
		if err != nil {
			return err
		}
		if err := prepare(d, pool); err != nil {
			return err
		}
		s.reader, err = d.connect(at, reader)
		return err
	}()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", s.place, err), s.Close())
	}
	s.writer.Logger, s.reader.Logger = newStatementLog(log), newStatementLog(log)
	return s, nil
}

// Close waits for what is running and closes every connection.
func (s *Store) Close() error {
	errs := []error{s.place.close()}
	for _, db := range []*gorm.DB{s.reader, s.writer} {
		if db == nil {
			continue
		}
		pool, err := db.DB()
		if err == nil {
			err = pool.Close()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Ready says whether a commit and a read would work now: it makes one of each, in
// the database that everybody else would open, and looks how much room there is.
func (s *Store) Ready(ctx context.Context) error {
	if _, _, err := s.Head(ctx); err != nil {
		return err
	}
	if err := s.place.room(); err != nil {
		return err
	}
	return s.change(ctx, func(db *gorm.DB) error {
		return execute(db, "try a write", "UPDATE installation SET probed = probed + 1")
	})
}

// Load gives the state and the right edge of the tree, both at the ledger's
// size. It reads the head, the tables but for the handovers that are over, and
// at most 1 + log2(size) nodes. What no commit can have left is an
// ErrLedgerSuspect, beside what could be loaded all the same.
func (s *Store) Load(ctx context.Context) (*custody.State, *audit.Frontier, error) {
	state := custody.NewState()
	var frontier *audit.Frontier
	err := s.snapshot(ctx, func(db *gorm.DB) error {
		head, err := readHead(db)
		if err != nil {
			return err
		}
		if err := restore(db, head, state); err != nil {
			return uneven(err)
		}
		frontier, err = loadFrontier(db, head)
		return uneven(err)
	})
	return state, frontier, err
}

// restore puts the tables into an empty state.
func restore(db *gorm.DB, head headRow, state *custody.State) error {
	last, err := parseInstant(head.Time)
	if err != nil {
		return fmt.Errorf("store: time of the head: %w", err)
	}
	state.Size, state.Time = head.Size, last
	state.Handovers, state.Leases, state.Proposals, state.Incidents = head.Handovers, head.Leases, head.Proposals, head.Incidents
	var errs []error
	for _, t := range folded {
		errs = append(errs, t.load(db, state))
	}
	return errors.Join(errs...)
}

// loadFrontier refuses nodes that do not give the head's root.
func loadFrontier(db *gorm.DB, head headRow) (*audit.Frontier, error) {
	frontier, err := audit.LoadFrontier(head.Size, nodeReader(db))
	if err != nil {
		return nil, err
	}
	root, err := frontier.Root()
	if err != nil {
		return nil, err
	}
	if root != audit.Hash(head.Root) {
		return nil, &Difference{"ledger_head", "0", "has another root than the tree's nodes give"}
	}
	return frontier, nil
}

// headRow is the row of ledger_head.
type headRow struct {
	Size      int64
	Root      []byte
	Time      string
	Handovers int64
	Leases    int64
	Proposals int64
	Incidents int64
}

func (headRow) TableName() string { return "ledger_head" }

func readHead(db *gorm.DB) (headRow, error) { return selectHead(db, "") }

// selectHead reads what is asked for with the head into more, in the same statement.
func selectHead(db *gorm.DB, asked string, more ...any) (headRow, error) {
	var head headRow
	// Past GORM, whose reflection made this 50 µs of the 350 of a transaction
	// with one command.
	row := db.Statement.ConnPool.QueryRowContext(db.Statement.Context,
		"SELECT size, root, time, handovers, leases, proposals, incidents"+asked+" FROM ledger_head")
	into := []any{&head.Size, &head.Root, &head.Time, &head.Handovers, &head.Leases, &head.Proposals, &head.Incidents}
	if err := row.Scan(append(into, more...)...); err != nil {
		return head, unavailable("read the ledger's head", err)
	}
	if len(head.Root) != tlog.HashSize {
		return head, fmt.Errorf("store: the root in the ledger's head has %d bytes", len(head.Root))
	}
	return head, nil
}
