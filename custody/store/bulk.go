package store

import (
	"math/bits"
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
	columns int
	head    string // up to VALUES
	tail    string // ON CONFLICT
}

var (
	insertEntries    = insertInto(entryRow{})
	insertNodes      = insertInto(nodeRow{})
	insertNames      = insertInto(nameRow{})
	insertSeals      = insertInto(sealRow{})
	insertRemembered = insertInto(rememberedRow{})

	insertIncidentNames = orKeep(insertInto(incidentName{}))
)

// insertInto has the columns in the order of the model's fields, the key first.
func insertInto(model schema.Tabler) bulk {
	columns := columnsOf(model)
	return bulk{
		table:   model.TableName(),
		columns: len(columns),
		head:    "INSERT INTO " + model.TableName() + " (" + strings.Join(columns, ", ") + ") VALUES ",
	}
}

// orKeep leaves what is there already as it is.
func orKeep(b bulk) bulk {
	b.tail = " ON CONFLICT DO NOTHING"
	return b
}

// upsertInto writes the documents of a folded table. What the database computes from
// one that is there already it computes anew, with the indexes of that.
func upsertInto(table string) bulk {
	return bulk{
		table:   table,
		columns: 2,
		head:    "INSERT INTO " + table + " (key, doc) VALUES ",
		tail:    " ON CONFLICT (key) DO UPDATE SET doc = excluded.doc",
	}
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
		if err := execute(db, "write "+b.table, b.statement(n), args[:n*b.columns]...); err != nil {
			return err
		}
		args = args[n*b.columns:]
	}
	return nil
}

// statement has the parameters of n rows, each row in brackets.
func (b bulk) statement(n int) string {
	text := []byte(b.head)
	for i := range n * b.columns {
		switch {
		case i == 0:
			text = append(text, '(')
		case i%b.columns == 0:
			text = append(text, "), ("...)
		default:
			text = append(text, ", "...)
		}
		text = strconv.AppendInt(append(text, '$'), int64(i+1), 10)
	}
	return string(append(text, ')')) + b.tail
}

// execute goes to GORM's connection directly: GORM's Exec builds the statement anew
// from its text, which was another 3 µs for a row of 26 columns.
func execute(db *gorm.DB, doing, statement string, args ...any) error {
	_, err := db.Statement.ConnPool.ExecContext(db.Statement.Context, statement, args...)
	return unavailable(doing, err)
}
