package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Write runs fn in one transaction that holds the ledger's head: see desk.Store.
func (s *Store) Write(ctx context.Context, fn func(desk.Tx) error) error {
	redacted := false
	err := s.change(ctx, func(db *gorm.DB) error {
		// No statement here takes long, and for each that can be cancelled the
		// driver starts a goroutine. The transaction itself ends with ctx.
		db = db.WithContext(context.WithoutCancel(ctx))
		head, err := readEnd(db)
		if err != nil {
			return err
		}
		t := &tx{db: db, head: head, size: head.Size, root: audit.Hash(head.Root), remembered: map[idempotencyKey]desk.Remembered{}}
		if err := fn(t); err != nil {
			return err
		}
		redacted = t.redacted
		if err := t.finish(); err != nil || t.head.Size == t.size {
			return err
		}
		return s.announce(db)
	})
	s.place.wipe(ctx, s.writer, redacted && err == nil)
	return err
}

// tx is a desk.Tx; its methods are as desk.Tx says.
type tx struct {
	db         *gorm.DB
	head       headRow // as it will be after the commit
	size       int64   // as it was before
	root       audit.Hash
	entries    []desk.Appended // of which the index has no names yet
	saved      *custody.State
	redacted   bool                               // a text was taken out
	remembered map[idempotencyKey]desk.Remembered // not written yet
}

func (t *tx) Head() (int64, audit.Hash) { return t.size, t.root }

func (t *tx) Records(from, to int64) ([][]byte, error) {
	if from < 0 || from > to || to > t.size {
		return nil, fmt.Errorf("store: entries [%d, %d) of a ledger of %d", from, to, t.size)
	}
	records := make([][]byte, 0, to-from)
	err := eachRecord(t.db, from, to, func(_ int64, record []byte) error {
		records = append(records, slices.Clone(record))
		return nil
	})
	if err == nil && int64(len(records)) < to-from {
		return nil, fmt.Errorf("store: of the entries [%d, %d) only %d are there", from, to, len(records))
	}
	return records, err
}

// nodeRow is a row of ledger_nodes.
type nodeRow struct {
	ID   int64
	Hash []byte
}

func (nodeRow) TableName() string { return "ledger_nodes" }

func (t *tx) Seals(from, to int64) iter.Seq2[audit.Seal, error] { return sealsOf(t.db, from, to) }

// Append writes the entries, the nodes and the seal. The head and the index follow in
// finish: whom an entry concerns is in the state.
func (t *tx) Append(entries []desk.Appended, nodes []audit.Node, root audit.Hash, mark string) error {
	rows := make([]any, 0, len(entries)*insertEntries.columns)
	for i, e := range entries {
		if want := t.head.Size + int64(i); e.Index != want {
			return fmt.Errorf("store: entry %d where %d is next", e.Index, want)
		}
		rows = append(rows, e.Index, e.Record)
	}
	if err := insertEntries.run(t.db, rows); err != nil {
		return err
	}
	if err := insertTexts.run(t.db, rowsOfTexts(entries)); err != nil {
		return err
	}
	if err := t.redact(entries); err != nil {
		return err
	}
	size := t.head.Size + int64(len(entries))
	if want := tlog.StoredHashCount(size) - tlog.StoredHashCount(t.head.Size); int64(len(nodes)) != want {
		return fmt.Errorf("store: %d nodes where the tree needs %d", len(nodes), want)
	}
	rows = make([]any, 0, len(nodes)*insertNodes.columns)
	for i := range nodes {
		rows = append(rows, nodes[i].Index, nodes[i].Hash[:])
	}
	if err := insertNodes.run(t.db, rows); err != nil {
		return err
	}
	if err := insertSeals.run(t.db, []any{size, t.head.Size, mark}); err != nil {
		return err
	}
	t.entries = append(t.entries, entries...)
	t.head.Size, t.head.Root = size, root[:]
	return nil
}

// Save writes the rows that changed. It asks no row what it was: the custody
// state decided, and this transaction holds the head.
func (t *tx) Save(changed *custody.State) error {
	t.saved = changed
	return saveChanges(t.db, changed)
}

func saveChanges(db *gorm.DB, changed *custody.State) error {
	for _, t := range folded {
		if err := t.save(db, changed); err != nil {
			return err
		}
	}
	return saveIncidentNames(db, changed)
}

type idempotencyKey struct{ actor, key string }

// rememberedRow is a row of idempotency_keys.
type rememberedRow struct {
	Actor  string
	Key    string
	Digest []byte
	First  int64
	Count  int
	At     string
	Mark   string
}

func (rememberedRow) TableName() string { return "idempotency_keys" }

func (t *tx) Recall(actor, key string) (desk.Remembered, bool, error) {
	if r, ok := t.remembered[idempotencyKey{actor, key}]; ok {
		return r, true, nil
	}
	var row rememberedRow
	err := t.db.Take(&row, "actor = ? AND key = ?", actor, key).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return desk.Remembered{}, false, nil
	}
	if err != nil {
		return desk.Remembered{}, false, unavailable("recall an idempotency key", err)
	}
	at, err := parseInstant(row.At)
	if err != nil || len(row.Digest) != len(desk.Remembered{}.Digest) {
		return desk.Remembered{}, false, fmt.Errorf("store: an idempotency key of %s is damaged", actor)
	}
	return desk.Remembered{Digest: [32]byte(row.Digest), First: row.First, Count: row.Count, At: at, Mark: row.Mark}, true, nil
}

// Remember writes in finish, all keys of the batch at once.
func (t *tx) Remember(actor, key string, r desk.Remembered) error {
	t.remembered[idempotencyKey{actor, key}] = r
	return nil
}

// finish writes what is written once for each transaction.
func (t *tx) finish() error {
	keys := make([]any, 0, len(t.remembered)*insertRemembered.columns)
	for k, r := range t.remembered {
		keys = append(keys, k.actor, k.key, r.Digest[:], r.First, r.Count, formatInstant(r.At), r.Mark)
	}
	if err := insertRemembered.run(t.db, keys); err != nil {
		return err
	}
	if t.head.Size == t.size && t.saved == nil {
		return nil
	}
	if t.saved == nil || t.saved.Size != t.head.Size {
		return fmt.Errorf("store: the ledger and the tables would not be at the same size, %d", t.head.Size)
	}
	if err := moveHead(t.db, t.head, t.saved); err != nil {
		return err
	}
	var names []nameRow
	for _, e := range t.entries {
		names = append(names, namesOf(e.Index, e.Event, t.saved)...)
	}
	return saveNames(t.db, names)
}

func moveHead(db *gorm.DB, head headRow, s *custody.State) error {
	return execute(db, "move the ledger's head",
		"UPDATE ledger_head SET size = $1, root = $2, time = $3, handovers = $4, leases = $5, proposals = $6, incidents = $7",
		head.Size, head.Root, formatInstant(s.Time), s.Handovers, s.Leases, s.Proposals, s.Incidents)
}
