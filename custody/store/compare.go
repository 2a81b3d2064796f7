package store

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// Difference is the first row found that is not what the ledger gives.
type Difference struct {
	Table string
	Key   string // of the row
	What  string
}

func (d *Difference) Error() string {
	return fmt.Sprintf("%s is not what the ledger gives: %q %s", d.Table, d.Key, d.What)
}

// Diff folds the ledger, compares the tables with it, and changes nothing. The
// error is a *Difference when a table is wrong.
func (s *Store) Diff(ctx context.Context) error {
	c, err := s.Compare(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	err = eachEvent(s.reader.WithContext(ctx), 0, c.head.Size, c.Apply)
	if err != nil {
		return err
	}
	return c.Finish()
}

// Comparison compares the tables, as they were at one moment, with a fold that
// its user drives, entry by entry: so audit.Verify can, with the checks of the
// domain in between. It is an audit.Source of the entries up to that moment.
// Its memory is that of a custody.State, however long the ledger is.
type Comparison struct {
	store *Store
	db    *gorm.DB // a transaction that sees that moment
	head  headRow
	state *custody.State
	fork  *custody.State // of state, since the last look at the tables
	over  int64          // handovers that have ended
	names map[indexName]tally
}

var _ audit.Source = (*Comparison)(nil)

// indexName is a name that the index has, and tally what is compared of the
// entries under it.
type (
	indexName struct{ Kind, Name string }
	tally     struct{ Entries, Sum int64 }
)

// Compare starts a comparison, which ends with Close.
func (s *Store) Compare(ctx context.Context) (*Comparison, error) {
	db, err := begin(ctx, s.reader)
	if err != nil {
		return nil, unavailable("begin", err)
	}
	head, err := readHead(db)
	if err != nil {
		db.Rollback()
		return nil, err
	}
	state := custody.NewState()
	return &Comparison{
		store: s, db: db, head: head, state: state, fork: state.Fork(), names: map[indexName]tally{},
	}, nil
}

// Close gives back what the comparison holds.
func (c *Comparison) Close() { c.db.Rollback() }

// Size is the number of entries at the moment of the comparison.
func (c *Comparison) Size(context.Context) (int64, error) { return c.head.Size, nil }

// Records is that of the store: the entries of that moment are still the same.
func (c *Comparison) Records(ctx context.Context, from, to int64, yield func(int64, []byte) error) error {
	return c.store.Records(ctx, from, to, yield)
}

// State is the fold so far, to check the next event against. It may only be
// read, and only until the next Apply.
func (c *Comparison) State() *custody.State { return c.fork }

// Apply moves the fold by the next entry's event. The error is a *Difference
// when a handover that is over has another row.
func (c *Comparison) Apply(e custody.Event) error {
	custody.Apply(c.fork, e)
	if c.fork.Size <= indexed(c.head.Size) {
		c.count(c.fork.Size-1, e)
	}
	if c.fork.Size%window != 0 {
		return nil
	}
	return c.settle()
}

// count is namesOf once more, from the events.
func (c *Comparison) count(index int64, e custody.Event) {
	add := func(kind, name string) {
		t := c.names[indexName{kind, name}]
		c.names[indexName{kind, name}] = tally{t.Entries + 1, t.Sum + index}
	}
	add(byType, e.Fact.Type())
	add(byActor, e.Actor)
	subject := e.Fact.Subject()
	if subject == "" {
		return
	}
	add(bySubject, subject)
	switch group, _, _ := strings.Cut(e.Fact.Type(), "."); group {
	case "credential", "checkout", "rotation", "command":
		add(byCredential, subject)
	case "handover":
		h, _ := c.fork.Handover(subject)
		for _, name := range h.Credentials {
			add(byCredential, name)
		}
	}
}

// settle compares the handovers that ended since the last time: the state is
// about to forget them.
func (c *Comparison) settle() error {
	_, _, handovers := c.fork.Changes()
	ended := slices.DeleteFunc(handovers, func(h custody.Handover) bool { return h.Status.Open() })
	c.state.Merge(c.fork)
	c.fork = c.state.Fork()
	c.over += int64(len(ended))
	for some := range slices.Chunk(ended, window) {
		ids := make([]string, len(some))
		for i, h := range some {
			ids[i] = h.ID
		}
		if err := differ(c.db.Where("id IN ?", ids), upsertHandovers, some, rowOfHandover); err != nil {
			return err
		}
	}
	return nil
}

// Finish compares all that is left, after the last entry. The error is a
// *Difference when a table is wrong.
func (c *Comparison) Finish() error {
	if err := c.settle(); err != nil {
		return err
	}
	if err := c.differHead(); err != nil {
		return err
	}
	if err := differ(c.db, upsertPeople, slices.Collect(c.state.People()), rowOfPerson); err != nil {
		return err
	}
	if err := differ(c.db, upsertCredentials, slices.Collect(c.state.Credentials()), rowOfCredential); err != nil {
		return err
	}
	open := slices.Collect(c.state.OpenHandovers())
	if err := differ(c.db.Where("status IN ?", openStatuses), upsertHandovers, open, rowOfHandover); err != nil {
		return err
	}
	if err := c.differHandovers(c.over + int64(len(open))); err != nil {
		return err
	}
	return c.differIndex()
}

func (c *Comparison) differHead() error {
	if _, err := loadFrontier(c.db, c.head); err != nil {
		return err
	}
	want := headRow{
		Size: c.state.Size, Root: c.head.Root, Time: formatInstant(c.state.Time),
		Handovers: c.state.Handovers, Leases: c.state.Leases,
	}
	got := c.head
	if got.Size != want.Size || got.Time != want.Time || got.Handovers != want.Handovers || got.Leases != want.Leases {
		return &Difference{"ledger_head", "0", fmt.Sprintf("has size %d, time %q, %d handovers, %d leases instead of %d, %q, %d, %d",
			got.Size, got.Time, got.Handovers, got.Leases, want.Size, want.Time, want.Handovers, want.Leases)}
	}
	return nil
}

// differHandovers finds a handover that nobody offered, by their number first.
func (c *Comparison) differHandovers(want int64) error {
	var rows int64
	if err := c.db.Table("handovers").Count(&rows).Error; err != nil {
		return unavailable("read handovers", err)
	}
	if rows == want {
		return nil
	}
	var id string
	err := c.db.Raw("SELECT coalesce(min(id), '') FROM handovers WHERE id NOT IN (SELECT name FROM ledger_index WHERE kind = ? UNION "+
		"SELECT subject FROM ledger_entries WHERE idx >= ?)", bySubject, indexed(c.head.Size)).Scan(&id).Error
	if err != nil {
		return unavailable("read handovers", err)
	}
	return &Difference{"handovers", id, fmt.Sprintf("should not be there: %d rows instead of %d", rows, want)}
}

// differIndex compares, for each name, how many entries the index has under it
// and the sum of their indices.
func (c *Comparison) differIndex() error {
	rows, err := c.db.Raw("SELECT kind, name, count(*), sum(idx) FROM ledger_index GROUP BY kind, name").Rows()
	if err != nil {
		return unavailable("read the index", err)
	}
	defer rows.Close()
	var name indexName
	var got tally
	for rows.Next() {
		if err := rows.Scan(&name.Kind, &name.Name, &got.Entries, &got.Sum); err != nil {
			return unavailable("read the index", err)
		}
		if want := c.names[name]; got != want {
			return name.difference(got, want)
		}
		delete(c.names, name)
	}
	if err := rows.Err(); err != nil {
		return unavailable("read the index", err)
	}
	for name, want := range c.names {
		return name.difference(tally{}, want)
	}
	return nil
}

func (n indexName) difference(got, want tally) error {
	return &Difference{"ledger_index", n.Kind + " " + n.Name, fmt.Sprintf("stands for %d entries, index sum %d, instead of %d, %d",
		got.Entries, got.Sum, want.Entries, want.Sum)}
}

// differ compares the rows that db selects with what they should be, by key.
func differ[V any, R interface {
	comparable
	row[V]
}](db *gorm.DB, table bulk, want []V, rowOf func(V) (R, error)) error {
	var rows []R
	if err := db.Order(table.key).Find(&rows).Error; err != nil {
		return unavailable("read "+table.table, err)
	}
	for _, v := range want {
		expected, err := rowOf(v)
		if err != nil {
			return fmt.Errorf("store: %s: %w", table.table, err)
		}
		switch {
		case len(rows) == 0 || rows[0].key() > expected.key():
			return &Difference{table.table, expected.key(), "is missing"}
		case rows[0].key() < expected.key():
			return &Difference{table.table, rows[0].key(), "should not be there"}
		case rows[0] != expected:
			return &Difference{table.table, expected.key(), contrast(rows[0], expected)}
		}
		rows = rows[1:]
	}
	if len(rows) > 0 {
		return &Difference{table.table, rows[0].key(), "should not be there"}
	}
	return nil
}

// contrast names the first field in which two rows differ.
func contrast(got, want any) string {
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if !g.Field(i).Equal(w.Field(i)) {
			return fmt.Sprintf("has %s %#v instead of %#v", g.Type().Field(i).Name, g.Field(i), w.Field(i))
		}
	}
	return "differs"
}
