package custody

import (
	"fmt"
	"time"
)

// Decide says what a command leads to: the events in order, or a Refusal. It
// changes nothing and asks nobody; now is the one instant of the transaction.
// No events and no error means that everything already is as wanted.
//
// The rules are looked at before the code is. A command that a rule refuses
// therefore says nothing about its code, and the code is not used up: after
// putting right what stood in the way the person sends it again.
func Decide(s *State, p Policy, c Command, now time.Time) ([]Event, error) {
	d := decision{state: s, policy: p, command: c, now: instant(now)}
	if d.now.Before(s.Time) {
		d.now, d.held = s.Time, true
	}
	if c.Actor != System {
		actor, ok := s.Person(c.Actor)
		if !ok || actor.Disabled {
			return nil, refuseUnauthenticated()
		}
		d.actor = actor
	}
	if err := d.decide(); err != nil {
		return nil, err
	}
	return d.events, nil
}

// Refused gives the events with which a refusal is entered, a lock-out after
// too many wrong codes included; none when it is not one to be entered.
func Refused(s *State, p Policy, c Command, r *Refusal, now time.Time) []Event {
	actor, ok := s.Person(c.Actor)
	if !r.Recorded() || !ok {
		return nil
	}
	d := decision{state: s, policy: p, command: c, actor: actor, now: instant(now)}
	if d.now.Before(s.Time) {
		d.now, d.held = s.Time, true
	}
	d.happen(CommandRefused{Command: c.Action.Verb(), On: s.known(c.Action.Subject()), Code: r.Code, Rule: r.Rule})
	if r.Code == TOTPInvalid && actor.WrongCodes+1 >= p.LockAfter {
		d.happen(PersonLocked{Person: actor.Username, Until: d.now.Add(p.Lockout(actor.Lockouts))})
	}
	return d.events
}

// known gives a submitted name back only if something is called so: the ledger
// is no place for what strangers type.
func (s *State) known(name string) string {
	if _, ok := s.Credential(name); ok {
		return name
	}
	if _, ok := s.Handover(name); ok {
		return name
	}
	if _, ok := s.Person(name); ok {
		return name
	}
	return ""
}

// decision is one run of Decide.
type decision struct {
	state   *State
	policy  Policy
	command Command
	actor   Person // zero for System
	now     time.Time
	held    bool

	confirmed *Confirmation
	events    []Event
}

func (d *decision) decide() error {
	switch a := d.command.Action.(type) {
	case AddPerson:
		return d.addPerson(a)
	case AddCredential:
		return d.addCredential(a)
	case Reconcile:
		return d.reconcile(a)
	case LockSignIn, RecoverEnrolment, Tick, ReportStaged, ReportApplied, ReportVerified, ReportPromoted, ReportFailed,
		StartVerification, EndVerification, ReportUpdated, ReportNotUpdated, ReportConflict:
		if d.command.Actor != System {
			return refuseForbidden(Text{En: "the system itself", Zh: "系统自身"})
		}
		return d.decideForSystem(a)
	}
	// The system is no person: it holds nothing, goes nowhere and has no code.
	if d.command.Actor == System {
		return refuseForbidden(Text{En: "a person", Zh: "人员本人"})
	}
	return d.decideForPerson()
}

func (d *decision) decideForPerson() error {
	switch a := d.command.Action.(type) {
	case CheckOut:
		return d.checkOut(a)
	case CheckIn:
		return d.checkIn(a)
	case Offer:
		return d.offer(a)
	case Accept:
		return d.accept(a)
	case Decline:
		return d.endOffer(a.Handover, a.Reason, Declined)
	case Cancel:
		return d.endOffer(a.Handover, a.Reason, Cancelled)
	case GiveBack:
		return d.giveBack(a)
	case GoAway:
		return d.goAway(a)
	case ComeBack:
		return d.comeBack(a)
	case RequestRotation:
		return d.requestRotation(a)
	case ShowNew:
		return d.showNew(a)
	case ConfirmSet:
		return d.confirmSet(a)
	case ResetEnrolment:
		return d.resetEnrolment(a)
	case SignIn:
		return d.signIn()
	case SignOut:
		d.happen(SessionClosed{Person: d.actor.Username})
		return nil
	case Retire:
		return d.retire(a)
	case ChangePolicy:
		return d.changePolicy(a)
	}
	panic(fmt.Sprintf("custody: Decide does not know %T", d.command.Action))
}

func (d *decision) decideForSystem(a Action) error {
	switch a := a.(type) {
	case LockSignIn:
		d.happen(SignInLocked{Person: a.Person, Failures: a.Failures, Until: instant(a.Until)})
		return nil
	case RecoverEnrolment:
		if _, ok := d.state.Person(a.Person); !ok {
			return refuseNotFound(aPerson)
		}
		d.happen(EnrolmentReset{Person: a.Person, Recovery: true})
		return nil
	case StartVerification, EndVerification:
		return d.verification(a)
	case ReportUpdated, ReportNotUpdated:
		return d.update(a)
	case ReportConflict:
		d.happen(LedgerConflict(a))
		return nil
	case Tick:
		d.tick()
		return nil
	}
	return d.report(a)
}

// happen adds an event.
func (d *decision) happen(f Fact) {
	d.events = append(d.events, Event{
		Time: d.now, Held: d.held, Actor: d.command.Actor, Request: d.command.Request,
		Confirm: d.confirmed, Fact: f,
	})
}

// confirm demands the actor's TOTP code. It is the last thing a command asks
// for before its events, which then carry the confirmation (I6).
func (d *decision) confirm() error {
	_, proving := d.command.Action.(SignIn) // the one use of a seed that is not proved yet
	switch {
	case d.now.Before(d.actor.LockedUntil):
		return refuseLocked(d.actor, d.now)
	case !d.actor.Enrolled && !proving:
		return refuseNotEnrolled()
	case !d.command.Proof.Given:
		return Invalid("totp", Text{En: "is needed: this must be confirmed with a code", Zh: "必填：此操作须用验证码确认"})
	case len(d.command.Proof.Steps) == 0:
		return refuseWrongCode(max(0, d.policy.LockAfter-d.actor.WrongCodes-1))
	}
	best := int64(-1)
	for _, step := range d.command.Proof.Steps {
		best = max(best, step)
	}
	if best <= d.actor.LastStep {
		return refuseReplayed(d.actor, d.now)
	}
	d.confirmed = &Confirmation{Person: d.actor.Username, Step: best}
	return nil
}

func (d *decision) credential(name string) (Credential, error) {
	c, ok := d.state.Credential(name)
	if !ok {
		return Credential{}, refuseNotFound(aCredential)
	}
	return c, nil
}

func (d *decision) handover(id string) (Handover, error) {
	h, ok := d.state.Handover(id)
	switch {
	case ok:
		return h, nil
	case d.state.offeredBefore(id):
		return Handover{}, refuseHandoverOver()
	}
	return Handover{}, refuseNotFound(aHandover)
}

// heldByActor refuses unless the actor is the holder of the credential.
func (d *decision) heldByActor(c Credential) error {
	switch {
	case !c.HasCustodian(d.actor.Username):
		return refuseNotCustodian(c)
	case c.Phase == Rotating:
		return refuseRotating(c)
	case c.Phase != Held:
		return refuseInactive(c)
	case c.Holder != d.actor.Username:
		return refuseNotHolder(c)
	}
	return nil
}

func (d *decision) deadline() time.Time { return d.now.Add(d.policy.RotationDeadline) }
