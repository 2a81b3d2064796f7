package custody

import "time"

// Failure is the kind of a failed attempt at a rotation, from a closed list: all that
// people and the ledger learn of it.
type Failure string

// Those that a rule goes by; the rest of the list is the worker's. Each is a log-in
// that the target refused, of which an account has only a few.
const (
	AdminRefused   Failure = "admin_refused"   // of the second account
	CurrentRefused Failure = "current_refused" // with the password that was valid last
	NewRefused     Failure = "new_refused"     // with the new password
)

// stops says that after such a failure nothing is tried before a person says so:
// what was refused once is refused again, until the account is locked.
func stops(failure string) bool {
	return failure == string(AdminRefused) || failure == string(CurrentRefused)
}

// fail notes that an attempt did not get through. What a person sets by hand is probed
// when they say that it is set, once: the target has answered, and not as it should.
func (c *Credential) fail(f RotationFailed) {
	r := &c.Rotation
	r.Attempts++
	r.Failure, r.NextTry = f.Failure, f.NextTry
	r.Touched = r.Touched || r.Sending && !f.Unsent
	r.Sending = false
	switch {
	case stops(f.Failure):
		r.Paused = true
	case c.ByHand() && r.Step == StepApplied && !f.Unsent:
		r.Step = StepStaged
	}
}

// resume lets a paused rotation go on: at once, but after a refusal not before the
// time that accounts need to forget one.
func (r *Rotation) resume() {
	r.Paused = false
	if !stops(r.Failure) {
		r.NextTry = time.Time{}
	}
}

// Stops says that a person is asked to put right what refused a log-in.
func (f RotationFailed) Stops() bool { return stops(f.Failure) }

// Stopped says that nobody paused it: a log-in was refused, and a person is asked to
// put that right.
func (r Rotation) Stopped() bool { return r.Paused && stops(r.Failure) }
