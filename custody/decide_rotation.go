package custody

func (d *decision) requestRotation(a RequestRotation) error {
	var wanted []Credential
	switch {
	case a.All && a.Credential != "":
		return Invalid("credential", Text{En: "must be empty when all are meant", Zh: "针对全部凭据时必须为空"})
	case a.All:
		for c := range d.state.Credentials() {
			if d.mayChange(c) == nil {
				wanted = append(wanted, c)
			}
		}
		if len(wanted) == 0 {
			return refuseNothingHeld()
		}
	default:
		c, err := d.credential(a.Credential)
		if err != nil {
			return err
		}
		if err := d.mayChange(c); err != nil {
			return err
		}
		wanted = []Credential{c}
	}
	if err := CheckText("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	for _, c := range wanted {
		d.startRotation(c, ForRequested, c.Holder, a.Reason)
	}
	return nil
}

// mayChange refuses unless the actor is the holder or a manager, and nothing is
// in progress.
func (d *decision) mayChange(c Credential) error {
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
	return nil
}

func (d *decision) reconcile(a Reconcile) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	if d.command.Actor == System {
		if c.Phase != Held || c.Drifted.IsZero() || !c.Policy.AutoReconcile || !c.Reconciles {
			return nil // what called for it is over
		}
		d.startRotation(c, ForDrift, c.Holder, "")
		return nil
	}
	if err := d.mayChange(c); err != nil {
		return err
	}
	if !c.Reconciles {
		return refuseNoSecondAccount(c)
	}
	if err := CheckText("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.startRotation(c, ForDrift, c.Holder, a.Reason)
	return nil
}

func (d *decision) showNew(a ShowNew) error {
	c, err := d.setByActor(a.Credential)
	if err != nil {
		return err
	}
	if step := c.Rotation.Step; step != StepStaged && step != StepApplied {
		return refuseNothingToSet(c)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(RotationShown{Credential: c.Name, Rotation: c.Rotation.Number, Version: c.Version})
	return nil
}

func (d *decision) confirmSet(a ConfirmSet) error {
	c, err := d.setByActor(a.Credential)
	if err != nil {
		return err
	}
	if !c.AwaitsPerson() || !c.Rotation.Shown {
		return refuseNothingToSet(c)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(RotationApplied{Credential: c.Name, Rotation: c.Rotation.Number})
	return nil
}

// setByActor gives a credential whose new password the actor is to set by hand.
func (d *decision) setByActor(name string) (Credential, error) {
	c, err := d.credential(name)
	switch {
	case err != nil:
		return Credential{}, err
	case !c.HasCustodian(d.actor.Username):
		return Credential{}, refuseNotCustodian(c)
	case c.Phase != Rotating || !c.ByHand():
		return Credential{}, refuseNothingToSet(c)
	case c.Successor() != d.actor.Username:
		return Credential{}, refuseRotating(c)
	}
	return c, nil
}

// verification enters that the password is tried on its target, and the result.
// A result that came too late, when another password counts, is no result.
func (d *decision) verification(a Action) error {
	c, err := d.credential(a.Subject())
	if err != nil {
		return err
	}
	switch a := a.(type) {
	case StartVerification:
		if c.Phase != Held || c.Version != a.Version {
			return refuseLateReport(RotationID{c.Name, c.Rotation.Number})
		}
		d.happen(VerificationStarted(a))
	case EndVerification:
		if c.Phase == Held && c.Version == a.Version {
			d.happen(VerificationEnded(a))
		}
	}
	return nil
}

// update enters whether a dependent took the current password.
func (d *decision) update(a Action) error {
	c, err := d.credential(a.Subject())
	if err != nil {
		return err
	}
	pending := func(dependent string, version int64) bool {
		return c.Active() && c.Version == version && c.update(dependent) >= 0
	}
	switch a := a.(type) {
	case ReportUpdated:
		if pending(a.Dependent, a.Version) {
			d.happen(DependentUpdated(a))
		}
	case ReportNotUpdated:
		if pending(a.Dependent, a.Version) {
			d.happen(DependentFailed{
				Credential: a.Credential, Dependent: a.Dependent, Version: a.Version,
				Failure: a.Failure, NextTry: instant(a.NextTry),
			})
		}
	}
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
		c, err := d.rotation(a.Rotation, StepStaged)
		if err != nil {
			return err
		}
		if c.ByHand() { // for a person to say
			return refuseLateReport(a.Rotation)
		}
		d.happen(RotationApplied{Credential: a.Rotation.Credential, Rotation: a.Rotation.Number})
	case ReportVerified:
		if _, err := d.rotation(a.Rotation, StepApplied); err != nil {
			return err
		}
		d.happen(RotationVerified{
			Credential: a.Rotation.Credential, Rotation: a.Rotation.Number, OldRefused: a.OldRefused, Attested: a.Attested,
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
		Exposed: c.exposedByRotation(),
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
		switch {
		case c.Lease.ID != "" && !d.now.Before(c.Lease.Until):
			d.endLease(c, "expired")
		case c.Phase == Held && c.tooOld(d.now):
			d.startRotation(c, ForAge, c.Holder, "")
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
