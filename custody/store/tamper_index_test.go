package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestTamperIndex does to the index what would mislead a query: of each kind of
// row it deletes one, has it stand for another entry, name, or kind, adds one, and
// moves two so that neither their number nor the sum of their entries changes.
// Each is found, and the row is named.
func TestTamperIndex(t *testing.T) { onBoth(t, tamperIndex) }

func tamperIndex(t *testing.T, on engine) {
	s := busyOffice(t, 500, on)
	path := on.kept(t, s)
	db := administrator(t, path)
	reader, err := OpenReadOnly(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	names := namesOfAll(s)
	var tried int
	find := func(kind, what string) {
		t.Helper()
		tried++
		err := look(t.Context(), reader, names)
		if d, ok := errors.AsType[*Difference](err); !ok || d.Table != "ledger_index" || d.Key == "" {
			t.Errorf("%s, %s: %v", kind, what, err)
		}
	}
	const update = "UPDATE ledger_index SET kind = ?, name = ?, idx = ? WHERE kind = ? AND name = ? AND idx = ?"
	for _, kind := range []string{byType, byActor, byAbout} {
		// The middle ones of a name that has some.
		var name string
		var rows [2]int64
		one(t, db, &name, "SELECT name FROM ledger_index WHERE kind = ? GROUP BY name HAVING count(*) > 5 ORDER BY name LIMIT 1", kind)
		free := func(index, step int64) int64 {
			for {
				index += step
				var taken int
				one(t, db, &taken, "SELECT count(*) FROM ledger_index WHERE kind = ? AND name = ? AND idx = ?", kind, name, index)
				if taken == 0 {
					return index
				}
			}
		}
		var up, down int64 // next to the two of them, and free
		for offset := 1; down == 0 || free(down-1, 1) != down; offset++ {
			for i := range rows {
				one(t, db, &rows[i], "SELECT idx FROM ledger_index WHERE kind = ? AND name = ? ORDER BY idx LIMIT 1 OFFSET ?", kind, name, offset+2*i)
			}
			up = free(rows[1], 1)
			down = rows[0] - (up - rows[1])
		}
		row := rows[0]
		for what, to := range map[string]struct {
			kind, name string
			index      int64
		}{
			"another entry":        {kind, name, free(row, 1)},
			"an entry before all":  {kind, name, -1},
			"an entry behind all":  {kind, name, s.state.Size},
			"an entry that is not": {kind, name, 1 << 40},
			"another name":         {kind, name + "x", row},
			"no name":              {kind, "", row},
			"another kind":         {kind + "x", name, row},
		} {
			change(t, db, update, to.kind, to.name, to.index, kind, name, row)
			find(kind, what)
			change(t, db, update, kind, name, row, to.kind, to.name, to.index)
		}
		for bit := range 63 {
			if to := row ^ 1<<bit; free(to-1, 1) == to {
				change(t, db, update, kind, name, to, kind, name, row)
				find(kind, fmt.Sprintf("bit %d of its entry", bit))
				change(t, db, update, kind, name, row, kind, name, to)
			}
		}
		change(t, db, "UPDATE ledger_index SET credential = NOT credential WHERE kind = ? AND name = ? AND idx = ?", kind, name, row)
		find(kind, "of another thing")
		change(t, db, "UPDATE ledger_index SET credential = NOT credential WHERE kind = ? AND name = ? AND idx = ?", kind, name, row)
		change(t, db, "DELETE FROM ledger_index WHERE kind = ? AND name = ? AND idx = ?", kind, name, row)
		find(kind, "deleted")
		change(t, db, "INSERT INTO ledger_index VALUES (?, ?, ?, ?)", kind, name, row, kind == byAbout)
		change(t, db, "INSERT INTO ledger_index VALUES (?, ?, ?, false)", kind, "ghost", row)
		find(kind, "inserted")
		change(t, db, "DELETE FROM ledger_index WHERE kind = ? AND name = ? AND idx = ?", kind, "ghost", row)
		change(t, db, "INSERT INTO ledger_index VALUES (?, ?, ?, false)", kind, "ghost", 1<<40)
		find(kind, "inserted behind all")
		change(t, db, "DELETE FROM ledger_index WHERE kind = ? AND name = ? AND idx = ?", kind, "ghost", 1<<40)

		change(t, db, update, kind, name, down, kind, name, rows[0])
		change(t, db, update, kind, name, up, kind, name, rows[1])
		find(kind, "two moved against each other")
		change(t, db, update, kind, name, rows[0], kind, name, down)
		change(t, db, update, kind, name, rows[1], kind, name, up)
	}
	if err := verify(t.Context(), reader); err != nil {
		t.Fatalf("put right again: %v", err)
	}
	t.Logf("rows of the index: %d changes tried, all found", tried)
}

// namesOfAll is the fold's side of the comparison: it need not be folded again for
// each change.
func namesOfAll(s *scribe) (names []nameRow) {
	state := custody.NewState()
	for i, e := range s.events {
		fork := state.Fork()
		custody.Apply(fork, e)
		names = append(names, namesOf(int64(i), e, fork)...)
		state.Merge(fork)
	}
	return names
}

// look compares the index with the names.
func look(ctx context.Context, s *Store, names []nameRow) error {
	c, err := s.compare(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	c.index.want(names)
	return c.index.end()
}

// TestAnIndexOfWhichTheSecondRowCannotBeReadIsSaidToBe: by a statement whose second row is a
// number that there is none of.
func TestAnIndexOfWhichTheSecondRowCannotBeReadIsSaidToBe(t *testing.T) {
	s := busyOffice(t, 10, onSQLite)
	db := administrator(t, onSQLite.kept(t, s))
	rows, err := db.Query("WITH n (i) AS (VALUES (0), (1)) SELECT 'actor', 'ann', abs(-9223372036854775807 - i), 0 FROM n")
	if err != nil {
		t.Fatal(err)
	}
	r := &indexReader{ahead: make(chan []nameRow, 1), ended: make(chan bool)}
	go r.readAhead(rows)
	r.step()
	r.want([]nameRow{{byActor, "ann", math.MaxInt64, false}})
	if err := r.end(); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Errorf("it ends with %v", err)
	}
}

// one scans the only value of the only row.
func one(t *testing.T, db *sql.DB, into any, query string, args ...any) {
	t.Helper()
	if err := db.QueryRow(numbered(query), args...).Scan(into); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// TestTheIndexIsLookedAtToItsEnd: more rows than are read ahead at once, of which the last
// one is wrong; and whoever stops in the middle leaves nothing that reads on.
func TestTheIndexIsLookedAtToItsEnd(t *testing.T) {
	s := busyOffice(t, 1500, onSQLite)
	path := onSQLite.kept(t, s)
	db := administrator(t, path)
	reader, err := OpenReadOnly(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	names := namesOfAll(s)
	if len(names) <= window {
		t.Fatalf("the index has only %d rows", len(names))
	}
	if err := look(t.Context(), reader, names); err != nil {
		t.Fatal(err)
	}
	last := names[len(names)-1]
	change(t, db, "DELETE FROM ledger_index WHERE kind = ? AND name = ? AND idx = ?", last.Kind, last.Name, last.Index)
	if d, ok := errors.AsType[*Difference](look(t.Context(), reader, names)); !ok || d.Key != last.String() {
		t.Errorf("the last row is missing: %v", d)
	}
	c, err := reader.compare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for patience := 0; len(c.index.ahead) == 0; patience++ { // the rest of the rows, behind those that it begins with
		if patience > 6000 {
			t.Fatal("for a minute nothing was read ahead")
		}
		time.Sleep(10 * time.Millisecond)
	}
	c.close()
	if _, more := <-c.index.ahead; more {
		t.Error("it is read on after nobody wants it")
	}
}

// TestAnIndexThatCannotBeReadIsNotTakenForGood: nor is that said of a row before it which is
// wrong.
func TestAnIndexThatCannotBeReadIsNotTakenForGood(t *testing.T) {
	broken := errors.New("the disk")
	good, bad := nameRow{byActor, "ann", 0, false}, nameRow{byActor, "ben", 0, false}
	for _, x := range []struct {
		came []nameRow
		want error
	}{
		{nil, broken},
		{[]nameRow{good}, broken},
		{[]nameRow{bad}, &Difference{"ledger_index", good.String(), "of entry 0 is missing"}},
	} {
		r := &indexReader{ahead: make(chan []nameRow, 1), broken: broken}
		r.ahead <- x.came
		close(r.ahead)
		r.step()
		r.want([]nameRow{good})
		if err := r.end(); fmt.Sprint(err) != fmt.Sprint(x.want) {
			t.Errorf("after %v: %v, want %v", x.came, err, x.want)
		}
	}
}
