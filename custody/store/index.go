package store

import (
	"cmp"
	"database/sql"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody"
)

// The index says who and what each entry is about. It is written with the entries,
// and anew by Rebuild; a comparison reads it beside the fold. All three have its rows
// from namesOf.

// The kinds of names. What an entry is about are its subject and the credentials that
// it concerns: one row for both, because most have one name for both, and every row
// costs a page of the table.
const (
	byType  = "type"
	byActor = "actor"
	byAbout = "about"
)

// nameRow is a row of ledger_index: a name of an entry.
type nameRow struct {
	Kind, Name string
	Index      int64 `gorm:"column:idx"`
	Credential bool  // it concerns a credential of this name
}

func (nameRow) TableName() string { return "ledger_index" }

func (r nameRow) String() string { return r.Kind + " " + r.Name }

// byEntry orders rows as a comparison reads them.
func (r nameRow) byEntry(other nameRow) int {
	return cmp.Or(cmp.Compare(r.Index, other.Index), cmp.Compare(r.Kind, other.Kind), cmp.Compare(r.Name, other.Name))
}

// byName orders rows as the table has them.
func (r nameRow) byName(other nameRow) int {
	return cmp.Or(cmp.Compare(r.Kind, other.Kind), cmp.Compare(r.Name, other.Name), cmp.Compare(r.Index, other.Index))
}

// namesOf gives the names of an entry, in the order of byEntry. The fork must be one
// in which its event was applied.
func namesOf(index int64, e custody.Event, fork *custody.State) []nameRow {
	rows := []nameRow{{Kind: byActor, Name: e.Actor, Index: index}, {Kind: byType, Name: e.Fact.Type(), Index: index}}
	credentials := e.Concerns(fork).Credentials
	for _, name := range credentials {
		rows = append(rows, nameRow{byAbout, name, index, true})
	}
	if subject := e.Fact.Subject(); subject != "" && !slices.Contains(credentials, subject) {
		rows = append(rows, nameRow{Kind: byAbout, Name: subject, Index: index})
	}
	slices.SortFunc(rows, nameRow.byEntry)
	return slices.Compact(rows)
}

// saveNames writes rows of the index: those of one page of the table after each
// other, which is what it costs.
func saveNames(db *gorm.DB, rows []nameRow) error {
	slices.SortFunc(rows, nameRow.byName)
	args := make([]any, 0, len(rows)*insertNames.columns)
	for _, r := range rows {
		args = append(args, r.Kind, r.Name, r.Index, r.Credential)
	}
	return insertNames.run(db, args)
}

// indexReader goes through the index in the order of the entries, beside a fold. The rows
// are read ahead, by a goroutine of their own: it takes longer than to compare them.
type indexReader struct {
	ahead  chan []nameRow
	broken error     // why there is nothing ahead any more: to be read once that is closed
	ended  chan bool // closed by close
	rows   []nameRow // that came, and were not looked at yet
	next   nameRow   // the first row that was not asked for yet
	more   bool      // there is one
	behind []nameRow // one of an entry that the head does not count
	err    error     // the first row that is wrong, or why none can be read
}

// readIndex begins to read the index of the first size entries. moment is a transaction
// that sees only these; the rows come from a connection of their own, because some
// databases give one answer after the other in a transaction, and what is there of
// those entries stays what it is.
func readIndex(moment, db *gorm.DB, size int64) (*indexReader, error) {
	r := &indexReader{ahead: make(chan []nameRow, 4), ended: make(chan bool)}
	err := moment.Where("idx >= ?", size).Limit(1).Find(&r.behind).Error
	var rows *sql.Rows
	if err == nil {
		rows, err = db.Raw("SELECT kind, name, idx, credential FROM ledger_index WHERE idx < ? ORDER BY idx, kind, name", size).Rows()
	}
	if err != nil {
		return nil, unavailable("read the index", err)
	}
	go r.readAhead(rows)
	r.step()
	return r, nil
}

// readAhead hands the rows on, some thousand at a time, until there are no more, one cannot
// be read, or nobody wants them.
func (r *indexReader) readAhead(rows *sql.Rows) {
	defer close(r.ahead)
	defer rows.Close()
	for more := true; more; {
		some := make([]nameRow, 0, window)
		for len(some) < window {
			if more = rows.Next(); !more {
				r.broken = unavailable("read the index", rows.Err())
				break
			}
			var row nameRow
			if err := rows.Scan(&row.Kind, &row.Name, &row.Index, &row.Credential); err != nil {
				r.broken, more = unavailable("read the index", err), false
				break
			}
			some = append(some, row)
		}
		select {
		case r.ahead <- some:
		case <-r.ended:
			return
		}
	}
}

// close has nothing more read, and waits for what is.
func (r *indexReader) close() {
	close(r.ended)
	for range r.ahead {
	}
}

func (r *indexReader) step() {
	for len(r.rows) == 0 {
		some, more := <-r.ahead
		if !more {
			r.more = false
			r.fail(r.broken)
			return
		}
		r.rows = some
	}
	r.next, r.rows, r.more = r.rows[0], r.rows[1:], true
}

func (r *indexReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// want says which rows come next, in the order of byEntry.
func (r *indexReader) want(rows []nameRow) {
	for _, row := range rows {
		switch {
		case r.err != nil:
			return
		case r.more && r.next == row:
			r.step()
		case r.more && r.next.byEntry(row) < 0:
			r.extra()
		case r.more && r.next.byEntry(row) == 0:
			r.fail(&Difference{"ledger_index", row.String(), fmt.Sprintf("of entry %d is not as it should be", row.Index)})
		default:
			r.fail(&Difference{"ledger_index", row.String(), fmt.Sprintf("of entry %d is missing", row.Index)})
		}
	}
}

// end says that there is no more, and gives what was found.
func (r *indexReader) end() error {
	if r.more {
		r.extra()
	}
	if len(r.behind) > 0 {
		r.next = r.behind[0]
		r.extra()
	}
	return r.err
}

func (r *indexReader) extra() {
	r.fail(&Difference{"ledger_index", r.next.String(), fmt.Sprintf("of entry %d should not be there", r.next.Index)})
}
