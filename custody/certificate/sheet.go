package certificate

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tandem-custody/tandem/custody/words"
)

// sheet is a certificate as it is laid out. Both kinds are such, on a page and in a PDF.
type sheet struct {
	Title   label
	Subject string
	At      time.Time // of the last thing on it
	Head    []line
	Tables  []table
	Rests   Ledger
	Signs   []string // who signs it by hand
	Notice  label

	Proof []line
	Sign  label
}

// table has a row for each thing of a kind. What is in its first column names the row.
type table struct {
	Head []label
	Rows [][]string
}

// line is one line of the head.
type line struct {
	Label label
	Value string
}

// label is what something is called, in both languages.
type label struct{ En, Zh string }

func (l label) String() string { return l.Zh + " " + l.En }

// lines has each language on a line of its own.
func (l label) lines() string { return l.Zh + "\n" + l.En }

// speaker says what stands on paper, in both languages. The first error is kept.
type speaker struct{ err error }

func (s *speaker) both(key string) (l label) {
	for lang, into := range map[string]*string{words.English: &l.En, words.Chinese: &l.Zh} {
		said, err := words.In(lang).Say(key, nil)
		if *into = said; err != nil {
			s.err = err
		}
	}
	return l
}

func (s *speaker) part(name string) label { return s.both("paper." + name) }
func (s *speaker) fact(kind string) label { return s.both("fact." + kind) }

// laid gives a document as it is laid out.
func (d Document) laid() (s sheet, err error) {
	var say speaker
	if d.Leaving != nil {
		s = d.Leaving.sheet(&say)
	} else {
		s = d.Paper.sheet(&say)
	}
	s.Sign = say.part("sign")
	s.Proof = []line{{say.part("ledger"), s.Rests.Origin}, {say.part("size"), strconv.FormatInt(s.Rests.Size, 10)}, {say.part("root"), s.Rests.Root}}
	return s, say.err
}

// Step is one thing that happened.
type Step struct {
	Index     int64     `json:"index"`
	Type      string    `json:"type"`
	Time      time.Time `json:"time"`
	Actor     string    `json:"actor"`
	Confirmed string    `json:"confirmed,omitzero"` // who confirmed it with a TOTP code, and the step; "": nobody had to
}

func stepOf(e indexed, zone *time.Location) Step {
	s := Step{Index: e.index, Type: e.Fact.Type(), Time: e.Time.In(zone), Actor: e.Actor}
	if e.Confirm != nil {
		s.Confirmed = fmt.Sprintf("%s (TOTP %d)", e.Confirm.Person, e.Confirm.Step)
	}
	return s
}

func (s *speaker) steps(all []Step, zone *time.Location) table {
	t := table{Head: []label{s.part("entry"), s.part("what"), s.part("time"), s.part("by"), s.part("confirmed")}}
	for _, step := range all {
		t.Rows = append(t.Rows, []string{strconv.FormatInt(step.Index, 10), s.fact(step.Type).lines(), moment(step.Time, zone), step.Actor, step.Confirmed})
	}
	return t
}

// redacted is said on paper in the place of a text that is not there.
func redacted() string {
	return words.In(words.Chinese).Redacted() + " " + words.In(words.English).Redacted()
}

func (s Party) String() string {
	if s.Name == "" || s.Name == s.Username {
		return s.Username
	}
	return s.Name + " (" + s.Username + ")"
}

// moment writes an instant with its zone.
func moment(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02 15:04:05 -07:00")
}
