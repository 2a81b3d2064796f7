package store

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// What follows from the ledger is kept as documents: of each person, credential and
// so on the JSON of its custody value, under its key. What queries filter or sort by
// the database computes from the document (migrations/). One value has one document:
// that is what makes a rebuild byte-equal, and lets a comparison compare bytes.

// document is a row of a folded table.
type document struct{ Key, Doc string }

// table is a folded table, whose documents are values of type V.
type table[V any] struct {
	name    string
	key     func(V) string
	changed func(*custody.State) []V // what a fork changed, by key; of a root, everything
	restore func(*custody.State, []V)
	kept    string       // SQL: the rows of which a root knows; the others it has forgotten
	over    func(V) bool // whether a root forgets it; nil: it forgets none
}

var (
	people = table[custody.Person]{
		"people", func(p custody.Person) string { return p.Username },
		func(s *custody.State) []custody.Person { people, _, _ := s.Changes(); return people },
		func(s *custody.State, people []custody.Person) { s.Restore(people, nil, nil) },
		"true", nil,
	}
	credentials = table[custody.Credential]{
		"credentials", func(c custody.Credential) string { return c.Name },
		func(s *custody.State) []custody.Credential { _, credentials, _ := s.Changes(); return credentials },
		func(s *custody.State, credentials []custody.Credential) { s.Restore(nil, credentials, nil) },
		"true", nil,
	}
	handovers = table[custody.Handover]{
		"handovers", func(h custody.Handover) string { return h.ID },
		func(s *custody.State) []custody.Handover { _, _, handovers := s.Changes(); return handovers },
		func(s *custody.State, handovers []custody.Handover) { s.Restore(nil, nil, handovers) },
		"status IN ('offered', 'accepted', 'returned', 'planned', 'signed')", // HandoverStatus.Open
		func(h custody.Handover) bool { return !h.Status.Open() },
	}
	proposals = table[custody.Proposal]{
		"proposals", func(p custody.Proposal) string { return p.ID },
		(*custody.State).ProposalsChanged,
		(*custody.State).RestoreProposals,
		"status = 'open'",
		custody.Proposal.Over,
	}
	incidents = table[custody.Incident]{
		"incidents", func(i custody.Incident) string { return i.ID },
		(*custody.State).IncidentsChanged,
		(*custody.State).RestoreIncidents,
		"status <> 'closed'",
		custody.Incident.Over,
	}
	sessions = table[signedIn]{
		"sessions", func(s signedIn) string { return s.Person },
		sessionsChanged,
		func(s *custody.State, all []signedIn) {
			for _, in := range all {
				s.RestoreSessions(in.Person, in.Open)
			}
		},
		"true", nil,
	}
	policies = table[custody.PolicyInForce]{
		"documents", func(custody.PolicyInForce) string { return "policy" },
		func(s *custody.State) []custody.PolicyInForce {
			if p := s.PolicyChanged(); p != nil {
				return []custody.PolicyInForce{*p}
			}
			return nil
		},
		func(s *custody.State, found []custody.PolicyInForce) {
			for _, p := range found {
				s.RestorePolicy(p)
			}
		},
		"key NOT IN ('configuration', 'envelopes')", nil, // which finds one that is nothing, too
	}
	configurations = table[custody.Configuration]{
		"documents", func(custody.Configuration) string { return "configuration" },
		func(s *custody.State) []custody.Configuration {
			if c := s.ConfigurationChanged(); c != nil {
				return []custody.Configuration{*c}
			}
			return nil
		},
		func(s *custody.State, found []custody.Configuration) {
			for _, c := range found {
				s.RestoreConfiguration(c)
			}
		},
		"key = 'configuration'", nil,
	}
	envelopes = table[custody.Envelopes]{
		"documents", func(custody.Envelopes) string { return "envelopes" },
		func(s *custody.State) []custody.Envelopes {
			if v := s.EnvelopesChanged(); v != nil {
				return []custody.Envelopes{*v}
			}
			return nil
		},
		func(s *custody.State, found []custody.Envelopes) {
			for _, v := range found {
				s.RestoreEnvelopes(v)
			}
		},
		"key = 'envelopes'", nil,
	}
	sealKeys = table[custody.SealKey]{
		"seal_keys", func(k custody.SealKey) string { return k.ID },
		func(s *custody.State) []custody.SealKey { // which has them as they came
			return slices.SortedFunc(slices.Values(s.SealKeysChanged()), func(a, b custody.SealKey) int { return cmp.Compare(a.ID, b.ID) })
		},
		(*custody.State).RestoreSealKeys,
		"true", nil,
	}
)

// folded are all of them.
var folded = []interface {
	table() string
	save(*gorm.DB, *custody.State) error
	load(*gorm.DB, *custody.State) error
	compare(*gorm.DB, *custody.State) error
	settle(db *gorm.DB, fork *custody.State) (ended int64, err error)
	surplus(db *gorm.DB, state *custody.State, ended int64) error
}{people, credentials, handovers, proposals, incidents, sessions, policies, configurations, envelopes, sealKeys}

func (t table[V]) table() string { return t.name }

// save writes what a fork changed.
func (t table[V]) save(db *gorm.DB, changed *custody.State) error {
	rows, err := t.documents(t.changed(changed))
	if err != nil {
		return err
	}
	args := make([]any, 0, 2*len(rows))
	for i, r := range rows {
		// Only a forged ledger leads to one key twice. Then the last one stays.
		if i+1 == len(rows) || rows[i+1].Key != r.Key {
			args = append(args, r.Key, r.Doc)
		}
	}
	return upsertInto(t.name).run(db, args)
}

// load puts what a root has into an empty one: with an error, what can be read.
func (t table[V]) load(db *gorm.DB, state *custody.State) error {
	values, err := t.find(db.Where(t.kept))
	t.restore(state, values)
	return err
}

// compare compares the rows with what a root has.
func (t table[V]) compare(db *gorm.DB, state *custody.State) error {
	return t.differ(db.Where(t.kept), t.changed(state))
}

// settle compares the rows of what ended in a fork, which its root is about to forget.
func (t table[V]) settle(db *gorm.DB, fork *custody.State) (ended int64, err error) {
	if t.over == nil {
		return 0, nil
	}
	gone := slices.DeleteFunc(t.changed(fork), func(v V) bool { return !t.over(v) })
	for some := range slices.Chunk(gone, window) {
		keys := make([]string, len(some))
		for i, v := range some {
			keys[i] = t.key(v)
		}
		if err := t.differ(db.Where("key IN ?", keys), some); err != nil {
			return 0, err
		}
	}
	return int64(len(gone)), nil
}

// surplus finds a row more than those that ended and those that a root knows.
func (t table[V]) surplus(db *gorm.DB, state *custody.State, ended int64) error {
	if t.over == nil { // compare looked at all of them
		return nil
	}
	var rows int64
	if err := db.Table(t.name).Count(&rows).Error; err != nil {
		return unavailable("read "+t.name, err)
	}
	want := ended + int64(len(t.changed(state)))
	if rows == want {
		return nil
	}
	var key string
	err := db.Raw("SELECT coalesce(min(key), '') FROM "+t.name+" WHERE key NOT IN (SELECT name FROM ledger_index WHERE kind = ?)", byAbout).Scan(&key).Error
	if err != nil {
		return unavailable("read "+t.name, err)
	}
	return &Difference{t.name, key, fmt.Sprintf("should not be there: %d rows instead of %d", rows, want)}
}

// documents gives the rows of some values.
func (t table[V]) documents(values []V) ([]document, error) {
	rows := make([]document, len(values))
	for i, v := range values {
		text, err := json.Marshal(v, written)
		if err != nil {
			return nil, fmt.Errorf("store: %s %q: %w", t.name, t.key(v), err)
		}
		rows[i] = document{t.key(v), string(text)}
	}
	return rows, nil
}

// find reads the values that db selects: with an error, those that can be read.
func (t table[V]) find(db *gorm.DB) ([]V, error) {
	var rows []document
	if err := db.Table(t.name).Select(t.name + ".key, " + t.name + ".doc").Find(&rows).Error; err != nil {
		return nil, unavailable("read "+t.name, err)
	}
	values := make([]V, 0, len(rows))
	var errs []error
	for _, r := range rows {
		var v V
		err := json.Unmarshal([]byte(r.Doc), &v, read)
		if err == nil && t.key(v) != r.Key {
			err = fmt.Errorf("it is the document of %q", t.key(v))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("store: %s %q: %w", t.name, r.Key, err))
			continue
		}
		values = append(values, v)
	}
	return values, errors.Join(errs...)
}

// findKnown is find, with the texts.
func (t table[V]) findKnown(db *gorm.DB) ([]V, error) {
	values, err := t.find(db)
	if err != nil {
		return nil, err
	}
	texts, err := findTexts(db.Session(&gorm.Session{NewDB: true}), custody.NotesOf(values))
	if err != nil {
		return nil, err
	}
	custody.Fill(&values, texts)
	return values, nil
}

// findKeys is findKnown for those of the rows that db, a session, selects that have
// these keys.
func (t table[V]) findKeys(db *gorm.DB, keys []string) (values []V, err error) {
	for some := range slices.Chunk(keys, desk.MaxPage) {
		found, err := t.findKnown(db.Where("key IN ?", some))
		if err != nil {
			return nil, err
		}
		values = append(values, found...)
	}
	return values, nil
}

// How values are written and read: maps with their keys in order, instants so that
// they sort, and nothing that is not known.
var (
	written = json.JoinOptions(json.Deterministic(true), json.WithMarshalers(
		json.MarshalToFunc(func(to *jsontext.Encoder, t time.Time) error {
			return to.WriteToken(jsontext.String(formatInstant(t)))
		})))
	read = json.JoinOptions(json.RejectUnknownMembers(true), json.WithUnmarshalers(
		json.UnmarshalFunc(func(text []byte, t *time.Time) error {
			var instant string
			if err := json.Unmarshal(text, &instant); err != nil {
				return err
			}
			var err error
			*t, err = parseInstant(instant)
			return err
		})))
)

// instantLayout sorts as time passes and holds what the domain can: any year
// that JSON can write, to the nanosecond.
const instantLayout = "2006-01-02T15:04:05.000000000Z"

// formatInstant gives "" for the zero time.
func formatInstant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(instantLayout)
}

func parseInstant(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(instantLayout, text)
}

// signedIn is the sessions of one person.
type signedIn struct {
	Person string            `json:"person"`
	Open   []custody.Session `json:"open,omitempty"` // the oldest first
}

// sessionsChanged gives those whose sessions a fork changed, by person.
func sessionsChanged(s *custody.State) []signedIn {
	changed := s.SessionsChanged()
	all := make([]signedIn, 0, len(changed))
	for _, person := range slices.Sorted(maps.Keys(changed)) {
		all = append(all, signedIn{person, changed[person]})
	}
	return all
}
