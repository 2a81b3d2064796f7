package custody

import (
	"testing"
	"time"
)

// forgedWatched is one in which passwords are put into envelopes, which fail, are lost,
// opened and tried, and in which what was serious is reported, looked at and closed.
func forgedWatched(t *testing.T) []Event {
	o := sixHired(t)
	act, refused := o.acts, o.refused
	act(System, server("x", "ann", "ben"))
	o.rotates("x")
	agreed := func(edit func(*Policy)) {
		t.Helper()
		values := o.state.Policy().Values
		edit(&values)
		act("ada", needed(AdoptPolicy{Values: values, ReviewBy: o.now.AddDate(0, 11, 0)}))
		id := proposalID(o.state.Proposals)
		act("max", o.approval(id))
		act("dot", o.approval(id))
	}
	agreed(func(p *Policy) {
		p.Keyholders, p.DrillEvery, p.Assessors = keyholders("cay", "dot", "max"), 30*24*time.Hour, []string{"ben", "max"}
	})
	seals := func() {
		t.Helper()
		act(System, IntendEnvelope{"x", o.credential("x").Version})
		act(System, SealEnvelope{"x", o.credential("x").Envelope.Number, aDigest, tokenDigest("token")})
	}
	fails := func(why Why) {
		t.Helper()
		act(System, FailEnvelope{Why: why})
	}
	fails(WhyFolderMissing)
	fails(WhyFolderFull)
	act(System, IntendEnvelope{"x", 1}) // and a crash
	seals()
	act(System, FailEnvelope{Credential: "x", Envelope: 2, Why: WhyFileMissing})
	seals()
	refused("ann", ReportOpened{"x", [2]string{"cay", "dot"}, note("curious")})
	act("cay", DrillEnvelope{"x", [2]string{"cay", "dot"}, "token"})
	refused("cay", DrillEnvelope{"x", [2]string{"cay", "dot"}, "token"})
	act(System, StartVerification{Credential: "x", Version: 1})
	act(System, EndVerification{Credential: "x", Version: 1, Result: VerificationAccepted})
	o.rotates("x")
	seals()
	act("cay", DrillEnvelope{"x", [2]string{"cay", "max"}, "token"})
	act(System, EndVerification{Credential: "x", Version: 2, Result: VerificationRefused}) // which is serious
	o.rotates("x")
	seals()
	act("dot", ReportOpened{"x", [2]string{"cay", "max"}, note("Tandem was down")})
	o.rotates("x")
	seals()

	last := func() string { return incidentID(o.state.Incidents) }
	act("ann", ReportIncident{Credential: "x", Text: note("somebody was at the server"), Grade: Special})
	refused("ann", AssessIncident{last(), Ordinary, note("it was me")})
	refused("cay", AcknowledgeIncident{last()})
	o.passes(answerWithin) // nobody has looked
	act("max", AcknowledgeIncident{last()})
	act("max", AssessIncident{last(), Serious, note("a cleaner")})
	act("ben", AssessIncident{last(), Ordinary, note("who was let in")})
	act("ben", CloseIncident{last(), note("door is locked now")})
	act("cay", ReportIncident{Person: "max", Text: note("he shouts"), Grade: Ordinary})
	refused("max", AssessIncident{last(), Ordinary, note("I do not")})
	act("ben", AssessIncident{last(), Ordinary, note("he does")})

	o.passes(31 * 24 * time.Hour) // drills are overdue
	agreed(func(p *Policy) { p.Keyholders = keyholders("cay", "max") })
	act("dot", gone("cay")) // and too few are left
	o.passes(0)
	return o.history
}
