package store

import (
	"context"
	"slices"
	"strconv"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Beside the ledger: what people wrote, which the ledger only commits to. A text is
// at the index of the entry that it came with. One that was taken out is not there;
// what the ledger says stays what it was.

// textRow is a row of ledger_texts.
type textRow struct {
	Idx        int64
	Commitment string
	Salt       []byte
	Text       string
}

func (textRow) TableName() string { return "ledger_texts" }

var insertTexts = insertInto(textRow{})

func rowsOfTexts(entries []desk.Appended) (rows []any) {
	for _, e := range entries {
		for _, n := range e.Event.Written() {
			if w, known := n.Words(); known {
				rows = append(rows, e.Index, n.Commitment(), w.Salt[:], w.Text)
			}
		}
	}
	return rows
}

// redact takes out what the entries say is taken out, with them.
func (t *tx) redact(entries []desk.Appended) error {
	for _, e := range entries {
		redacted, is := e.Event.Fact.(custody.TextRedacted)
		if !is {
			continue
		}
		t.redacted = true
		for _, commitment := range redacted.Commitments {
			if err := execute(t.db, "take a text out", "DELETE FROM ledger_texts WHERE commitment = $1", commitment); err != nil {
				return err
			}
		}
	}
	return nil
}

// Texts gives the texts of some notes, by commitment: those that are there and are
// what is committed to.
func (s *Store) Texts(ctx context.Context, notes []custody.Note) (map[string]custody.Words, error) {
	return findTexts(s.reader.WithContext(ctx), notes)
}

func findTexts(db *gorm.DB, notes []custody.Note) (map[string]custody.Words, error) {
	texts := map[string]custody.Words{}
	if len(notes) == 0 {
		return texts, nil
	}
	wanted := make(map[string]custody.Note, len(notes))
	commitments := make([]string, len(notes))
	for i, n := range notes {
		commitments[i] = n.Commitment()
		wanted[n.Commitment()] = n
	}
	for some := range slices.Chunk(commitments, desk.MaxPage) {
		var rows []textRow
		if err := db.Where("commitment IN ?", some).Find(&rows).Error; err != nil {
			return nil, unavailable("read the texts", err)
		}
		for _, r := range rows {
			if w := r.words(); wanted[r.Commitment].Is(w) {
				texts[r.Commitment] = w
			}
		}
	}
	return texts, nil
}

// withTexts gives entries with the texts of their notes. One that cannot be read has
// none: that it cannot is for who reads it to say.
func (s *Store) withTexts(ctx context.Context, rows []entryRow) ([]desk.StoredEntry, error) {
	notes := make([][]custody.Note, len(rows))
	var all []custody.Note
	for i, row := range rows {
		if e, err := decodeEvent(row); err == nil {
			notes[i] = e.Notes()
			all = append(all, notes[i]...)
		}
	}
	known, err := s.Texts(ctx, all)
	if err != nil {
		return nil, err
	}
	entries := make([]desk.StoredEntry, len(rows))
	for i, row := range rows {
		texts := map[string]custody.Words{}
		for _, n := range notes[i] {
			if w, there := known[n.Commitment()]; there {
				texts[n.Commitment()] = w
			}
		}
		entries[i] = desk.StoredEntry{Index: row.Index, Record: row.Record, Texts: texts}
	}
	return entries, nil
}

func (r textRow) words() custody.Words {
	w := custody.Words{Text: r.Text}
	copy(w.Salt[:], r.Salt)
	return w
}

// textsBetween gives the texts of the entries [from, to), by index and commitment,
// right or wrong.
func textsBetween(db *gorm.DB, from, to int64) (map[int64]map[string]custody.Words, error) {
	rows, err := scan[textRow](db.Table("ledger_texts").Select("idx, commitment, salt, text").Where("idx >= ? AND idx < ?", from, to))
	if err != nil {
		return nil, unavailable("read the texts", err)
	}
	texts := map[int64]map[string]custody.Words{}
	for _, r := range rows {
		if texts[r.Idx] == nil {
			texts[r.Idx] = map[string]custody.Words{}
		}
		texts[r.Idx][r.Commitment] = r.words()
	}
	return texts, nil
}

// checkTexts compares the texts of an entry with what it commits to.
func (c *comparison) checkTexts(index int64, e custody.Event) error {
	if err := c.counted.Check(e, c.beside[index]); err != nil {
		return &Difference{"ledger_texts", strconv.FormatInt(index, 10), "is not what its entry commits to: " + err.Error()}
	}
	return nil
}
