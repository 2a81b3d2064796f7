package custody

import "time"

// This file holds the refusals of the rules, so that decide reads like the policy.
// Each names who or what stands in the way. The sentences, and what to do next,
// are in package words, by key.

const (
	ruleHandover = "4.4"
	ruleIncident = "4.5"
)

// What there can be none of, or one of the name already.
var (
	aPerson     = Term{"thing", "person"}
	aCredential = Term{"thing", "credential"}
	aHandover   = Term{"thing", "handover"}
	anEntry     = Term{"thing", "entry"}
	aProposal   = Term{"thing", "proposal"}
	anItem      = Term{"thing", "item"}
	anEmergency = Term{"thing", "emergency"}
	anIncident  = Term{"thing", "incident"}
)

// Who alone may do something.
var (
	onlySystem            = Term{"only", "system"}
	onlyPerson            = Term{"only", "person"}
	onlyAdmin             = Term{"only", "admin"}
	onlyAdminOrManager    = Term{"only", "admin_or_manager"}
	onlyManager           = Term{"only", "manager"}
	onlyManagerOrDirector = Term{"only", "manager_or_director"}
	onlyAuditor           = Term{"only", "auditor"}
	onlyEnrolled          = Term{"only", "enrolled"}
	onlyTwo               = Term{"only", "two_people"}
	onlyNoAuditor         = Term{"only", "no_auditor"}
	onlyAdminOrApprover   = Term{"only", "admin_or_approver"}
	onlyAnother           = Term{"only", "another"}

	onlyAdminManagerOrDirector = Term{"only", "admin_manager_or_director"}
	onlyOwnOrEnders            = Term{"only", "own_or_enders"}

	onlyTechnicianForSelf         = Term{"only", "technician_for_self"}
	onlyManagerOrDirectorForOther = Term{"only", "manager_or_director_for_other"}
)

func refuseNotFound(thing Term) *Refusal {
	return &Refusal{Code: NotFound, Key: "no_such", Args: Args{"thing": thing}}
}

func refuseForbidden(only Term) *Refusal {
	return &Refusal{Code: Forbidden, Rule: "3.1", Key: "only", Args: Args{"only": only}}
}

func refuseNoPolicy() *Refusal {
	return &Refusal{Code: Conflict, Rule: "4.1", Key: "no_policy"}
}

func refusePolicyAdopted() *Refusal {
	return &Refusal{Code: Conflict, Rule: "4.1", Key: "policy_adopted"}
}

func refuseSealKeyChanged() *Refusal {
	return &Refusal{Code: Conflict, Key: "seal_key_changed"}
}

func refuseClockNotBehind() *Refusal {
	return &Refusal{Code: Conflict, Key: "clock_not_behind"}
}

// RefuseResetMeanwhile is for what was proved with a log-in that counts no more.
func RefuseResetMeanwhile() *Refusal {
	return &Refusal{Code: Conflict, Key: "reset_meanwhile"}
}

func refuseNotHolder(c Credential) *Refusal {
	return &Refusal{Code: NotHolder, Rule: ruleHandover, Key: "not_holder",
		Args: Args{"credential": c.Name, "holder": c.Holder}}
}

func refuseNotCustodian(c Credential) *Refusal {
	return &Refusal{Code: NotCustodian, Rule: ruleHandover, Key: "not_custodian",
		Args: Args{"credential": c.Name, "primary": c.Primary, "backup": c.Backup}}
}

func refuseRotating(c Credential) *Refusal {
	switch {
	case !c.Unconfirmed.IsZero():
		return refuseTargetUnconfirmed(c)
	case c.Rotation.Paused:
		return refusePaused(c)
	}
	reason := Term{"reason", string(c.Rotation.Reason)}
	if c.Rotation.Failure != "" {
		return &Refusal{Code: RotationPending, Rule: ruleHandover, Key: "rotation_failing",
			Args: Args{"credential": c.Name, "reason": reason, "successor": c.Rotation.Successor,
				"attempts": c.Rotation.Attempts, "failure": Term{"failure", c.Rotation.Failure}}}
	}
	return &Refusal{Code: RotationPending, Rule: ruleHandover, Key: "rotating",
		Args: Args{"credential": c.Name, "reason": reason, "successor": c.Rotation.Successor}}
}

func refusePaused(c Credential) *Refusal {
	return &Refusal{Code: RotationPending, Rule: ruleHandover, Key: "rotation_paused", Args: Args{"credential": c.Name, "successor": c.Rotation.Successor}}
}

func refuseNotPaused(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Key: "rotation_not_paused", Args: Args{"credential": c.Name}}
}

func refuseNothingChanging(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Key: "nothing_changing", Args: Args{"credential": c.Name}}
}

func refuseNotSuccessor(c Credential) *Refusal {
	return &Refusal{Code: Forbidden, Rule: ruleHandover, Key: "not_successor", Args: Args{"credential": c.Name, "successor": c.Rotation.Successor}}
}

func refuseChangeNeeded(c Credential) *Refusal {
	return &Refusal{Code: RotationPending, Rule: ruleHandover, Key: "change_needed",
		Args: Args{"credential": c.Name, "reason": Term{"reason", string(c.Rotation.Reason)}}}
}

func refuseMayHaveReached(c Credential) *Refusal {
	return &Refusal{Code: RotationPending, Rule: ruleHandover, Key: "may_have_reached", Args: Args{"credential": c.Name}}
}

func refuseNoSecondAccount(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Key: "no_second_account", Args: Args{"credential": c.Name}}
}

func refuseNothingToSet(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Key: "nothing_to_set", Args: Args{"credential": c.Name}}
}

func refuseAccountTaken(by string) *Refusal {
	return &Refusal{Code: AccountTaken, Rule: ruleHandover, Key: "account_taken", Args: Args{"credential": by}}
}

func refuseInactive(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Key: "not_in_custody",
		Args: Args{"credential": c.Name, "phase": Term{"phase", string(c.Phase)}}}
}

func refuseNothingToShow(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleHandover, Key: "nothing_to_show", Args: Args{"credential": c.Name}}
}

func refuseNoLease(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Key: "not_checked_out", Args: Args{"credential": c.Name}}
}

func refuseBothAway(other Person, c Credential) *Refusal {
	return &Refusal{Code: BothAway, Rule: ruleHandover, Key: "both_away",
		Args: Args{"credential": c.Name, "person": other.Username, "until": Planned{other.AwayUntil}}}
}

func refuseNobodyPresent(primary, backup Person) *Refusal {
	return &Refusal{Code: BothAway, Rule: ruleHandover, Key: "nobody_present",
		Args: Args{"primary": primary.Username, "backup": backup.Username}}
}

func refuseReceiverAway(receiver Person, c Credential) *Refusal {
	return &Refusal{Code: CounterpartAway, Rule: ruleHandover, Key: "receiver_away",
		Args: Args{"credential": c.Name, "person": receiver.Username, "until": Planned{receiver.AwayUntil}}}
}

func refuseGiverAway(giver Person, h Handover) *Refusal {
	return &Refusal{Code: CounterpartAway, Rule: ruleHandover, Key: "giver_away",
		Args: Args{"handover": h.ID, "person": giver.Username, "until": Planned{giver.AwayUntil}}}
}

func refuseSelfAway() *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleHandover, Key: "you_are_away"}
}

func refuseStillHolds(c Credential) *Refusal {
	return &Refusal{Code: HolderMustHandOver, Rule: ruleHandover, Key: "still_holds", Args: Args{"credential": c.Name}}
}

func refuseHandoverOpen(c Credential) *Refusal {
	return &Refusal{Code: HandoverOpen, Rule: ruleHandover, Key: "handover_open",
		Args: Args{"credential": c.Name, "handover": c.Handover}}
}

func refuseHandoverNotOpen(h Handover) *Refusal {
	return &Refusal{Code: HandoverNotOpen, Rule: ruleHandover, Key: "handover_not_open",
		Args: Args{"handover": h.ID, "status": Term{"status", string(h.Status)}}}
}

func refuseHandoverOver() *Refusal {
	return &Refusal{Code: HandoverNotOpen, Rule: ruleHandover, Key: "handover_over"}
}

func refuseNotParty(h Handover) *Refusal {
	return &Refusal{Code: Forbidden, Rule: ruleHandover, Key: "not_party",
		Args: Args{"handover": h.ID, "from": h.From, "to": h.To}}
}

func refuseNothingHeld() *Refusal {
	return &Refusal{Code: Conflict, Key: "nothing_held"}
}

func refuseExists(thing Term) *Refusal {
	return &Refusal{Code: Conflict, Key: "exists", Args: Args{"thing": thing}}
}

func refuseAlreadyAway() *Refusal {
	return &Refusal{Code: Conflict, Key: "already_away"}
}

func refuseUnauthenticated() *Refusal {
	return &Refusal{Code: Unauthenticated, Key: "login_refused"}
}

func refuseNotEnrolled() *Refusal {
	return &Refusal{Code: Unauthenticated, Rule: "3.2", Key: "not_enrolled"}
}

func refuseLocked(p Person, now time.Time) *Refusal {
	wait := p.LockedUntil.Sub(now)
	return &Refusal{Code: LockedOut, Rule: "3.2", RetryAfter: wait, Key: "locked",
		Args: Args{"until": p.LockedUntil, "wait": wait}}
}

func refuseWrongCode(left int) *Refusal {
	return &Refusal{Code: TOTPInvalid, Rule: ruleHandover, Key: "wrong_code", Args: Args{"left": left}}
}

// refuseLastWrongCode is for the wrong code that locks: there is no try left.
func refuseLastWrongCode(now time.Time, wait time.Duration) *Refusal {
	return &Refusal{Code: TOTPInvalid, Rule: ruleHandover, RetryAfter: wait, Key: "last_wrong_code",
		Args: Args{"until": now.Add(wait), "wait": wait}}
}

func refuseReplayed(p Person, now time.Time) *Refusal {
	// The next code that can work belongs to the step after the last burned
	// one, or to the current one when that is later; skew may let it pass a
	// little earlier, which nobody should have to know.
	period := int64(p.TOTPPeriod)
	wait := time.Unix((p.LastStep+1)*period, 0).Sub(now)
	if wait <= 0 {
		wait = time.Unix((now.Unix()/period+1)*period, 0).Sub(now)
	}
	if wait > time.Hour { // a clock that was ahead burned a step of the future
		return &Refusal{Code: TOTPReplayed, Rule: ruleHandover, Key: "code_of_the_future"}
	}
	return &Refusal{Code: TOTPReplayed, Rule: ruleHandover, RetryAfter: wait, Key: "code_used", Args: Args{"wait": wait}}
}

func refuseArriving(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Key: "arriving", Args: Args{"credential": c.Name}}
}

func refuseNothingArrives(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Key: "nothing_arrives", Args: Args{"credential": c.Name}}
}

func refuseLateReport(id RotationID) *Refusal {
	return &Refusal{Code: Conflict, Key: "late_report", Args: Args{"credential": id.Credential, "rotation": id.Number}}
}
