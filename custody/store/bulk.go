package store

import (
	"database/sql/driver"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// bulk writes many rows of one table at once. It is GORM's Create without its
// reflection: that took 10 µs of CPU for each command in a batch of 64, of 55.
type bulk struct {
	table   string
	key     string // column
	columns int
	text    string // expression for all rows, as rowsText gives them
	head    string // up to VALUES
	row     string // the placeholders of one row
	tail    string // ON CONFLICT
}

var (
	insertEntries    = insertInto(entryRow{})
	insertNodes      = insertInto(nodeRow{})
	insertNames      = insertInto(nameRow{})
	insertSeals      = insertInto(sealRow{})
	insertRemembered = insertInto(rememberedRow{})

	upsertDocuments   = upsertInto(documentRow{})
	upsertSessions    = upsertInto(sessionRow{})
	upsertPeople      = upsertInto(personRow{})
	upsertCredentials = upsertInto(credentialRow{})
	upsertHandovers   = upsertInto(handoverRow{}, "giver", "receiver", "credentials", "reason", "leave", "expected_return", "offered_at", "expires")
)

// insertInto has the columns in the order of the model's fields, the key first.
func insertInto(model schema.Tabler) bulk {
	columns := columnsOf(model)
	return bulk{
		table:   model.TableName(),
		key:     columns[0],
		columns: len(columns),
		text:    fmt.Sprintf(allRows, strings.Join(columns, ", "), columns[0]),
		head:    "INSERT INTO " + model.TableName() + " (" + strings.Join(columns, ", ") + ") VALUES ",
		row:     "(" + strings.Repeat("?, ", len(columns)-1) + "?)",
	}
}

// upsertInto leaves the fixed columns of a row that is there alone: no event ever
// changes them. SQLite moves the row in every index of a column that is set, also
// to the same value: with these three indexes of handovers a batch of 32 commands
// wrote 25 pages more, of 150.
func upsertInto(model schema.Tabler, fixed ...string) bulk {
	b := insertInto(model)
	var sets []string
	for _, c := range columnsOf(model)[1:] {
		if !slices.Contains(fixed, c) {
			sets = append(sets, c+" = excluded."+c)
		}
	}
	b.tail = " ON CONFLICT (" + b.key + ") DO UPDATE SET " + strings.Join(sets, ", ")
	return b
}

func columnsOf(model schema.Tabler) []string {
	parsed, err := schema.Parse(model, &sync.Map{}, schema.NamingStrategy{})
	if err != nil {
		panic("store: " + err.Error()) // a mistake in this package
	}
	return parsed.DBNames
}

// maxRows bounds the rows of one statement.
const maxRows = 64

// run writes the rows whose values args has, one row after the other.
func (b bulk) run(db *gorm.DB, args []any) error {
	for len(args) > 0 {
		// By powers of two, so that the driver knows almost every statement
		// already: parsing one takes about as long as carrying it out.
		n := min(maxRows, 1<<(bits.Len(uint(len(args)/b.columns))-1))
		statement := b.head + strings.Repeat(b.row+", ", n-1) + b.row + b.tail
		if err := execute(db, "write "+b.table, statement, args[:n*b.columns]...); err != nil {
			return err
		}
		args = args[n*b.columns:]
	}
	return nil
}

// holds says whether the rows that db selects are, in the order of their keys,
// those whose values args has. When it says yes they are; when it says no they may
// still be. All of them come as one text, which takes half as long as a row of its
// own for each.
func (b bulk) holds(db *gorm.DB, args []any) (bool, error) {
	want, ok := rowsText(args, b.columns)
	if !ok {
		return false, nil
	}
	var got string
	if err := db.Table(b.table).Select(b.text).Scan(&got).Error; err != nil {
		return false, unavailable("read "+b.table, err)
	}
	return got == want, nil
}

// The separators of rowsText: ASCII's own.
const (
	unitSeparator   = "\x1f"
	recordSeparator = "\x1e"
)

// rowsText writes rows as allRows does. It is not ok with a separator in a value:
// without, as many as there are rows and columns stand between the values of any
// rows that have the same text, so that none of them has one either.
func rowsText(args []any, columns int) (text string, ok bool) {
	var b strings.Builder
	for i, arg := range args {
		switch {
		case i == 0:
		case i%columns == 0:
			b.WriteString(recordSeparator)
		default:
			b.WriteString(unitSeparator)
		}
		value, _ := driver.DefaultParameterConverter.ConvertValue(arg)
		switch v := value.(type) {
		case string:
			if strings.ContainsAny(v, unitSeparator+recordSeparator+"\x00") {
				return "", false
			}
			b.WriteString(v)
		case int64:
			b.WriteString(strconv.FormatInt(v, 10))
		case bool:
			if v {
				b.WriteByte('1')
			} else {
				b.WriteByte('0')
			}
		default:
			return "", false
		}
	}
	return b.String(), true
}

// execute goes to GORM's connection directly: GORM's Exec builds the statement anew
// from its text, which was another 3 µs for a row of 26 columns.
func execute(db *gorm.DB, doing, statement string, args ...any) error {
	_, err := db.Statement.ConnPool.ExecContext(db.Statement.Context, statement, args...)
	return unavailable(doing, err)
}
