package custody

import (
	"testing"
	"time"
)

// forgedAbsent is one in which people are not there: as they planned it, with what both had
// signed, moved, swapped and ended; and when nobody could reach them, with a yes, a no, in
// silence and in vain.
func forgedAbsent(t *testing.T) []Event {
	o := sixHired(t)
	act, refused := o.acts, o.refused
	add := server("x", "ann", "ben")
	add.Policy.RotateOnTransfer = true
	act(System, add)
	o.rotates("x")
	in := func(d time.Duration) time.Time { return o.now.Add(d).Truncate(time.Minute) }

	act("ann", handingOver(between(in(3*time.Hour), in(5*time.Hour))))
	act("ben", SignHandover{"handover-1"})
	refused("ben", between(in(4*time.Hour), in(6*time.Hour)))
	moved := between(in(4*time.Hour), in(6*time.Hour))
	act("ann", MoveAbsence{Plan: o.plan("ann").ID, From: moved.From, Until: moved.Until, Meant: moved.Meant})
	act("ann", HandOverAhead{o.plan("ann").ID})
	act("ben", SignHandover{"handover-2"})
	act("ben", between(in(48*time.Hour), in(50*time.Hour)))
	act("cay", between(in(72*time.Hour), in(74*time.Hour)))
	act("ben", SwapAbsences{o.plan("ben").ID, "cay", o.plan("cay").ID})
	act("cay", SwapAbsences{o.plan("cay").ID, "ben", o.plan("ben").ID})
	act("max", EndAbsence{"ben", o.plan("ben").ID, note("it blocks ann")})
	act("cay", CancelAbsence{o.plan("cay").ID})
	act("ann", OpenFeed{sessionNumber(2001)})
	act("ann", CloseFeed{})
	o.passes(5 * time.Hour) // it has begun
	o.rotates("x")
	act("ann", ComeBack{TakeBack: true})
	o.rotates("x")

	act("ben", urgent("x"))
	act(System, ReportPaged{"emergency-1", "ann", "email"})
	refused("ben", ApproveEmergency{"emergency-1"})
	act("dot", RejectEmergency{"emergency-1", note("she is here")})
	act("ben", urgent("x"))
	act("ben", WithdrawEmergency{"emergency-2"})
	act("ben", urgent("x"))
	act("max", ApproveEmergency{"emergency-3"})
	act("ben", CheckOut{"x", note("disk full")})
	act("ann", ComeBack{})
	act("ben", EndEmergency{"emergency-3"})
	o.rotates("x")
	act("dot", ReviewEmergency{"emergency-3", Justified, note("it was full")})
	act("cay", urgent("x"))
	act("max", ApproveEmergency{"emergency-4"})
	act("dot", ApproveEmergency{"emergency-4"})
	o.passes(2 * time.Hour) // nobody used it
	o.rotates("x")
	act("ann", ComeBack{})
	act("ada", Propose{Change{ChangePolicy{"x", CredentialPolicy{Silence: true}}}, note("decided")})
	act("max", o.approval("p-1"))
	act("dot", o.approval("p-1"))
	act("ann", Take{"x"}) // it was parked: neither was said to be there
	one, other := between(in(200*time.Hour), in(210*time.Hour)), between(in(300*time.Hour), in(310*time.Hour))
	act("ben", PlanAbsences{[]PlannedTime{{one.From, one.Until, one.Meant}, {other.From, other.Until, other.Meant}}, note("holidays"), false})
	refused("ben", PlanAbsences{[]PlannedTime{{one.From, one.Until, one.Meant}}, note("twice"), false})
	return o.history
}
