package custody

import (
	"slices"
	"time"
)

// Update is a dependent that has not been told the current password yet.
type Update struct {
	Dependent string    `json:"dependent"`
	Attempts  int       `json:"attempts,omitzero"` // failed ones
	NextTry   time.Time `json:"next_try,omitzero"` // not before; zero: now
	Failure   string    `json:"failure,omitzero"`  // kind of the last failure
}

// update gives where in Updates a dependent is, or -1.
func (c Credential) update(dependent string) int {
	return slices.IndexFunc(c.Updates, func(u Update) bool { return u.Dependent == dependent })
}

// awaits says that a dependent does not have this version of the password yet.
func (c Credential) awaits(dependent string, version int64) bool {
	return c.Active() && c.Version == version && c.update(dependent) >= 0
}

// ReportUpdated says that a dependent took a password.
type ReportUpdated struct {
	Credential string `json:"credential"`
	Dependent  string `json:"dependent"`
	Version    int64  `json:"version"`
}

var _ = action(ReportUpdated{})

func (ReportUpdated) Verb() string         { return "report_updated" }
func (a ReportUpdated) Subject() string    { return a.Credential }
func (ReportUpdated) givers() givers       { return theSystem }
func (a ReportUpdated) bare(*State) Action { return a }

func (a ReportUpdated) decide(d *decision) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	if c.awaits(a.Dependent, a.Version) {
		d.happen(DependentUpdated(a))
	}
	return nil
}

// DependentUpdated: something that uses the password has the new one.
type DependentUpdated struct {
	Credential string `json:"credential"`
	Dependent  string `json:"dependent"`
	Version    int64  `json:"version"`
}

var _ = fact(DependentUpdated{})

func (DependentUpdated) Type() string               { return "dependent.updated" }
func (f DependentUpdated) Subject() string          { return f.Credential }
func (f DependentUpdated) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (DependentUpdated) grade() Grade               { return Ordinary }
func (DependentUpdated) by(*State, Event) Who       { return bySystem() }

func (f DependentUpdated) allowed(s *State, e Event) error {
	if c, _ := s.Credential(f.Credential); !c.awaits(f.Dependent, f.Version) {
		return e.violates("I7", "told a dependent what it knew, or another version")
	}
	return nil
}

func (f DependentUpdated) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		c.Updates = slices.DeleteFunc(slices.Clone(c.Updates), func(u Update) bool { return u.Dependent == f.Dependent })
	})
}

// ReportNotUpdated says that a dependent did not take a password.
type ReportNotUpdated struct {
	Credential string    `json:"credential"`
	Dependent  string    `json:"dependent"`
	Version    int64     `json:"version"`
	Failure    string    `json:"failure"` // kind, from a closed list
	NextTry    time.Time `json:"next_try"`
}

var _ = action(ReportNotUpdated{})

func (ReportNotUpdated) Verb() string         { return "report_not_updated" }
func (a ReportNotUpdated) Subject() string    { return a.Credential }
func (ReportNotUpdated) givers() givers       { return theSystem }
func (a ReportNotUpdated) bare(*State) Action { return a }

func (a ReportNotUpdated) decide(d *decision) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	if c.awaits(a.Dependent, a.Version) {
		d.happen(DependentFailed{
			Credential: a.Credential, Dependent: a.Dependent, Version: a.Version,
			Failure: a.Failure, NextTry: instant(a.NextTry),
		})
	}
	return nil
}

// DependentFailed: not yet; another attempt follows.
type DependentFailed struct {
	Credential string    `json:"credential"`
	Dependent  string    `json:"dependent"`
	Version    int64     `json:"version"`
	Failure    string    `json:"failure"`
	NextTry    time.Time `json:"next_try"`
}

var _ = fact(DependentFailed{})

func (DependentFailed) Type() string               { return "dependent.failed" }
func (f DependentFailed) Subject() string          { return f.Credential }
func (f DependentFailed) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (DependentFailed) grade() Grade               { return Ordinary }
func (DependentFailed) by(*State, Event) Who       { return bySystem() }

func (f DependentFailed) allowed(s *State, e Event) error {
	if c, _ := s.Credential(f.Credential); !c.awaits(f.Dependent, f.Version) {
		return e.violates("I7", "failed to tell a dependent what it knew, or another version")
	}
	return nil
}

func (f DependentFailed) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		c.Updates = slices.Clone(c.Updates) // shared with other states
		if i := c.update(f.Dependent); i >= 0 {
			c.Updates[i].Attempts++
			c.Updates[i].Failure, c.Updates[i].NextTry = f.Failure, f.NextTry
		}
	})
}
