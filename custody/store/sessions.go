package store

import (
	"maps"
	"slices"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody"
)

// sessionRow is a row of sessions: what one person has open.
type sessionRow struct {
	Person string
	Open   string
}

func (sessionRow) TableName() string { return "sessions" }

func (r sessionRow) key() string { return r.Person }

func (r sessionRow) args(to []any) []any { return append(to, r.Person, r.Open) }

// signedIn is the sessions of one person.
type signedIn struct {
	person string
	open   []custody.Session
}

func (r sessionRow) value() (signedIn, error) {
	var d decoder
	s := signedIn{person: r.Person}
	d.json(r.Open, &s.open)
	return s, d.err
}

func rowOfSessions(s signedIn) (sessionRow, error) {
	var e encoder
	return sessionRow{Person: s.person, Open: e.json(s.open)}, e.err
}

// sessions gives those whose sessions a fork changed, by person; of a root, all.
func sessions(s *custody.State) []signedIn {
	changed := s.SessionsChanged()
	all := make([]signedIn, 0, len(changed))
	for _, person := range slices.Sorted(maps.Keys(changed)) {
		all = append(all, signedIn{person, changed[person]})
	}
	return all
}

func restoreSessions(db *gorm.DB, state *custody.State) error {
	all, err := find[sessionRow](db, "sessions")
	if err != nil {
		return err
	}
	for _, s := range all {
		state.RestoreSessions(s.person, s.open)
	}
	return nil
}
