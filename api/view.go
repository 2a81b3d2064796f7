package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// each makes the list of a list; an empty one is [], never null.
func each[T, V any](list []T, view func(T) V) []V {
	out := make([]V, len(list))
	for i, item := range list {
		out[i] = view(item)
	}
	return out
}

func viewPerson(p custody.Person) Person {
	return Person{
		Username: p.Username, Name: p.Name, Email: p.Email.String(), Roles: append([]custody.Role{}, p.Roles...),
		Disabled: p.Disabled, Enrolled: p.Enrolled, Admission: p.Admission.Open, TOTPPeriod: p.TOTPPeriod, Presence: viewPresence(p), Deputy: viewDeputy(p), LockedUntil: p.LockedUntil,
		AccessEnds: p.Departure.At, RecoveryDue: p.Recovery.Due,
	}
}

func viewPresence(p custody.Person) Presence {
	if !p.Away {
		return Presence{State: Present}
	}
	return Presence{State: Away, Since: p.AwaySince, Until: p.AwayUntil, Reason: p.AwayReason.String()}
}

func viewCredential(c custody.Credential) Credential {
	v := Credential{
		Name:    c.Name,
		Target:  Target(c.Target.In(custody.Redacted)),
		Policy:  Policy(c.Policy),
		Primary: c.Primary, Backup: c.Backup,
		Phase: c.Phase, Holder: c.Holder, Successor: c.Successor(),
		Version: c.Version, RotatedAt: c.RotatedAt, Exposure: append([]string{}, c.Exposure...), Handover: c.Handover,
		UnconfirmedSince: c.Unconfirmed,
		Abandoned:        c.Abandoned, Reconciles: c.Reconciles, DriftedSince: c.Drifted, Remaining: Remaining(c.Remaining), Updates: each(c.Updates, func(u custody.Update) Update { return Update(u) }),
	}
	if sub := c.Substitute; sub.In() {
		v.Stands = &Substitute{Person: sub.Person, Original: sub.Original, Until: sub.Until, Stays: sub.Stays}
	}
	if c.Lease.ID != "" {
		lease := viewLease(c.Lease)
		v.Lease = &lease
	}
	if c.Phase == custody.Rotating {
		r := c.Rotation
		v.Rotation = &Rotation{
			Reason: r.Reason, Step: r.Step, Since: r.Since, Deadline: r.Deadline,
			Attempts: r.Attempts, Failure: r.Failure, NextTry: r.NextTry, Overdue: r.Overdue,
			ByHand: c.ByHand(), Shown: slices.Contains(r.ShownTo, r.Successor), Paused: r.Paused, Stopped: r.Stopped(), Cancellable: c.Cancellable(),
		}
	}
	return v
}

func viewExposure(credential string, at time.Time, x custody.Exposure) Exposure {
	return Exposure{
		Credential: credential, At: at, Version: x.Version, Since: x.Since, Entry: x.Entry,
		Known: each(x.Known, func(s custody.Seen) Seen { return Seen(s) }),
	}
}

func viewLease(l custody.Lease) Lease {
	return Lease{ID: l.ID, Person: l.Person, Purpose: l.Purpose.String(), StartedAt: l.Start, ExpiresAt: l.Until}
}

func viewHandover(h custody.Handover) Handover {
	return Handover{
		Ahead: viewAhead(h.Ahead),
		ID:    h.ID, From: h.From, To: h.To, Credentials: append([]string{}, h.Credentials...),
		Reason: h.Reason.String(), Status: h.Status, AwayWhenAccepted: h.Leave, ExpectedReturn: h.ExpectedReturn,
		OfferedAt: h.OfferedAt, ExpiresAt: h.Expires, AcceptedAt: h.AcceptedAt,
		ReturnedAt: h.ReturnedAt, EndedAt: h.EndedAt, Overdue: h.Overdue,
	}
}

func viewEntry(stored desk.StoredEntry) (Entry, error) {
	e, err := audit.DecodeEntry(stored.Record)
	if err != nil {
		return Entry{}, fmt.Errorf("entry %d of the ledger: %w", stored.Index, err)
	}
	return Entry{
		Index: stored.Index, V: e.V, Time: e.Time, Clock: e.Clock, Type: e.Type, Grade: e.Grade,
		Actor: e.Actor, Subject: e.Subject, Command: json.RawMessage(e.Command), Data: json.RawMessage(e.Data), Confirm: e.Confirm, Request: e.Request,
		Texts: stored.Texts,
	}, nil
}
