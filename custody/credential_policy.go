package custody

import (
	"slices"
	"strconv"
	"time"
)

// stricter says whether nothing that a credential's policy asks for is asked for less than
// before, and nobody gets the password who did not: such a change needs no approval.
func (p CredentialPolicy) stricter(was CredentialPolicy, general Policy) bool {
	least := func(now, before int64) bool { return now == before || now > 0 && (before == 0 || now < before) } // 0: no limit
	lease := func(p CredentialPolicy) time.Duration { return Credential{Policy: p}.leaseLength(general) }
	kept := func(now, before bool) bool { return now || !before }
	return kept(p.RotateOnTransfer, was.RotateOnTransfer) && kept(p.RotateOnCheckin, was.RotateOnCheckin) &&
		least(p.MaxAgeSeconds, was.MaxAgeSeconds) && least(p.MaxExposed, was.MaxExposed) &&
		lease(p) <= lease(was) && p.AutoReconcile == was.AutoReconcile && p.Password == was.Password &&
		(!p.Silence || was.Silence) &&
		!slices.ContainsFunc(p.Dependents, func(d string) bool { return !slices.Contains(was.Dependents, d) })
}

// differences lists what another policy of a credential changes, by the names of the API.
func (p CredentialPolicy) differences(was CredentialPolicy) []Difference {
	number := func(n int64) []string {
		if n == 0 {
			return nil
		}
		return []string{strconv.FormatInt(n, 10)}
	}
	yes := func(b bool) []string { return []string{strconv.FormatBool(b)} }
	text := func(t string) []string {
		if t == "" {
			return nil
		}
		return []string{t}
	}
	return onlyChanged([]Difference{
		{"policy.rotate_on_transfer", yes(was.RotateOnTransfer), yes(p.RotateOnTransfer)},
		{"policy.rotate_on_checkin", yes(was.RotateOnCheckin), yes(p.RotateOnCheckin)},
		{"policy.max_age_seconds", number(was.MaxAgeSeconds), number(p.MaxAgeSeconds)},
		{"policy.max_exposed", number(was.MaxExposed), number(p.MaxExposed)},
		{"policy.auto_reconcile", yes(was.AutoReconcile), yes(p.AutoReconcile)},
		{"policy.lease_seconds", number(was.LeaseSeconds), number(p.LeaseSeconds)},
		{"policy.silence", yes(was.Silence), yes(p.Silence)},
		{"policy.password", text(was.Password), text(p.Password)},
		{"policy.dependents", was.Dependents, p.Dependents},
	})
}

// bare is the policy as a refused command may have it on record: no name that was typed,
// and no less strict, or stricter, than it was.
func (p CredentialPolicy) bare(was CredentialPolicy) CredentialPolicy {
	if p.Password != was.Password {
		p.Password = absent
	}
	var known []string
	for _, d := range p.Dependents {
		if !slices.Contains(was.Dependents, d) {
			d = absent
		}
		known = append(known, d)
	}
	slices.Sort(known)
	p.Dependents = slices.Compact(known)
	return p
}
