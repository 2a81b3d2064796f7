package custody

import (
	"fmt"
	"time"
)

func (d *decision) checkOut(a CheckOut) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	if err := d.heldByActor(c); err != nil {
		return err
	}
	if d.actor.Away { // I3 makes this impossible; a check-out does not rely on it
		return refuseSelfAway(d.actor)
	}
	if err := CheckText("purpose", a.Purpose); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	length := d.policy.Lease
	if c.Policy.LeaseSeconds > 0 {
		length = time.Duration(c.Policy.LeaseSeconds) * time.Second
	}
	d.happen(CheckoutGranted{
		Credential: c.Name,
		Lease:      leaseID(d.state.Leases + 1),
		Purpose:    a.Purpose,
		Version:    c.Version,
		Until:      d.now.Add(length),
	})
	return nil
}

func (d *decision) checkIn(a CheckIn) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	if !c.HasCustodian(d.actor.Username) {
		return refuseNotCustodian(c)
	}
	if c.Lease.Person != d.actor.Username {
		return refuseNoLease(c)
	}
	d.endLease(c, "checkin")
	return nil
}

// endLease ends what was lent and, where the policy says so, has the password
// changed for the same holder: at every check-in, or when what has come due
// meanwhile was not to interrupt their work.
func (d *decision) endLease(c Credential, how string) {
	d.happen(CheckoutEnded{Credential: c.Name, Lease: c.Lease.ID, How: how})
	c.Lease = Lease{}
	switch {
	case c.Policy.RotateOnCheckin:
		d.startRotation(c, ForCheckin, c.Holder, "")
	case c.tooOld(d.now):
		d.startRotation(c, ForAge, c.Holder, "")
	case c.tooKnown():
		d.startRotation(c, ForExposure, c.Holder, "")
	}
}

func (d *decision) startRotation(c Credential, reason RotationReason, successor, note string) {
	d.happen(RotationStarted{
		Credential: c.Name, Rotation: c.Rotation.Number + 1, Reason: reason,
		Successor: successor, Deadline: d.deadline(), Note: note,
	})
}

// leaseID names the nth check-out ever granted, n from 1.
func leaseID(n int64) string { return fmt.Sprintf("lease-%d", n) }
