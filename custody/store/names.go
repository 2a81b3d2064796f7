package store

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"math"
	"strconv"
	"strings"
	"sync"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody"
)

// nameRow is a row of ledger_index: a name of an entry.
type nameRow struct {
	Kind, Name string
	Index      int64 `gorm:"column:idx"`
}

func (r nameRow) String() string { return r.Kind + " " + r.Name }

// nameSet stands for a set of rows of ledger_index: it is the sum of their hashes
// under a seed that only this process knows. Two sets that differ have the same
// sum once in 2^64 times, whoever chose them; and it takes no memory for names,
// of which a ledger has the more the longer it is.
type nameSet struct {
	seed maphash.Seed
	sum  uint64
}

// name gives the hash of a name, for add.
func (s *nameSet) name(kind, name string) uint64 {
	return maphash.Comparable(s.seed, [2]string{kind, name})
}

// add adds the row of a name for one entry.
func (s *nameSet) add(name uint64, index int64) {
	s.sum += maphash.Comparable(s.seed, [2]uint64{name, uint64(index)})
}

// addNames adds what namesOf gives for an entry, from its event. The fork must be
// that after it.
func (s *nameSet) addNames(index int64, e custody.Event, fork *custody.State) {
	kind, subject := e.Fact.Type(), e.Fact.Subject()
	s.add(s.name(byType, kind), index)
	s.add(s.name(byActor, e.Actor), index)
	if subject == "" {
		return
	}
	s.add(s.name(bySubject, subject), index)
	for _, name := range e.Concerns(fork).Credentials {
		s.add(s.name(byCredential, name), index)
	}
}

// addIndex adds all rows of ledger_index, some thousand at a time.
func (s *nameSet) addIndex(db *gorm.DB) error {
	for last := (nameRow{Index: math.MinInt64}); ; {
		var page string
		if err := db.Raw(aPageOfNames, last.Kind, last.Name, last.Index).Scan(&page).Error; err != nil {
			return unavailable("read the index", err)
		}
		if page == "" {
			return nil
		}
		next, err := s.addPage(page)
		if err != nil {
			return err
		}
		// SQL promises no order of what it puts together: in another one, rows would be
		// added twice and the sums differ; but it must end.
		if !last.before(next) {
			return fmt.Errorf("store: the index does not go on behind %s", last)
		}
		last = next
	}
}

func (r nameRow) before(next nameRow) bool {
	return cmp.Or(cmp.Compare(r.Kind, next.Kind), cmp.Compare(r.Name, next.Name), cmp.Compare(r.Index, next.Index)) < 0
}

// addPage adds what aPageOfNames gives, and gives the last row of it.
func (s *nameSet) addPage(page string) (last nameRow, err error) {
	for page != "" {
		var list string
		var ok1, ok2, ok3 bool
		last.Kind, page, ok1 = cutCounted(page)
		last.Name, page, ok2 = cutCounted(page)
		list, page, ok3 = strings.Cut(page, ";")
		if !ok1 || !ok2 || !ok3 {
			return last, fmt.Errorf("store: the index cannot be read behind %s", last)
		}
		hash := s.name(last.Kind, last.Name)
		for more := true; more; {
			var text string
			text, list, more = strings.Cut(list, ",")
			if last.Index, err = strconv.ParseInt(text, 10, 64); err != nil {
				return last, fmt.Errorf("store: the index cannot be read behind %s: %w", last, err)
			}
			s.add(hash, last.Index)
		}
	}
	return last, nil
}

// cutCounted cuts off a text that has its length in bytes and a colon before it.
func cutCounted(from string) (text, rest string, ok bool) {
	count, rest, ok := strings.Cut(from, ":")
	n, err := strconv.Atoi(count)
	if !ok || err != nil || n < 0 || n > len(rest) {
		return "", "", false
	}
	return rest[:n], rest[n:], true
}

// readIndex adds up the whole index beside the fold, which leaves a processor idle
// now and then. The function that it gives waits until that is done.
func readIndex(db *gorm.DB, seed maphash.Seed) (wait func() (nameSet, error)) {
	index, done := nameSet{seed: seed}, make(chan error, 1)
	go func() { done <- index.addIndex(db) }()
	return sync.OnceValues(func() (nameSet, error) { return index, <-done })
}

// differIndex compares the index with the names of the events.
func (c *comparison) differIndex() error {
	index, err := c.index()
	if err != nil || index.sum == c.names.sum {
		return err
	}
	// Which row it is takes longer to find: by the names that the entries have in
	// the database, which are no others than those of the events.
	const given = "SELECT kind, name, idx FROM (" + namesOf + ")"
	const there = "SELECT kind, name, idx FROM ledger_index"
	for _, look := range []struct{ statement, what string }{
		{given + " EXCEPT " + there + " LIMIT 1", "is missing"},
		{there + " EXCEPT " + given + " LIMIT 1", "should not be there"},
	} {
		var found []nameRow
		if err := c.db.Raw(look.statement, 0, indexed(c.head.Size)).Scan(&found).Error; err != nil {
			return unavailable("read the index", err)
		}
		for _, row := range found {
			return &Difference{"ledger_index", row.String(), fmt.Sprintf("of entry %d %s", row.Index, look.what)}
		}
	}
	return &Difference{"ledger_index", "", "is not what the entries give"}
}
