package custody

import "slices"

// Manual is the Target.Kind of an account whose password a person sets by hand:
// its successor, who is shown the new one for that.
const Manual = "manual"

// ByHand says that a person sets this account's password, not Tandem.
func (c Credential) ByHand() bool { return c.Target.Kind == Manual }

// AwaitsPerson says that the rotation in progress goes on only when somebody
// has set the new password by hand.
func (c Credential) AwaitsPerson() bool {
	return c.ByHand() && c.Phase == Rotating && c.Rotation.Step == StepStaged
}

// ShowNew shows its successor the password that they are to set by hand, and the
// one that opens the target until then. Where Tandem sets it itself that is for a
// rotation that does not get through: it is paused first, so that the target is not
// repaired by two at once.
type ShowNew struct {
	Credential string `json:"credential"`
}

var _ = action(ShowNew{})

func (ShowNew) Verb() string      { return "show_new" }
func (a ShowNew) Subject() string { return a.Credential }
func (ShowNew) givers() givers    { return people }

func (a ShowNew) bare(s *State) Action { return ShowNew{s.nameOr(a.Credential)} }

func (a ShowNew) decide(d *decision) error {
	c, err := d.setByActor(a.Credential)
	if err != nil {
		return err
	}
	if !c.Showable() {
		return refuseNothingToSet(c)
	}
	if !c.mayBeShown() {
		return refuseNotPaused(c)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(RotationShown{Credential: c.Name, Rotation: c.Rotation.Number, Version: c.Version})
	return nil
}

// Showable says that there is a password in the making that a person could set.
func (c Credential) Showable() bool {
	return c.Phase == Rotating && (c.Rotation.Step == StepStaged || c.Rotation.Step == StepApplied)
}

func (c Credential) mayBeShown() bool { return c.ByHand() || c.Rotation.Paused }

// RotationShown was committed before the successor was shown the new password, to
// set it by hand, and the one before it.
type RotationShown struct {
	Credential string `json:"credential"`
	Rotation   int64  `json:"rotation"`
	Version    int64  `json:"version"` // of the one before it; 0: there is none
}

var _ = fact(RotationShown{})

func (RotationShown) Type() string               { return "rotation.shown" }
func (f RotationShown) Subject() string          { return f.Credential }
func (f RotationShown) concerns(*State) Concerns { return aboutCredential(f.Credential) }
func (RotationShown) grade() Grade               { return Ordinary }

func (f RotationShown) by(s *State, _ Event) Who {
	c, _ := s.Credential(f.Credential)
	return byPerson(c.Successor()).confirmed()
}

func (f RotationShown) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if f.Version != c.Version || !c.mayBeShown() {
		return e.violates("I5", "shown beside another version than the current one, or while Tandem went on setting it")
	}
	if c.Rotation.Step == StepApplied { // the target does not take it yet: once more
		return e.atStep(c, f.Rotation, StepApplied)
	}
	return e.atStep(c, f.Rotation, StepStaged)
}

func (f RotationShown) apply(s *State, e Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		c.Rotation.ShownTo = with(c.Rotation.ShownTo, e.Actor)
		c.Exposure = with(c.Exposure, e.Actor)
	})
	s.used(f.Credential, e.Actor, e.Time)
	s.answered(f.Credential, e.Actor)
}

// ConfirmSet says that the new password is set.
type ConfirmSet struct {
	Credential string `json:"credential"`
}

var _ = action(ConfirmSet{})

func (ConfirmSet) Verb() string      { return "confirm_set" }
func (a ConfirmSet) Subject() string { return a.Credential }
func (ConfirmSet) givers() givers    { return people }

func (a ConfirmSet) bare(s *State) Action { return ConfirmSet{s.nameOr(a.Credential)} }

func (a ConfirmSet) decide(d *decision) error { return d.confirmSet(a.Credential) }

// ConfirmSetAll says of several new passwords that they are set, with one code: of all
// of them, or of none.
type ConfirmSetAll struct {
	Credentials []string `json:"credentials"` // each once
}

var _ = action(ConfirmSetAll{})

func (ConfirmSetAll) Verb() string           { return "confirm_set_all" }
func (ConfirmSetAll) Subject() string        { return "" }
func (ConfirmSetAll) givers() givers         { return people }
func (a ConfirmSetAll) bare(s *State) Action { return ConfirmSetAll{s.namesOr(a.Credentials)} }

func (a ConfirmSetAll) decide(d *decision) error {
	if err := checkTogether("credentials", a.Credentials); err != nil {
		return err
	}
	return d.confirmSet(a.Credentials...)
}

func (d *decision) confirmSet(names ...string) error {
	var all []Credential
	for _, name := range names {
		c, err := d.settable(name)
		if err != nil {
			return err
		}
		all = append(all, c)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	for _, c := range all {
		d.happen(RotationApplied{Credential: c.Name, Rotation: c.Rotation.Number})
	}
	return nil
}

// settable gives a credential of which the actor can say that its new password is set.
func (d *decision) settable(name string) (Credential, error) {
	c, err := d.setByActor(name)
	switch {
	case err != nil:
		return c, err
	case !c.AwaitsPerson() || !slices.Contains(c.Rotation.ShownTo, d.actor.Username):
		return c, refuseNothingToSet(c)
	case c.Rotation.Paused:
		return c, refusePaused(c)
	}
	return c, c.reached()
}

// setByActor gives a credential whose new password the actor is to set by hand.
func (d *decision) setByActor(name string) (Credential, error) {
	c, err := d.credential(name)
	switch {
	case err != nil:
		return Credential{}, err
	case !c.MayHold(d.actor.Username):
		return Credential{}, refuseNotCustodian(c)
	case c.Phase != Rotating:
		return Credential{}, refuseNothingToSet(c)
	case c.Successor() != d.actor.Username:
		return Credential{}, refuseRotating(c)
	}
	return c, nil
}
