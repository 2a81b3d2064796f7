package custody

import "time"

// Policy is the part of the company's policy that is a matter of degree. What
// is not here is not configurable: that a return rotates, that two custodians
// are never both away, and that nobody overrides a holder.
type Policy struct {
	Version int // raised with every yearly review (clause 4.1)

	Lease            time.Duration // longest time between check-out and check-in
	OfferTTL         time.Duration // an offer that nobody accepted expires after this
	RotationDeadline time.Duration // a rotation that takes longer is a serious event

	LockAfter int           // wrong codes in a row before a person is locked out
	LockBase  time.Duration // length of the first lock-out; each further one doubles it
	LockMax   time.Duration // longest lock-out

	TOTPSkew int // steps before and after the current one whose codes are taken
}

// DefaultPolicy is what an installation starts with.
func DefaultPolicy() Policy {
	return Policy{
		Version:          1,
		Lease:            8 * time.Hour,
		OfferTTL:         24 * time.Hour,
		RotationDeadline: time.Hour,
		LockAfter:        5,
		LockBase:         30 * time.Second,
		LockMax:          time.Hour,
		TOTPSkew:         1,
	}
}

// Lockout is how long the nth lock-out in a row lasts (n from 0).
func (p Policy) Lockout(n int) time.Duration {
	d := p.LockBase
	for range n {
		if d >= p.LockMax {
			break
		}
		d *= 2
	}
	return min(d, p.LockMax)
}

// Locked says whether a lock-out still holds. One that ends later than the
// longest one would was begun by a clock that was ahead: it holds nobody.
func (p Policy) Locked(until, now time.Time) bool {
	return now.Before(until) && until.Sub(now) <= p.LockMax
}
