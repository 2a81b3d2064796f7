package custody

import (
	"fmt"
	"reflect"
	"slices"
)

// policyAllows says, in the policy's words and without the machine's help,
// whether a command with a right code is to be granted. known is false for
// those whose rule is not about custody.
func policyAllows(s *State, c Command) (allowed, known bool) {
	me, _ := s.Person(c.Actor)
	if c.Actor == System || me.Username == "" {
		return false, false
	}
	if me.Disabled {
		return false, true
	}
	cred := func(name string) Credential { c, _ := s.Credential(name); return c }
	present := func(who string) bool { p, ok := s.Person(who); return ok && !p.Away && !p.Disabled }
	other := func(c Credential) string {
		if me.Username == c.Primary {
			return c.Backup
		}
		return c.Primary
	}
	mine := func(c Credential) bool {
		return c.Phase == Held && c.Holder == me.Username
	}
	all := func(which func(Credential) bool) (found []Credential) {
		for c := range s.Credentials() {
			if which(c) {
				found = append(found, c)
			}
		}
		return found
	}
	tied := func() bool { // a password is being changed for me, and a handover says that it is mine
		return len(all(func(c Credential) bool {
			h, _ := s.Handover(c.Handover)
			return c.Phase == Rotating && c.Rotation.Successor == me.Username && (h.Status == Offered || h.Status == Accepted)
		})) > 0
	}
	mineToSteer := func(c Credential) bool {
		mine := c.Rotation.Successor == me.Username || me.Is(Manager) || me.Is(Admin) && c.Rotation.Reason == ForOnboard
		return c.Phase == Rotating && mine
	}
	reachable := func(c Credential, who string) bool { return present(who) && !slices.Contains(c.Unreachable, who) }
	urgent := func(c Credential) bool { // somebody has it in an emergency
		return slices.ContainsFunc(c.Emergencies, func(e Emergency) bool { return e.Status == EmergencyOn })
	}
	noneElseAway := func() bool {
		return len(all(func(c Credential) bool {
			shared := (c.Primary == me.Username || c.Backup == me.Username) && c.Phase != Retired
			if shared && c.SeatVacant() && c.Phase == Parked && c.Unattended {
				return false
			}
			return shared && !reachable(c, other(c))
		})) == 0
	}
	free := func(c Credential) bool { return mine(c) && c.Handover == "" && reachable(c, other(c)) && !urgent(c) }
	allHeld := func(h Handover) bool {
		return !slices.ContainsFunc(h.Credentials, func(name string) bool { return cred(name).Phase != Held })
	}
	switch a := c.Action.(type) {
	case CheckOut:
		return mine(cred(a.Credential)), true
	case CheckIn:
		return cred(a.Credential).Lease.Person == me.Username, true
	case Offer:
		var offered []Credential
		for _, name := range a.Credentials {
			offered = append(offered, cred(name))
		}
		if a.All {
			offered = all(mine)
			if !a.Leave && len(offered) == 0 || a.Leave && (me.Away || tied() || !noneElseAway()) {
				return false, true
			}
		}
		return !slices.ContainsFunc(offered, func(c Credential) bool { return !free(c) }), true
	case Accept:
		h, ok := s.Handover(a.Handover)
		return ok && h.Status == Offered && h.To == me.Username && !me.Away && allHeld(h), true
	case Decline:
		h, ok := s.Handover(a.Handover)
		return ok && h.Status == Offered && h.To == me.Username, true
	case Cancel:
		h, ok := s.Handover(a.Handover)
		return ok && h.Status == Offered && h.From == me.Username, true
	case GiveBack:
		h, ok := s.Handover(a.Handover)
		return ok && h.Status == Accepted && (h.To == me.Username || h.From == me.Username) && present(h.From), true
	case GoAway:
		has := all(func(c Credential) bool { return urgent(c) && c.HeldFor() == me.Username })
		return !me.Away && len(all(mine)) == 0 && !tied() && noneElseAway() && len(has) == 0, true
	case ComeBack:
		return true, true
	case PauseRotation:
		c := cred(a.Credential)
		return mineToSteer(c) && !c.Rotation.Paused, true
	case ResumeRotation:
		c := cred(a.Credential)
		return mineToSteer(c) && c.Rotation.Paused, true
	case CancelRotation:
		c := cred(a.Credential)
		asked := c.Rotation.Reason == ForOnboard || c.Rotation.Reason == ForRequested || c.Rotation.Reason == ForDrift
		return mineToSteer(c) && asked && !mayKnow(c), true
	case RequestRotation:
		if a.All {
			return len(all(func(c Credential) bool { return c.Phase == Held && (mine(c) || me.Is(Manager)) })) > 0, true
		}
		c := cred(a.Credential)
		return c.Phase == Held && (mine(c) || me.Is(Manager)), true
	case Reconcile:
		c := cred(a.Credential)
		return c.Phase == Held && c.Reconciles && (mine(c) || me.Is(Manager)), true
	case ShowAgain:
		c := cred(a.Credential)
		return c.Phase == Held && c.Holder == me.Username && !me.Away && c.Lease.Person == me.Username, true
	case ShowNew:
		c := cred(a.Credential)
		setting := c.Rotation.Step == StepStaged || c.Rotation.Step == StepApplied
		stopped := c.Target.Kind == Manual || c.Rotation.Paused
		return c.Phase == Rotating && stopped && c.Rotation.Successor == me.Username && setting, true
	case ConfirmSet:
		c := cred(a.Credential)
		setting := c.Rotation.Step == StepStaged && !c.Rotation.Paused && slices.Contains(c.Rotation.ShownTo, me.Username)
		return c.Phase == Rotating && c.Target.Kind == Manual && c.Rotation.Successor == me.Username && setting, true
	case ChangePolicy: // alone only what loosens nothing: here the same again, or nothing instead
		c := cred(a.Credential)
		looser := (c.Policy.RotateOnTransfer || c.Policy.RotateOnCheckin || c.Policy.MaxAgeSeconds > 0 || c.Policy.MaxExposed > 0 || c.Policy.AutoReconcile || c.Policy.LeaseSeconds > 0) &&
			!a.Policy.RotateOnTransfer && !a.Policy.RotateOnCheckin && a.Policy.MaxAgeSeconds == 0 && a.Policy.MaxExposed == 0 && !a.Policy.AutoReconcile
		same := reflect.DeepEqual(a.Policy, c.Policy)
		return me.Is(Admin) && (c.Phase == Held || c.Phase == Rotating || c.Phase == Parked) && (same || !looser && reflect.DeepEqual(c.Policy, CredentialPolicy{})), same || looser || reflect.DeepEqual(a.Policy, CredentialPolicy{})
	}
	if allowed, known := emergencyAllows(s, me, c.Action); known {
		return allowed, true
	}
	return proposalAllows(s, me, c.Action)
}

// againstPolicy looks at one step of the machine without asking invariant.go.
func againstPolicy(before, after *State) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	away := func(who string) bool { p, _ := after.Person(who); return p.Away }
	for c := range after.Credentials() {
		was, _ := before.Credential(c.Name)
		if was.Phase == Retired && c.Phase != Retired { // it comes again
			if c.Phase != Rotating || c.Rotation.Reason != ForOnboard || c.Version != 0 || len(c.Exposure) > 0 || c.Rotation.Number <= was.Rotation.Number {
				complain("%s comes again as %+v", c.Name, c)
			}
			continue
		}
		complaints = append(complaints, leftWith(before, after, was, c)...)
		complaints = append(complaints, urgencyAgainstPolicy(before, after, was, c)...)
		on, _ := c.InEmergency()
		passed := urgencyMoves(was, c)
		if c.Phase != Retired && away(c.Primary) && away(c.Backup) {
			complain("both custodians of %s are away", c.Name)
		}
		if c.Holder != "" && away(c.Holder) {
			complain("%s is away and holds %s", c.Holder, c.Name)
		}
		if c.Holder != "" && c.Holder != c.Primary && c.Holder != c.Backup && c.Holder != on.For {
			complain("%s holds %s and is no custodian", c.Holder, c.Name)
		}
		if c.Lease.ID != "" && (c.Phase != Held || c.Lease.Person != c.Holder) {
			complain("%s has %s out and does not hold it", c.Lease.Person, c.Name)
		}
		calledOff := was.Phase == Rotating && c.Phase != Rotating && c.Version == was.Version && !c.Abandoned
		if calledOff && (mayKnow(was) || !slices.Contains([]RotationReason{ForOnboard, ForRequested, ForDrift}, was.Rotation.Reason)) {
			complain("the change of %s was called off, though it was needed or may have been made", c.Name)
		}
		if calledOff && c.Phase == Held && c.Holder != was.Rotation.Successor {
			complain("the change of %s was called off for %s", c.Name, c.Holder)
		}
		if was.Phase == Rotating && c.Phase == Held && !calledOff && (was.Rotation.Step != StepVerified || c.Version <= was.Version || !slices.Equal(c.Exposure, was.Rotation.ShownTo)) {
			complain("%s is held again without a verified new version that nobody knows", c.Name)
		}
		again := c.Phase == Rotating && c.Rotation.Reason == ForExposure && slices.ContainsFunc(c.Exposure, func(p string) bool { return p != c.Rotation.Successor })
		if was.Version != c.Version && (was.Rotation.Step != StepVerified || c.Phase != Held && c.Phase != Parked && !again) {
			complain("%s has a new version without a verified rotation", c.Name)
		}
		if c.Phase == Held && was.Phase == Rotating && !calledOff && len(c.Exposure) > 0 && !slices.Equal(c.Exposure, []string{c.Holder}) {
			complain("%v know the password that %s holds of %s", c.Exposure, c.Holder, c.Name)
		}
		if h, _ := after.Handover(c.Handover); was.Phase == Rotating && c.Phase == Rotating && was.Rotation.Number == c.Rotation.Number &&
			was.Rotation.Successor != "" && was.Rotation.Successor != c.Rotation.Successor && c.HasCustodian(was.Rotation.Successor) && !c.Unattended &&
			h.Status != Returned && !passed && !away(was.Rotation.Successor) && !leaving(after, was.Rotation.Successor) {
			complain("%s is being changed for %s instead of %s, who is here", c.Name, c.Rotation.Successor, was.Rotation.Successor)
		}
		if c.Arriving != "" && (c.Rotation.Step != StepPending || c.Version != 0 || was.Name != "" && was.Arriving == "") {
			complain("%s is being changed, or was, and its secrets are not in their place", c.Name)
		}
		if c.Name == was.Name && (c.Primary != was.Primary || c.Backup != was.Backup) {
			complaints = append(complaints, newPair(before, was, c)...)
		}
		if was.Phase == Held && c.Phase == Held && was.Holder != c.Holder && c.Handover == "" && !passed {
			complain("%s passed to %s without a handover", c.Name, c.Holder)
		}
		if h, ok := before.Handover(was.Handover); ok && h.Status == Accepted && c.Handover == "" && c.Phase != Retired && c.HasCustodian(h.From) && c.HasCustodian(h.To) && !passed {
			complain("the handover of %s was forgotten", c.Name)
		}
		if h, ok := after.Handover(c.Handover); ok && h.Status != Returned && !(c.HasCustodian(h.From) && c.HasCustodian(h.To)) {
			complain("%s is part of a handover of who is not its custodian", c.Name)
		}
		if h, ok := after.Handover(c.Handover); c.Handover != "" && (!ok || !slices.Contains(h.Credentials, c.Name)) {
			complain("%s is bound to a handover that is not there", c.Name)
		}
		if c.Phase == Held && was.Phase == Held && !slices.Equal(c.Exposure, union(was.Exposure, c.Lease.Person)) && c.Lease != was.Lease && c.Lease.ID != "" {
			complain("the exposure of %s is %v after it was checked out by %s", c.Name, c.Exposure, c.Lease.Person)
		}
		if was.Policy.RotateOnTransfer && was.Phase == Held && c.Phase == Held && c.Holder != was.Holder && !passed { // at the end of an emergency it is
			complain("%s passed to %s and was not changed", c.Name, c.Holder)
		}
		if was.Policy.RotateOnCheckin && was.Lease.ID != "" && c.Lease.ID == "" && c.Phase == Held && c.Holder == was.Holder {
			complain("%s was checked in and was not changed", c.Name)
		}
		ended := was.Lease.ID != "" && c.Lease.ID == "" && was.Version == c.Version
		if limit := was.Policy.MaxExposed; ended && limit > 0 && int64(len(was.Exposure)) > limit && c.Phase == Held {
			complain("%v know %s and it was not changed", was.Exposure, c.Name)
		}
		if was.Phase == Rotating && was.Rotation.Step != c.Rotation.Step && c.Rotation.Step == StepApplied &&
			was.Target.Kind == Manual && !slices.Contains(was.Rotation.ShownTo, was.Rotation.Successor) {
			complain("%s was set by hand by somebody who had not seen it", c.Name)
		}
		if len(was.Rotation.ShownTo) < len(c.Rotation.ShownTo) && !slices.Contains(c.Exposure, c.Rotation.Successor) {
			complain("%s was shown and that is forgotten", c.Name)
		}
		if c.Version == was.Version && c.Lease == was.Lease && len(c.Rotation.ShownTo) == 0 && !slices.Equal(c.Exposure, was.Exposure) {
			complain("the exposure of %s changed from %v to %v", c.Name, was.Exposure, c.Exposure)
		}
	}
	for h := range after.OpenHandovers() {
		bound := slices.ContainsFunc(h.Credentials, func(name string) bool {
			c, _ := after.Credential(name)
			return c.Handover == h.ID
		})
		if !bound && !h.Status.Waits() { // what was signed ahead binds nothing before it begins
			complain("%s (%s) binds nothing and stays open", h.ID, h.Status)
		}
	}
	return complaints
}

// mayKnow says whether the target may know the password in the making.
func mayKnow(c Credential) bool {
	r := c.Rotation
	return r.Sending || r.Touched || len(r.ShownTo) > 0 || r.Step != StepPending && r.Step != StepStaged
}

// leaving says whether somebody has offered all that they hold in order to go.
func leaving(s *State, person string) bool {
	for h := range s.OpenHandovers() {
		if h.From == person && h.Leave {
			return true
		}
	}
	return false
}

func union(names []string, name string) []string {
	all := append(slices.Clone(names), name)
	slices.Sort(all)
	return slices.Compact(all)
}
