package gantt

import (
	"iter"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// Kind is what a span of a row says.
type Kind string

// The kinds. The first six say who has the credential: one of them at any time
// that is known.
const (
	Primary  Kind = "primary"  // the primary holds it
	Backup   Kind = "backup"   // the backup does
	Rotation Kind = "rotation" // nobody does: its password is being changed
	Parked   Kind = "parked"   // nobody does, until a custodian takes it
	Late     Kind = "late"     // the same, past the deadline
	Overdue  Kind = "overdue"  // Who holds it, past the return that was agreed

	Away    Kind = "away"    // one of the custodians is out
	Refused Kind = "refused" // a command of Who was refused, at From
	Drifted Kind = "drifted" // the target refuses the present password
)

// Gap says that something is not as it should be.
func (k Kind) Gap() bool { return k == Late || k == Overdue || k == Drifted }

// Span is a part of a row: From is in it, To is not.
type Span struct {
	Kind     Kind
	Who      string // username; "" where nobody holds it
	From, To time.Time
	Open     bool         // it began before the window, or it goes on
	Code     custody.Code // of a refusal
}

// Row is what happened to one credential, each list in order of time.
type Row struct {
	Credential, Primary, Backup string

	Custody []Span // never overlapping; what is not covered is not known, or no custody
	Away    []Span
	Refused []Span // To is From
	Drifted []Span // only what lasts: at most one
}

// Lines gives all of a row in order of time, for a table.
func (r Row) Lines() []Span {
	lines := slices.Concat(r.Custody, r.Away, r.Refused, r.Drifted)
	slices.SortStableFunc(lines, func(a, b Span) int { return a.From.Compare(b.From) })
	return lines
}

// Fold works out the rows of some credentials from events in order of time.
// Those before the window say how it begins, those of other credentials do not
// matter. Nothing is drawn behind now.
func Fold(w Window, now time.Time, credentials []custody.Credential, events iter.Seq[custody.Event]) []Row {
	f := fold{
		from: w.From, end: w.To, zone: w.From.Location(),
		rows: make([]track, len(credentials)), at: map[string]*track{}, away: map[string]time.Time{}, absences: map[string][]Span{},
	}
	if now.Before(f.end) {
		f.end = now.In(f.zone)
	}
	for i, c := range credentials {
		f.rows[i].Row = Row{Credential: c.Name, Primary: c.Primary, Backup: c.Backup}
		f.at[c.Name] = &f.rows[i]
		if span, seen := f.clip(Drifted, "", c.Drifted, f.end, true); seen && !c.Drifted.IsZero() {
			f.rows[i].Drifted = []Span{span}
		}
	}
	for e := range events {
		if !e.Time.Before(f.end) {
			break
		}
		f.apply(e)
	}
	return f.finish()
}

type fold struct {
	from, end time.Time
	zone      *time.Location
	rows      []track
	at        map[string]*track    // by credential
	away      map[string]time.Time // since when a person is out
	absences  map[string][]Span    // those that are over, by person
}

// track is a row and how it stands at the event that was read last.
type track struct {
	Row
	kind     Kind // "" where nothing is known, or before and after custody
	who      string
	since    time.Time
	handover string // by which the holder got it
}

func (f *fold) apply(e custody.Event) {
	f.becomes(e.Time, Rotation, custody.Begins(e.Fact)...)
	switch fact := e.Fact.(type) {
	case custody.RotationOverdue:
		f.becomes(e.Time, Late, fact.Credential)
	case custody.RotationPromoted:
		if fact.Holder == "" {
			f.becomes(e.Time, Parked, fact.Credential)
			break
		}
		f.holds(e.Time, fact.Holder, "", fact.Credential)
	case custody.CredentialTaken:
		if t := f.at[fact.Credential]; t != nil && t.kind == Parked { // else it is being changed still
			f.holds(e.Time, fact.Person, "", fact.Credential)
		}
	case custody.CredentialRetired:
		f.becomes(e.Time, "", fact.Credential)
	case custody.CredentialAbandoned:
		f.becomes(e.Time, "", fact.Credential)
	case custody.HandoverAccepted:
		f.holds(e.Time, fact.To, fact.Handover, fact.Credentials...)
	case custody.HandoverCarriedOut:
		f.holds(e.Time, fact.To, fact.Handover, fact.Credentials...)
	case custody.HandoverOverdue:
		for i := range f.rows {
			if t := &f.rows[i]; t.handover == fact.Handover {
				f.turn(t, e.Time, Overdue, t.who)
			}
		}
	case custody.HandoverVoided:
		for i := range f.rows {
			if t := &f.rows[i]; t.handover == fact.Handover {
				f.holds(e.Time, t.who, "", t.Credential)
			}
		}
	case custody.PersonAway:
		if _, already := f.away[fact.Person]; !already {
			f.away[fact.Person] = e.Time
		}
	case custody.PersonPresent:
		if since, was := f.away[fact.Person]; was {
			f.absent(fact.Person, since, e.Time, false)
			delete(f.away, fact.Person)
		}
	case custody.CommandRefused:
		if t := f.at[fact.On]; t != nil && !e.Time.Before(f.from) {
			at := e.Time.In(f.zone)
			t.Refused = append(t.Refused, Span{Kind: Refused, Who: e.Actor, From: at, To: at, Code: fact.Code})
		}
	}
}

// becomes says that nobody holds the credentials any more.
func (f *fold) becomes(at time.Time, kind Kind, credentials ...string) {
	for _, name := range credentials {
		if t := f.at[name]; t != nil {
			t.handover = ""
			f.turn(t, at, kind, "")
		}
	}
}

func (f *fold) holds(at time.Time, who, handover string, credentials ...string) {
	for _, name := range credentials {
		if t := f.at[name]; t != nil {
			kind := Backup
			if who == t.Primary || t.Primary == "" && who != t.Backup { // whose seat is vacant now
				kind = Primary
			}
			t.handover = handover
			f.turn(t, at, kind, who)
		}
	}
}

// turn ends what the row was and begins another span, unless nothing changes.
func (f *fold) turn(t *track, at time.Time, kind Kind, who string) {
	if t.kind == kind && t.who == who {
		return
	}
	f.close(t, at, false)
	t.kind, t.who, t.since = kind, who, at
}

func (f *fold) close(t *track, at time.Time, open bool) {
	if span, seen := f.clip(t.kind, t.who, t.since, at, open); seen && t.kind != "" {
		t.Custody = append(t.Custody, span)
	}
}

func (f *fold) absent(person string, since, until time.Time, open bool) {
	if span, seen := f.clip(Away, person, since, until, open); seen {
		f.absences[person] = append(f.absences[person], span)
	}
}

// clip gives the part of a span that is in the window, in its zone.
func (f *fold) clip(kind Kind, who string, from, to time.Time, open bool) (Span, bool) {
	s := Span{Kind: kind, Who: who, From: from.In(f.zone), To: to.In(f.zone), Open: open}
	if s.From.Before(f.from) {
		s.From, s.Open = f.from, true
	}
	return s, s.From.Before(s.To)
}

func (f *fold) finish() []Row {
	for person, since := range f.away {
		f.absent(person, since, f.end, true)
	}
	rows := make([]Row, len(f.rows))
	for i := range f.rows {
		t := &f.rows[i]
		f.close(t, f.end, true)
		t.Away = slices.Concat(f.absences[t.Primary], f.absences[t.Backup])
		slices.SortStableFunc(t.Away, func(a, b Span) int { return a.From.Compare(b.From) })
		rows[i] = t.Row
	}
	return rows
}
