package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/desk"
)

// movedInstallation is one in which time passes when it is told to, as well as by itself.
type movedInstallation struct {
	*installation
	ahead time.Duration
}

// newMovedInstallation starts one. Time that passes while the server is off passes too.
func newMovedInstallation(t *testing.T) *movedInstallation {
	t.Helper()
	in := &movedInstallation{installation: newInstallation(t)}
	in.passes(0)
	in.serving.kill()
	in.starts()
	for _, who := range in.people {
		who.Clock = in.now
	}
	return in
}

func (in *movedInstallation) now() time.Time { return time.Now().Add(in.ahead) }

// passes lets time pass, in the server, if it runs, and for everybody's authenticator.
func (in *movedInstallation) passes(d time.Duration) {
	in.t.Helper()
	in.ahead += d
	next := in.file("clock.next")
	must(in.t, os.WriteFile(next, fmt.Appendf(nil, "%s %s\n", in.ahead, in.ahead), 0o600))
	must(in.t, os.Rename(next, in.file("clock"))) // whole or not at all: the server reads it at any time
}

// starts starts the server.
func (in *movedInstallation) starts(environ ...string) {
	in.t.Helper()
	in.start(append(environ, clockFile+"="+in.file("clock"))...)
}

// diesAndStarts ends the server with SIGKILL and starts it again.
func (in *movedInstallation) diesAndStarts(environ ...string) {
	in.t.Helper()
	in.serving.kill()
	in.starts(environ...)
}

// plansAhead has tech-a plan an absence of two hours, and sign ahead. It begins at a whole
// minute.
func (in *movedInstallation) plansAhead(who string, after time.Duration, lasts time.Duration, offer bool) (p api.PlannedAbsence) {
	in.t.Helper()
	from := in.now().UTC().Add(after).Truncate(time.Minute)
	in.must(who, func(c *client.Client, code api.Secret) (err error) {
		p, err = c.PlanAbsence(in.t.Context(), api.PlanAbsence{
			From: from.Format("2006-01-02T15:04"), Until: from.Add(lasts).Format("2006-01-02T15:04"), Zone: "UTC", Reason: "holiday", Offer: offer, TOTP: code,
		})
		return err
	})
	return p
}

func (in *movedInstallation) signsAhead(who string, p api.PlannedAbsence) {
	in.t.Helper()
	in.must(who, func(c *client.Client, code api.Secret) error {
		_, err := c.SignHandover(in.t.Context(), p.Handover.ID, code)
		return err
	})
}

// entered gives the types of the entries from an index on, with whom they are about, those
// of sessions left out.
func (in *movedInstallation) entered(from int64) (types []string) {
	in.t.Helper()
	for more := true; more; {
		page, err := in.people["auditor"].Server.WholeEntries(in.t.Context(), desk.EntryQuery{From: from, Limit: 100})
		must(in.t, err)
		for _, e := range page {
			if !strings.HasPrefix(e.Type, "session.") && e.Type != "service.started" {
				types = append(types, e.Type+" "+e.Subject)
			}
			from = e.Index + 1
		}
		more = len(page) == 100
	}
	return types
}

// size gives how many entries there are.
func (in *movedInstallation) size() int64 {
	in.t.Helper()
	newest, err := in.people["auditor"].Server.WholeEntries(in.t.Context(), desk.EntryQuery{Newest: true, Limit: 1})
	must(in.t, err)
	return newest[0].Index + 1
}

// wholeThen verifies the ledger over HTTP and in the database.
func (in *movedInstallation) wholeThen() {
	in.t.Helper()
	if _, err := (auditor.Request{Now: in.now()}).Server(in.t.Context(), in.people["auditor"].Server); err != nil {
		in.t.Errorf("ledger over HTTP: %v", err)
	}
	if _, err := verifyDatabase(in.t.Context(), in.file("tandem.db"), auditor.Request{Now: in.now()}); err != nil {
		in.t.Errorf("database: %v", err)
	}
}

// times counts the entries of a type.
func times(types []string, of string) (n int) {
	for _, is := range types {
		if strings.HasPrefix(is, of+" ") {
			n++
		}
	}
	return n
}

// changesWhenPassed has the password changed whenever it passes on.
func (in *movedInstallation) changesWhenPassed(t *testing.T) {
	t.Helper()
	in.must("admin", func(who *client.Client, code api.Secret) error {
		p := in.credential().Policy
		p.RotateOnTransfer = true
		_, err := who.ChangePolicy(t.Context(), installed, api.ChangePolicy{Policy: p, TOTP: code})
		return err
	})
}

// TestKilledAtTheInstantOfAPlannedHandover kills the server with SIGKILL between the two
// signatures, between these and the beginning, and when the beginning comes, a little
// later each time. Custody passes once, the password is changed once as the policy says,
// and whoever planned it is away.
func TestKilledAtTheInstantOfAPlannedHandover(t *testing.T) {
	t.Parallel()
	in := newMovedInstallation(t)
	in.changesWhenPassed(t)
	for _, after := range []time.Duration{0, 200 * time.Millisecond, 700 * time.Millisecond, 1200 * time.Millisecond} {
		out, err := in.checkOut("tech-a")
		must(t, err)
		before, from := in.credential(), in.size()
		p := in.plansAhead("tech-a", 11*time.Minute, 2*time.Hour, true)
		in.diesAndStarts()
		in.signsAhead("tech-b", p)
		in.diesAndStarts()
		if h, err := in.people["tech-b"].Server.Handover(t.Context(), p.Handover.ID); err != nil || h.Status != custody.HandoverSignedAhead {
			t.Fatalf("signed, and killed: %s, %v", h.Status, err)
		}
		in.passes(p.Absence.From.Sub(in.now()))
		time.Sleep(after) // for whatever it is doing then
		in.serving.kill()
		if !in.someSecretOpens() {
			t.Fatalf("killed %s after the beginning: no value in Vault opens the server", after)
		}
		in.starts()
		in.waitFor("custody to pass", func() bool {
			c := in.credential()
			return c.Holder == "tech-b" && c.Phase == custody.Held
		})
		entries := in.entered(from)
		if n := times(entries, "handover.carried_out"); n != 1 || times(entries, "person.away") != 1 || times(entries, "rotation.started") != 1 {
			t.Errorf("killed %s after the beginning: %d handovers\n%s", after, n, strings.Join(entries, "\n"))
		}
		if c := in.credential(); c.Version != before.Version+1 || in.opens(out.Password) {
			t.Errorf("killed %s after the beginning: version %d after %d, and what tech-a knew opens it: %v", after, c.Version, before.Version, in.opens(out.Password))
		}
		in.must("tech-a", func(who *client.Client, code api.Secret) error {
			_, err := who.SetPresence(t.Context(), api.SetPresence{State: api.Present, TakeBack: true, TOTP: code})
			return err
		})
		in.waitFor("tech-a to have it back", func() bool {
			c := in.credential()
			return c.Holder == "tech-a" && c.Phase == custody.Held
		})
	}
	in.wholeThen()
}

// TestKilledBetweenAnEmergencyAndTheChangeOfItsPassword kills the server with SIGKILL after
// each entry of an emergency, and at each step of the change that it ends with; the server
// is off when its time is over. It ends all the same, and what was seen in it opens
// nothing any more.
func TestKilledBetweenAnEmergencyAndTheChangeOfItsPassword(t *testing.T) {
	t.Parallel()
	in := newMovedInstallation(t)
	before := in.credential()
	var e api.Emergency
	in.must("tech-b", func(who *client.Client, code api.Secret) (err error) {
		e, err = who.RequestEmergency(t.Context(), api.RequestEmergency{Credentials: []string{installed}, Reason: "the disk is full", TOTP: code})
		return err
	})
	in.diesAndStarts()
	in.must("manager", func(who *client.Client, code api.Secret) (err error) {
		e, err = who.ApproveEmergency(t.Context(), e.ID, code)
		return err
	})
	in.diesAndStarts()
	if c := in.credential(); c.Holder != "tech-b" || e.Status != custody.EmergencyOn {
		t.Fatalf("granted, and killed: %s has it, and it is %s", c.Holder, e.Status)
	}
	out, err := in.checkOut("tech-b")
	must(t, err)
	if !in.opens(out.Password) {
		t.Fatal("what is shown in the emergency does not open the server")
	}
	in.serving.kill()
	in.passes(5 * time.Hour) // it was to last four
	killed := 0
	for _, step := range hookSteps {
		in.starts(dieAt + "=" + step)
		in.waitFor("the server to be killed at "+step+", or to be past it", func() bool {
			if in.ended() {
				return true
			}
			c, err := in.people["tech-a"].Server.Credential(t.Context(), installed)
			return codeOf(err) == custody.Unauthenticated && in.loggedInAgain() || err == nil && c.Phase == custody.Held && c.Version > before.Version
		})
		if in.ended() {
			killed++
		}
		in.serving.kill()
		if !in.someSecretOpens() {
			t.Fatalf("killed at %s: no value in Vault opens the server", step)
		}
	}
	if killed < len(hookSteps)-2 {
		t.Errorf("the server was killed %d times at %d steps", killed, len(hookSteps))
	}
	in.starts()
	in.logIn()
	in.waitHeld()
	if c := in.credential(); c.Version != before.Version+1 || c.Holder != "tech-b" || in.opens(out.Password) { // tech-a has not said that they are there
		t.Errorf("after all that: version %d after %d, %s has it, and what was seen opens it: %v", c.Version, before.Version, c.Holder, in.opens(out.Password))
	}
	if e, err = in.people["manager"].Server.Emergency(t.Context(), e.ID); err != nil || e.Status != custody.EmergencyOver || e.How != custody.EndTime {
		t.Errorf("the emergency is %s, by %s: %v", e.Status, e.How, err)
	}
	in.wholeThen()
}

// loggedInAgain logs tech-a in, while the server may be killed: false.
func (in *movedInstallation) loggedInAgain() bool {
	_ = in.people["tech-a"].LogIn(in.t.Context())
	return false
}

// TestTheServerWasOffOverAWeekend: on Monday what is over ends first, and did nothing; then
// what should have begun begins; each reminder comes once, and what waited for an approval
// has lapsed.
func TestTheServerWasOffOverAWeekend(t *testing.T) {
	t.Parallel()
	in := newMovedInstallation(t)
	over := in.plansAhead("tech-b", 10*time.Hour, 12*time.Hour, false)
	due := in.plansAhead("tech-a", 40*time.Hour, 48*time.Hour, true)
	in.signsAhead("tech-b", due)
	var e api.Emergency
	in.must("tech-b", func(who *client.Client, code api.Secret) (err error) {
		e, err = who.RequestEmergency(t.Context(), api.RequestEmergency{Credentials: []string{installed}, Reason: "the disk is full", TOTP: code})
		return err
	})
	in.waitFor("the reminder of the first day", func() bool { return times(in.entered(0), "absence.reminded") > 0 })
	friday := in.size()
	in.serving.kill()
	in.passes(60 * time.Hour)
	in.starts()
	in.logIn()
	in.waitFor("custody to pass", func() bool { return in.credential().Holder == "tech-b" })
	var told []string
	for _, is := range in.entered(friday) {
		if !strings.HasPrefix(is, "person.device") && !strings.HasPrefix(is, "checkpoint") {
			told = append(told, is)
		}
	}
	want := []string{
		"emergency.lapsed " + installed, "absence.ended tech-b", "absence.begun tech-a", "handover.carried_out " + due.Handover.ID, "person.away tech-a",
	}
	if !slices.Equal(told[:min(len(told), len(want))], want) {
		t.Errorf("on Monday:\n%s\nwant:\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
	if n := times(told, "absence.ended") + times(told, "absence.begun") + times(told, "absence.reminded"); n != 2 {
		t.Errorf("%d entries about absences:\n%s", n, strings.Join(told, "\n"))
	}
	mine, err := in.people["tech-b"].Server.Absences(t.Context())
	if err != nil || len(mine) != 0 {
		t.Errorf("%s, which nobody was there for, is still planned: %+v, %v", over.Absence.ID, mine, err)
	}
	if e, err = in.people["tech-b"].Server.Emergency(t.Context(), e.ID); err != nil || e.Status != custody.EmergencyUnused {
		t.Errorf("the emergency that waited is %s: %v", e.Status, err)
	}
	in.wholeThen()
}

// TestVaultIsSealedWhenAPlannedHandoverBegins: nothing is half done. Custody passes once,
// and the password is changed, and shown to who has it then, when Vault is back.
func TestVaultIsSealedWhenAPlannedHandoverBegins(t *testing.T) {
	t.Parallel()
	in := newMovedInstallation(t)
	in.changesWhenPassed(t)
	out, err := in.checkOut("tech-a")
	must(t, err)
	p := in.plansAhead("tech-a", 11*time.Minute, 2*time.Hour, true)
	in.signsAhead("tech-b", p)
	from := in.size()
	in.vault.Seal()
	in.passes(p.Absence.From.Sub(in.now()) + time.Second)
	in.waitFor("readyz to name the cause", func() bool {
		_, body := in.operations("/readyz")
		return strings.Contains(body, "secret store")
	})
	if !in.opens(out.Password) {
		t.Error("the password was changed, and nobody could keep the new one")
	}
	in.vault.Unseal()
	in.waitFor("custody to pass, and the password to be changed", func() bool {
		c := in.credential()
		return c.Holder == "tech-b" && c.Phase == custody.Held
	})
	entries := in.entered(from)
	if times(entries, "handover.carried_out") != 1 || times(entries, "person.away") != 1 || times(entries, "rotation.promoted") != 1 {
		t.Errorf("it began while Vault was sealed:\n%s", strings.Join(entries, "\n"))
	}
	now, err := in.checkOut("tech-b")
	if err != nil || !in.opens(now.Password) || in.opens(out.Password) {
		t.Errorf("tech-b's opens it: %v, and tech-a's: %v, %v", in.opens(now.Password), in.opens(out.Password), err)
	}
	in.wholeThen()
}
