package custody

import "slices"

// maxHandover is how many credentials make one handover: their names have to
// fit into one entry of the ledger. More make several.
const maxHandover = 500

func (d *decision) offer(a Offer) error {
	if err := CheckText("reason", a.Reason); err != nil {
		return err
	}
	if !a.ExpectedReturn.IsZero() && !a.ExpectedReturn.After(d.now) {
		return Invalid("expected_return", Text{En: "must be in the future", Zh: "必须晚于当前时间"})
	}
	if a.Leave && !a.All {
		return Invalid("away_when_accepted", Text{En: "goes only with an offer of all that you hold", Zh: "只能与交接全部凭据一起使用"})
	}
	names, err := d.offered(a)
	if err != nil {
		return err
	}
	if a.Leave {
		if d.actor.Away {
			return refuseAlreadyAway()
		}
		if err := d.mayLeave(); err != nil {
			return err
		}
	}
	receivers := map[string][]string{}
	for _, name := range names {
		c, err := d.credential(name)
		if err != nil {
			return err
		}
		if err := d.offerable(c); err != nil {
			return err
		}
		to := c.Other(d.actor.Username)
		receivers[to] = append(receivers[to], name)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	next := d.state.Handovers
	for _, to := range keys(receivers) {
		for part := range slices.Chunk(receivers[to], maxHandover) {
			next++
			d.happen(HandoverOffered{
				Handover: handoverID(next), From: d.actor.Username, To: to,
				Credentials: part, Reason: a.Reason, Leave: a.Leave,
				ExpectedReturn: instantOrZero(a.ExpectedReturn), Expires: d.now.Add(d.policy.OfferTTL),
			})
		}
	}
	if a.Leave && len(names) == 0 {
		d.happen(PersonAway{Person: d.actor.Username, Until: instantOrZero(a.ExpectedReturn), Reason: a.Reason})
	}
	return nil
}

// offered gives the names in an offer, sorted, each once.
func (d *decision) offered(a Offer) ([]string, error) {
	if !a.All {
		if len(a.Credentials) == 0 {
			return nil, Invalid("credentials", Text{En: "must name at least one credential", Zh: "至少要有一个凭据"})
		}
		names := slices.Clone(a.Credentials)
		slices.Sort(names)
		return slices.Compact(names), nil
	}
	if len(a.Credentials) > 0 {
		return nil, Invalid("credentials", Text{En: "must be empty when all is offered", Zh: "交接全部凭据时必须为空"})
	}
	var names []string
	for _, name := range d.state.Charges(d.actor.Username) {
		c, _ := d.state.Credential(name)
		if c.Successor() == d.actor.Username {
			return nil, refuseRotating(c) // it would be theirs right after they left
		}
		if c.Holder == d.actor.Username {
			names = append(names, name)
		}
	}
	if len(names) == 0 && !a.Leave {
		return nil, refuseNothingHeld()
	}
	return names, nil
}

func (d *decision) offerable(c Credential) error {
	if err := d.heldByActor(c); err != nil {
		return err
	}
	if receiver, _ := d.state.Person(c.Other(d.actor.Username)); !receiver.Present() {
		return refuseReceiverAway(receiver, c)
	}
	if c.Handover != "" {
		return refuseHandoverOpen(c)
	}
	return nil
}

func (d *decision) accept(a Accept) error {
	h, err := d.handover(a.Handover)
	if err != nil {
		return err
	}
	switch {
	case h.To != d.actor.Username:
		return refuseNotParty(h)
	case h.Status != Offered, !d.now.Before(h.Expires):
		return refuseHandoverNotOpen(h)
	case d.actor.Away:
		return refuseSelfAway(d.actor)
	}
	for _, name := range h.Credentials {
		if c, _ := d.state.Credential(name); c.Phase != Held {
			return refuseRotating(c)
		}
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(HandoverAccepted{Handover: h.ID, From: h.From, To: h.To, Credentials: h.Credentials})
	for _, name := range h.Credentials {
		switch c, _ := d.state.Credential(name); {
		case c.Policy.RotateOnTransfer:
			d.startRotation(c, ForTransfer, h.To, "")
		case c.tooKnown():
			d.startRotation(c, ForExposure, h.To, "")
		}
	}
	if h.Leave && d.leavesWith(h) {
		d.happen(PersonAway{Person: h.From, Until: h.ExpectedReturn, Reason: h.Reason})
	}
	return nil
}

// leavesWith says whether the giver may be away once h is accepted: they then
// hold nothing, wait for nothing, and nobody they share with is away.
func (d *decision) leavesWith(h Handover) bool {
	giver, _ := d.state.Person(h.From)
	if giver.Away {
		return false
	}
	for _, name := range d.state.Charges(h.From) {
		c, _ := d.state.Credential(name)
		other, _ := d.state.Person(c.Other(h.From))
		if !other.Present() || c.Successor() == h.From {
			return false
		}
		if c.Holder == h.From && !slices.Contains(h.Credentials, name) {
			return false
		}
	}
	return true
}

func (d *decision) endOffer(id, reason string, how HandoverStatus) error {
	h, err := d.handover(id)
	if err != nil {
		return err
	}
	party := h.To
	if how == Cancelled {
		party = h.From
	}
	switch {
	case party != d.actor.Username:
		return refuseNotParty(h)
	case h.Status != Offered:
		return refuseHandoverNotOpen(h)
	}
	if err := checkOptionalText("reason", reason); err != nil {
		return err
	}
	d.happen(HandoverEnded{Handover: h.ID, How: how, Reason: reason})
	return nil
}

func (d *decision) giveBack(a GiveBack) error {
	h, err := d.handover(a.Handover)
	if err != nil {
		return err
	}
	if d.actor.Username != h.From && d.actor.Username != h.To {
		return refuseNotParty(h)
	}
	if err := d.returnable(h); err != nil {
		return err
	}
	if giver, _ := d.state.Person(h.From); giver.Away {
		if giver.Username == d.actor.Username {
			return refuseSelfAway(giver)
		}
		return refuseGiverAway(giver, h)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.returned(h)
	return nil
}

// returnable refuses unless everything in the handover can go back now.
func (d *decision) returnable(h Handover) error {
	if h.Status != Accepted {
		return refuseHandoverNotOpen(h)
	}
	for _, name := range h.Credentials {
		if c, _ := d.state.Credential(name); c.Phase != Held {
			return refuseRotating(c)
		}
	}
	return nil
}

func (d *decision) returned(h Handover) {
	d.happen(HandoverReturned{
		Handover: h.ID, From: h.From, To: h.To, Credentials: h.Credentials, Deadline: d.deadline(),
	})
}
