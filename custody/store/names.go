package store

import (
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
	switch group, _, _ := strings.Cut(kind, "."); group {
	case "credential", "checkout", "rotation", "command":
		s.add(s.name(byCredential, subject), index)
	case "handover":
		h, _ := fork.Handover(subject)
		for _, name := range h.Credentials {
			s.add(s.name(byCredential, name), index)
		}
	}
}

// addIndex adds all rows of ledger_index, some thousand at a time.
func (s *nameSet) addIndex(db *gorm.DB) error {
	from := nameRow{Index: math.MinInt64}
	for more := true; more; {
		var to nameRow
		found := db.Raw(aPageOfNames, from.Kind, from.Name, from.Index).Scan(&to)
		more = found.RowsAffected > 0
		err := found.Error
		if err == nil && more {
			err = s.addRows(db, namesUpTo, from.Kind, from.Name, from.Index, to.Kind, to.Name, to.Index)
		} else if err == nil {
			err = s.addRows(db, namesFrom, from.Kind, from.Name, from.Index)
		}
		if err != nil {
			return unavailable("read the index", err)
		}
		from = to
	}
	return nil
}

// addRows adds what a statement gives: kind, name, and the entries as index,index
// and so on.
func (s *nameSet) addRows(db *gorm.DB, statement string, args ...any) error {
	rows, err := db.Raw(statement, args...).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	var kind, name, list string
	for rows.Next() {
		if err := rows.Scan(&kind, &name, &list); err != nil {
			return err
		}
		hash := s.name(kind, name)
		for more := true; more; {
			var text string
			text, list, more = strings.Cut(list, ",")
			index, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return err
			}
			s.add(hash, index)
		}
	}
	return rows.Err()
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
