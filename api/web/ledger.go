package web

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/words"
)

// entryRow is an entry of the ledger as pages show it.
type entryRow struct {
	audit.Entry
	Index  int64
	Record string          // as the tree has it
	Shown  json.RawMessage // Data, with the texts that are there
	Texts  map[string]custody.Words
}

// remark is a line about an entry: a word of the catalogue, or as it stands where
// Group is "".
type remark struct{ Group, Text string }

// About is the data of an entry that is worth a line in a list.
func (e entryRow) About() []remark {
	var fields map[string]any
	if json.Unmarshal(e.Shown, &fields) != nil {
		return nil
	}
	groups := map[string]string{"failure": "failure", "result": "result"}
	switch e.Type {
	case custody.RotationStarted{}.Type():
		groups["reason"] = "term.reason"
	case custody.DependentFailed{}.Type():
		groups["failure"] = "update_failure"
	}
	var about []remark
	for _, name := range []string{"command", "code", "purpose", "reason", "note", "dependent", "result", "failure"} {
		if text, ok := fields[name].(string); ok && text != "" {
			about = append(about, remark{groups[name], text})
		}
	}
	if fields["attested"] == true {
		about = append(about, remark{"result", "attested"})
	}
	return about
}

// Fields gives the data of an entry, by name.
func (e entryRow) Fields() []entryField {
	var fields map[string]json.RawMessage
	if json.Unmarshal(e.Shown, &fields) != nil {
		return nil
	}
	var out []entryField
	for name, raw := range fields {
		text := string(raw)
		if s := ""; json.Unmarshal(raw, &s) == nil {
			text = s
		}
		out = append(out, entryField{name, text})
	}
	slices.SortFunc(out, func(a, b entryField) int { return strings.Compare(a.Name, b.Name) })
	return out
}

type entryField struct{ Name, Value string }

func (v *visit) entries(q desk.EntryQuery) ([]entryRow, error) {
	stored, err := v.Queries.Entries(v.r.Context(), q)
	if err != nil {
		return nil, err
	}
	return readEntries(stored, v.lang)
}

func readEntries(stored []desk.StoredEntry, lang string) (rows []entryRow, err error) {
	rows = make([]entryRow, len(stored))
	for i, s := range stored {
		if rows[i], err = readEntry(s, lang); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func readEntry(s desk.StoredEntry, lang string) (entryRow, error) {
	entry, err := audit.DecodeEntry(s.Record)
	if err != nil {
		return entryRow{}, fmt.Errorf("entry %d of the ledger: %w", s.Index, err)
	}
	event, err := custody.FromRecord(entry)
	if err != nil {
		return entryRow{}, fmt.Errorf("entry %d of the ledger: %w", s.Index, err)
	}
	shown, err := event.Filled(s.Texts).Shown(words.In(lang).Redacted())
	return entryRow{entry, s.Index, string(s.Record), json.RawMessage(shown), s.Texts}, err
}

type ledgerPage struct {
	Actor, Credential, Subject, Type, From string // the filters, as in the address

	Rows  []entryRow
	Types []string
	Mark  mark
	Older int64 // index below which the next page begins; 0: there is none
	Newer bool  // this is not the first page
	Whole bool  // the visitor may read all of it

	// For an auditor: what was signed last, and the entries that are there.
	Reviewed *reviewed
	Entries  int64
}

// reviewed is what an auditor has signed.
type reviewed struct {
	custody.ReviewSigned
	By string
	At time.Time
}

// lastReview gives what was signed last; nil: nothing yet.
func (v *visit) lastReview() (*reviewed, error) {
	signed, err := v.Queries.Entries(v.r.Context(), desk.EntryQuery{Type: custody.ReviewSigned{}.Type(), Newest: true, Limit: 1})
	if err != nil || len(signed) == 0 {
		return nil, err
	}
	event, f, err := signed[0].Review()
	return &reviewed{f, event.Actor, event.Time}, err
}

// signReview enters what an auditor found.
func (p *Pages) signReview(v *visit) error {
	action := custody.SignReview{Text: desk.NewNote(v.field("text"))}
	for name, to := range map[string]*int64{"from": &action.From, "to": &action.To} {
		n, err := index(v.field(name))
		if err != nil {
			return v.again(custody.Invalid(name, "no_entry"), p.ledger)
		}
		*to = n
	}
	if _, err := v.do(action); err != nil {
		return v.again(err, p.ledger)
	}
	return v.redirect("/ledger", "review_signed")
}

// ledger shows the entries, the newest first, or from an index on.
func (p *Pages) ledger(v *visit) error {
	query := v.r.URL.Query()
	shown := ledgerPage{
		Actor: query.Get("actor"), Credential: query.Get("credential"), Subject: query.Get("subject"),
		Type: query.Get("type"), From: query.Get("from"),
		Types: custody.EntryTypes(), Mark: p.watch.mark(), Whole: v.Person.SeesEverything(),
	}
	var err error
	if shown.Actor, err = v.usernameOf(v.r.Context(), shown.Actor); err != nil {
		return err
	}
	if shown.Credential, err = v.credentialOf(v.r.Context(), shown.Credential); err != nil {
		return err
	}
	q := desk.EntryQuery{Actor: shown.Actor, Credential: shown.Credential, Subject: shown.Subject, Type: shown.Type, Newest: true, Limit: pageSize + 1}
	if q.From, err = index(shown.From); err != nil {
		return err
	}
	if q.Before, err = index(query.Get("before")); err != nil {
		return err
	}
	if shown.Rows, err = v.entries(q); err != nil {
		return err
	}
	if len(shown.Rows) > pageSize {
		shown.Rows = shown.Rows[:pageSize]
		shown.Older = shown.Rows[pageSize-1].Index
	}
	shown.Newer = q.Before > 0
	if v.Person.Is(custody.Auditor) {
		shown.Entries = v.size
		if shown.Reviewed, err = v.lastReview(); err != nil {
			return err
		}
	}
	return v.render("ledger", shown)
}

func index(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, custody.Invalid("index", "from_zero")
	}
	return n, nil
}

type entryPage struct {
	entryRow
	Size   int64
	Root   string
	Proved bool // the proof was checked for this answer
}

// entryAsked gives the entry that the address names.
func (v *visit) entryAsked() (desk.StoredEntry, error) {
	at, err := index(v.r.PathValue("index"))
	if err != nil {
		return desk.StoredEntry{}, err
	}
	return v.Queries.Entry(v.r.Context(), at)
}

// entry shows one entry and proves, for this very answer, that it is in the
// ledger that the checkpoint signs.
func (p *Pages) entry(v *visit) error {
	stored, err := v.entryAsked()
	if err != nil {
		return err
	}
	at := stored.Index
	row, err := readEntry(stored, v.lang)
	if err != nil {
		return err
	}
	shown := entryPage{entryRow: row}
	proof, key, err := p.prove(v.r.Context(), at)
	if err != nil {
		return err
	}
	head, err := proof.Check(stored.Record, key)
	if err == nil {
		shown.Proved, shown.Size, shown.Root = true, head.Size, head.Root.String()
	} else {
		p.Log.Error("the proof of an entry does not hold", "index", at, "error", err)
	}
	return v.render("entry", shown)
}

// Written gives what people wrote that the entry shows, in one order.
func (e entryRow) Written() []string {
	var all []string
	for _, words := range e.Texts {
		all = append(all, words.Text)
	}
	slices.Sort(all)
	return all
}

// redact takes out all that people wrote in an entry.
func (p *Pages) redact(v *visit) error {
	stored, err := v.entryAsked()
	if err != nil {
		return err
	}
	action, err := stored.Redaction(v.field("reason"))
	if err == nil {
		_, err = v.do(action)
	}
	if err != nil {
		return v.again(err, p.entry)
	}
	return v.redirect(fmt.Sprintf("/ledger/%d", stored.Index), "redacted")
}

// prove makes the proof of an entry against the checkpoint that is current, and
// gives the key that checks it.
func (p *Pages) prove(ctx context.Context, index int64) (audit.EntryProof, string, error) {
	head, err := p.Desk.Checkpoint(ctx)
	if err != nil {
		return audit.EntryProof{}, "", err
	}
	key, err := p.Desk.LedgerKey(ctx)
	if err != nil {
		return audit.EntryProof{}, "", err
	}
	if index >= head.Size {
		return audit.EntryProof{}, "", desk.ErrNotFound
	}
	proof, err := api.ProveBy(ctx, p.Queries, head, index)
	return proof, key, err
}

// proof is the same, to keep and check elsewhere (C2SP tlog-proof).
func (p *Pages) proof(v *visit) error {
	at, err := index(v.r.PathValue("index"))
	if err != nil {
		return err
	}
	if err := api.Provable(v.r.Context(), v.Queries, at); err != nil {
		return err
	}
	proof, _, err := p.prove(v.r.Context(), at)
	if err != nil {
		return err
	}
	text, err := audit.FormatProof(proof)
	if err != nil {
		return err
	}
	return v.download("text/plain; charset=utf-8", fmt.Sprintf("tandem-entry-%d.tlog-proof", at), text)
}

// download gives a whole file, to keep.
func (v *visit) download(contentType, name string, content []byte) error {
	h := v.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_, _ = v.w.Write(content) // the browser is gone: nobody is left to tell
	return nil
}
