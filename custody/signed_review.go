package custody

// An auditor who has gone through a part of the ledger says so in it: which entries, and
// what was found. Whoever comes next begins behind them, and a year's report shows who
// looked at what.

// SignReview says that entries were gone through, by an auditor.
type SignReview struct {
	From int64 `json:"from"` // index of the first
	To   int64 `json:"to"`   // index behind the last
	Text Note  `json:"text"` // what was found
}

var _ = action(SignReview{})

func (SignReview) Verb() string    { return "sign_review" }
func (SignReview) Subject() string { return "" }
func (SignReview) givers() givers  { return people }

// bare keeps which entries it was about: that is no text.
func (a SignReview) bare(*State) Action { return SignReview{a.From, a.To, absentNote} }

func (a SignReview) decide(d *decision) error {
	if !d.actor.Is(Auditor) {
		return refuseForbidden(onlyAuditor)
	}
	if err := d.state.reviewable(a.From, a.To); err != nil {
		return err
	}
	if err := checkNote("text", a.Text); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(ReviewSigned(a))
	return nil
}

// reviewable says whether some entries are there to be gone through.
func (s *State) reviewable(from, to int64) error {
	switch {
	case from < 0 || from >= s.Size:
		return Invalid("from", "no_entry")
	case to <= from || to > s.Size:
		return Invalid("to", "no_entry")
	}
	return nil
}

// ReviewSigned: an auditor went through the entries [From, To).
type ReviewSigned struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
	Text Note  `json:"text"`
}

var _ = fact(ReviewSigned{})

func (ReviewSigned) Type() string             { return "review.signed" }
func (ReviewSigned) Subject() string          { return "" }
func (ReviewSigned) concerns(*State) Concerns { return Concerns{} }
func (ReviewSigned) grade() Grade             { return Ordinary }
func (ReviewSigned) by(*State, Event) Who     { return byRole(Auditor).confirmed() }

func (f ReviewSigned) allowed(s *State, e Event) error {
	if s.reviewable(f.From, f.To) != nil {
		return e.violates("I7", "of entries that were not there")
	}
	return nil
}

// apply changes nothing: no rule looks at who has looked.
func (ReviewSigned) apply(*State, Event) {}
