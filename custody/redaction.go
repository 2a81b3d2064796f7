package custody

import (
	"cmp"
	"slices"
)

// RedactText takes what people wrote out of an entry for good: a password typed into
// a purpose, a name that must not be kept. What commits to it stays, so no hash
// changes. By a manager or a director, with a code.
type RedactText struct {
	Entry       int64    `json:"entry"`       // index of an entry that shows it
	Commitments []string `json:"commitments"` // sorted, each once
	Reason      Note     `json:"reason"`
}

var _ = action(RedactText{})

func (RedactText) Verb() string    { return "redact_text" }
func (RedactText) Subject() string { return "" }
func (RedactText) givers() givers  { return people }

// bare keeps what it was about: that is on record already.
func (a RedactText) bare(*State) Action {
	a.Commitments = slices.DeleteFunc(slices.Clone(a.Commitments), func(c string) bool { return !areCommitments([]string{c}) })
	a.Reason = absentNote
	return a
}

func (a RedactText) decide(d *decision) error {
	if !d.actor.Is(Manager) && !d.actor.Is(Director) {
		return refuseForbidden(onlyManagerOrDirector)
	}
	if a.Entry < 0 || a.Entry >= d.state.Size {
		return refuseNotFound(anEntry)
	}
	if !areCommitments(a.Commitments) {
		return Invalid("commitments", "no_commitments")
	}
	if person := d.state.readsAt(a.Commitments); person != "" {
		return refuseReadsAt(person)
	}
	if credential := d.state.standsAt(a.Commitments); credential != "" {
		return refuseStandsAt(credential)
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(TextRedacted(a))
	return nil
}

// TextRedacted: the texts that these commit to are not there any more. One person
// was enough for it, so it is serious.
type TextRedacted struct {
	Entry       int64    `json:"entry"`
	Commitments []string `json:"commitments"`
	Reason      Note     `json:"reason"`
}

var _ = fact(TextRedacted{})

func (TextRedacted) Type() string             { return "text.redacted" }
func (TextRedacted) Subject() string          { return "" }
func (TextRedacted) concerns(*State) Concerns { return Concerns{} }
func (TextRedacted) grade() Grade             { return Serious }
func (TextRedacted) by(*State, Event) Who     { return byRole(Manager, Director).confirmed() }

func (f TextRedacted) allowed(s *State, e Event) error {
	if f.Entry < 0 || f.Entry >= s.Size || !areCommitments(f.Commitments) || s.readsAt(f.Commitments) != "" || s.standsAt(f.Commitments) != "" {
		return e.violates("I7", "of an entry that there is not, of what is no text, or of an address in use")
	}
	return nil
}

// apply changes nothing: a State has no texts.
func (TextRedacted) apply(*State, Event) {}

func areCommitments(all []string) bool {
	for i, c := range all {
		if new(Note).UnmarshalText([]byte(c)) != nil || c == "" || c == absent || i > 0 && all[i-1] >= c {
			return false
		}
	}
	return len(all) > 0
}

// readsAt gives somebody whose address one of these commits to, or "": without it
// they would be told nothing any more.
func (s *State) readsAt(commitments []string) (username string) {
	for p := range s.People() {
		if slices.Contains(commitments, p.Email.commitment) || slices.ContainsFunc(p.FormerEmails(s.Time), func(n Note) bool { return slices.Contains(commitments, n.commitment) }) {
			username = cmp.Or(username, p.Username)
		}
	}
	return username
}

// standsAt gives a credential in custody whose target one of these is a part of, or
// "": without it its password could not be changed any more.
func (s *State) standsAt(commitments []string) string {
	for c := range s.Credentials() {
		if c.Phase != Retired && slices.ContainsFunc(notesIn(c.Target), func(n Note) bool { return slices.Contains(commitments, n.commitment) }) {
			return c.Name
		}
	}
	return ""
}

func refuseReadsAt(person string) *Refusal {
	return &Refusal{Code: Conflict, Rule: "4.5", Key: "address_in_force", Args: Args{"person": person}}
}

func refuseStandsAt(credential string) *Refusal {
	return &Refusal{Code: Conflict, Rule: "4.5", Key: "target_in_force", Args: Args{"credential": credential}}
}

// RefuseNothingWritten is for an entry that shows no text, or none any more.
func RefuseNothingWritten() *Refusal {
	return &Refusal{Code: Conflict, Key: "nothing_written"}
}
