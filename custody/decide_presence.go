package custody

import "time"

func (d *decision) goAway(a GoAway) error {
	if d.actor.Away {
		return refuseAlreadyAway()
	}
	if err := d.mayLeave(); err != nil {
		return err
	}
	for _, name := range d.state.Charges(d.actor.Username) {
		c, _ := d.state.Credential(name)
		if c.Holder == d.actor.Username {
			return refuseStillHolds(c)
		}
	}
	if err := checkOptionalText("reason", a.Reason); err != nil {
		return err
	}
	if !a.Until.IsZero() && !a.Until.After(d.now) {
		return Invalid("until", Text{En: "must be in the future", Zh: "必须晚于当前时间"})
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(PersonAway{Person: d.actor.Username, Until: instantOrZero(a.Until), Reason: a.Reason})
	return nil
}

// mayLeave refuses when somebody the actor shares a credential with is away, or
// when a rotation in progress would make the actor its holder. Both-away comes
// first: there is nobody to hand over to, so that advice would be no help.
func (d *decision) mayLeave() error {
	for _, name := range d.state.Charges(d.actor.Username) {
		c, _ := d.state.Credential(name)
		if other, _ := d.state.Person(c.Other(d.actor.Username)); !other.Present() {
			return refuseBothAway(other, c)
		}
	}
	for _, name := range d.state.Charges(d.actor.Username) {
		if c, _ := d.state.Credential(name); c.Successor() == d.actor.Username {
			return refuseRotating(c)
		}
	}
	return nil
}

func (d *decision) comeBack(a ComeBack) error {
	var gave []Handover
	if a.TakeBack {
		for _, id := range d.given() {
			h, _ := d.state.Handover(id)
			if err := d.returnable(h); err != nil {
				return err
			}
			gave = append(gave, h)
		}
		if err := d.confirm(); err != nil {
			return err
		}
	}
	if d.actor.Away {
		d.happen(PersonPresent{Person: d.actor.Username})
	}
	for _, h := range gave {
		d.returned(h)
	}
	return nil
}

// given lists the accepted handovers in which the actor gave something.
func (d *decision) given() []string {
	ids := map[string]bool{}
	for _, name := range d.state.Charges(d.actor.Username) {
		c, _ := d.state.Credential(name)
		if h, ok := d.state.Handover(c.Handover); ok && h.From == d.actor.Username && h.Status == Accepted {
			ids[h.ID] = true
		}
	}
	return keys(ids)
}

func instantOrZero(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return instant(t)
}
