package desk_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// signedAhead has tech-a plan to be away in an hour, for a day, and both sign for it.
func (o *office) signedAhead() (begins time.Time) {
	o.T.Helper()
	begins = o.Clock.Now().Add(time.Hour).Truncate(time.Minute).UTC()
	o.Must("tech-a", custody.PlanAbsence{
		From: begins, Until: begins.AddDate(0, 0, 1), HandOver: true,
		Meant: custody.Meant{From: begins.Format("2006-01-02T15:04"), Until: begins.AddDate(0, 0, 1).Format("2006-01-02T15:04"), Zone: "UTC"},
	})
	o.Must("tech-b", custody.SignHandover{Handover: "handover-1"})
	return begins
}

// passedOnce looks whether the handover was carried out, and no more than once.
func (o *office) passedOnce(t *testing.T, since int64) {
	t.Helper()
	var times []string
	for _, kind := range o.Types(since) {
		if slices.Contains([]string{"absence.begun", "handover.carried_out", "person.away"}, kind) {
			times = append(times, kind)
		}
	}
	if want := []string{"absence.begun", "handover.carried_out", "person.away"}; !slices.Equal(times, want) {
		t.Errorf("it led to %v, want %v", times, want)
	}
	if c := o.Credential("db01"); c.Holder != "tech-b" || c.Handover != "handover-1" || !o.Person("tech-a").Away {
		t.Errorf("db01 is %s's, by %q", c.Holder, c.Handover)
	}
}

// TestAPlannedHandoverIsCarriedOutByALaterStart: nothing ran when it was due, and what was
// signed was kept by the database only.
func TestAPlannedHandoverIsCarriedOutByALaterStart(t *testing.T) {
	desktest.OnBoth(t, func(t *testing.T, on desktest.Engine) {
		o := newOfficeOn(t, on)
		begins, since := o.signedAhead(), o.Size()
		if err := o.Desk.Close(); err != nil {
			t.Fatal(err)
		}
		o.Clock.Add(begins.Add(5 * time.Hour).Sub(o.Clock.Now()))
		o.Desk = o.Open()
		o.Enters()
		o.passedOnce(t, since)
		if away := o.Person("tech-a").AwaySince; away.Before(begins.Add(5 * time.Hour)) {
			t.Errorf("away since %s, when nothing ran", away)
		}
	})
}

// TestAPlannedHandoverWhoseCommitIsNotAnswered: the process ends, or thinks that nothing
// was committed, at the very moment at which custody passes. It passes once.
func TestAPlannedHandoverWhoseCommitIsNotAnswered(t *testing.T) {
	for name, after := range map[string]func(*office){
		"and the same process goes on": func(*office) {},
		"and another one starts": func(o *office) {
			_ = o.Desk.Close()
			o.Desk = o.Open()
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			begins, since := o.signedAhead(), o.Size()
			o.Clock.Add(begins.Sub(o.Clock.Now()))
			o.Gate.LoseNextAnswer()
			_ = o.Writes(o.Desk) // whether it or the clock comes first
			after(o)
			o.Enters()
			o.passedOnce(t, since)
		})
	}
}

// TestAPlannedHandoverWhileTheSecretStoreIsSealed: what needs the store waits for it, and
// custody passes once.
func TestAPlannedHandoverWhileTheSecretStoreIsSealed(t *testing.T) {
	o := newOffice(t)
	o.Must("admin", custody.ChangePolicy{Credential: "db01", Policy: custody.CredentialPolicy{RotateOnTransfer: true}})
	begins, since := o.signedAhead(), o.Size()
	o.Clock.Add(begins.Sub(o.Clock.Now()))
	o.Secrets.Set(true)
	_ = o.Writes(o.Desk)
	if c := o.Credential("db01"); c.Phase == custody.Rotating && c.Successor() != "tech-b" || c.Phase == custody.Held && c.Holder != "tech-a" {
		t.Errorf("while it is sealed db01 is %s, %s's", c.Phase, c.HeldFor())
	}
	o.Secrets.Set(false)
	o.Enters()
	if c := o.Credential("db01"); c.Successor() != "tech-b" || c.Rotation.Reason != custody.ForTransfer {
		t.Errorf("db01 is changed for %s", c.Successor())
	}
	o.Rotate("db01")
	o.passedOnce(t, since)
}
