package custody

func (d *decision) requestRotation(a RequestRotation) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	switch {
	case !c.HasCustodian(d.actor.Username) && !d.actor.Is(Manager):
		return refuseNotCustodian(c)
	case c.Phase == Rotating:
		return refuseRotating(c)
	case c.Phase != Held:
		return refuseInactive(c)
	case c.Holder != d.actor.Username && !d.actor.Is(Manager):
		return refuseNotHolder(c)
	}
	if err := CheckText("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.startRotation(c, ForRequested, c.Holder, a.Reason)
	return nil
}

// report enters what the rotation worker did. A report that does not follow on
// the step before it, or that belongs to an older rotation, is refused: its
// worker was overtaken by another one.
func (d *decision) report(a Action) error {
	switch a := a.(type) {
	case ReportStaged:
		if _, err := d.rotation(a.Rotation, StepPending); err != nil {
			return err
		}
		d.happen(RotationStaged{Credential: a.Rotation.Credential, Rotation: a.Rotation.Number})
	case ReportApplied:
		if _, err := d.rotation(a.Rotation, StepStaged); err != nil {
			return err
		}
		d.happen(RotationApplied{Credential: a.Rotation.Credential, Rotation: a.Rotation.Number})
	case ReportVerified:
		if _, err := d.rotation(a.Rotation, StepApplied); err != nil {
			return err
		}
		d.happen(RotationVerified{
			Credential: a.Rotation.Credential, Rotation: a.Rotation.Number, OldRefused: a.OldRefused,
		})
	case ReportPromoted:
		c, err := d.rotation(a.Rotation, StepVerified)
		if err != nil {
			return err
		}
		return d.promote(c, a.Version)
	case ReportFailed:
		c, err := d.rotation(a.Rotation)
		if err != nil {
			return err
		}
		d.happen(RotationFailed{
			Credential: c.Name, Rotation: c.Rotation.Number, Failure: a.Failure, NextTry: instant(a.NextTry),
		})
	}
	return nil
}

func (d *decision) promote(c Credential, version int64) error {
	if version <= c.Version { // I4: the secret store must have counted up
		return refuseLateReport(RotationID{c.Name, c.Rotation.Number})
	}
	d.happen(RotationPromoted{
		Credential: c.Name, Rotation: c.Rotation.Number, Version: version, Holder: c.Rotation.Successor,
	})
	if c.Rotation.Reason != ForReturn {
		return nil
	}
	if h, ok := d.state.Handover(c.Handover); ok && !d.state.returning(h, c.Name) {
		d.happen(HandoverClosed{Handover: h.ID})
	}
	return nil
}

// rotation gives the credential if this rotation of it is in progress and at
// one of the steps; without steps, at any.
func (d *decision) rotation(id RotationID, steps ...RotationStep) (Credential, error) {
	c, err := d.credential(id.Credential)
	if err != nil {
		return Credential{}, err
	}
	if c.Phase != Rotating || c.Rotation.Number != id.Number {
		return Credential{}, refuseLateReport(id)
	}
	for _, step := range steps {
		if c.Rotation.Step != step {
			return Credential{}, refuseLateReport(id)
		}
	}
	return c, nil
}

// tick lets time act on everything that is due.
func (d *decision) tick() {
	for c := range d.state.Credentials() {
		if c.Lease.ID != "" && !d.now.Before(c.Lease.Until) {
			d.endLease(c, "expired")
		}
		if c.Phase == Rotating && !c.Rotation.Overdue && !d.now.Before(c.Rotation.Deadline) {
			d.happen(RotationOverdue{Credential: c.Name, Rotation: c.Rotation.Number})
		}
	}
	for h := range d.state.OpenHandovers() {
		switch {
		case h.Status == Offered && !d.now.Before(h.Expires):
			d.happen(HandoverEnded{Handover: h.ID, How: Expired})
		case h.Status == Accepted && !h.Overdue && !h.ExpectedReturn.IsZero() && !d.now.Before(h.ExpectedReturn):
			d.happen(HandoverOverdue{Handover: h.ID})
		}
	}
}
