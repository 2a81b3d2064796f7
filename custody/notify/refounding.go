package notify

import "github.com/tandem-custody/tandem/custody"

// refounding tells everybody of what takes effect by time, at each step: whoever reads it
// can say no.
func (c *concerns) refounding(p custody.Proposal, fact custody.Fact) {
	v := values{Proposal: p.ID, Person: p.Change.Subject(), From: p.Requester, Reason: p.Reason, Actor: c.entry.Actor, Until: p.Expires}
	if asked, is := p.Change.Proposable.(custody.Refound); is {
		v.Role = asked.Role
	}
	kind := ""
	switch fact := fact.(type) {
	case custody.ProposalMade, custody.ProposalRevised:
		kind = "refounding_asked"
	case custody.ProposalApproved:
		kind = "refounding_yes"
	case custody.ProposalAnnounced:
		kind, v.Until = "refounding_announced", fact.Effect
	case custody.ProposalNear:
		kind = "refounding_near"
	case custody.ProposalRejected:
		kind, v.Reason = "refounding_vetoed", fact.Reason
	case custody.ProposalFailed, custody.ProposalExpired:
		kind = "refounding_over"
	default: // in effect: everybody is told of the role itself
		return
	}
	c.tell(kind, "/proposals/"+p.ID, v, c.everybody(custody.Roles...)...)
}

// onHost tells everybody of a log-in that is asked for on the server's machine.
func (c *concerns) onHost(fact custody.Fact) {
	kind, v := "recovery_sought", values{Person: fact.Subject(), Actor: c.entry.Actor}
	switch fact := fact.(type) {
	case custody.RecoverySought:
		v.Until = fact.Due
	case custody.RecoveryStopped:
		kind, v.Reason = "recovery_stopped", fact.Reason
	}
	c.tell(kind, "/people/"+fact.Subject()+"/recovery", v, c.everybody(custody.Roles...)...)
}
