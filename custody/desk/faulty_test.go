package desk_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// step is something that somebody does, and does again after it has failed.
type step struct {
	name     string
	ready    func() // has it possible again; nil: it always is
	do       func() error
	done     []custody.Code // what it may be answered the second time, because the first had come to be
	survives []string       // calls that may fail without it being told
}

// TestWhateverFailsOnTheWayIsToldAndCanBeDoneAgain: each call that a step makes, to
// the database, in its transaction and to the secret store, fails once. Whoever waits
// hears that, and of which of the two; nobody is shown anything; the ledger is not
// taken for a forged one; and the second time it is done.
func TestWhateverFailsOnTheWayIsToldAndCanBeDoneAgain(t *testing.T) {
	f := &faults{}
	o := newOffice(t, withFaults(f))
	ctx := t.Context()
	by := desk.By{}
	asks := func(actor string) { by = desk.By{Actor: actor, Key: unique("key")} }
	again := func() desk.By {
		if by.Request = unique("r"); by.Actor != custody.System {
			by.Code = o.Code(by.Actor)
		}
		return by
	}
	var session custody.Secret
	var codes []custody.Secret
	name, n := "", 0
	enrolled := func() {
		login, err := o.Desk.ResetOnHost(ctx, "tech-b", unique("reset"))
		if err != nil {
			t.Fatal(err)
		}
		o.Passwords["tech-b"], o.Seeds["tech-b"] = login.Password, seedOf(t, login.OTPAuth)
		signed, err := o.SignIn("tech-b")
		if err != nil {
			t.Fatal(err)
		}
		codes = signed.RecoveryCodes
	}
	home := desk.Place{Network: "192.0.2.1", Device: custody.SecretString("no device of ours")}
	for _, s := range []step{
		{name: "check out", ready: func() {
			if o.Credential("db01").Lease.ID != "" {
				o.Must("tech-a", custody.CheckIn{Credential: "db01"})
			}
			asks("tech-a")
		}, do: func() error {
			shown, err := o.Desk.CheckOut(ctx, again(), custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")})
			return onlyWith(err, shown.Password)
		}, survives: []string{"Texts"}},
		{name: "show again", ready: func() { asks("tech-a") }, do: func() error {
			shown, err := o.Desk.ShowAgain(ctx, again(), custody.ShowAgain{Credential: "db01"})
			return onlyWith(err, shown.Password)
		}, survives: []string{"Texts"}},
		{name: "check in without a key", ready: func() {
			if o.Credential("db01").Lease.ID == "" {
				if _, err := o.CheckOut("tech-a", "db01"); err != nil {
					t.Fatal(err)
				}
			}
		}, do: func() error {
			_, err := o.Do("tech-a", custody.CheckIn{Credential: "db01"})
			return err
		}, done: []custody.Code{custody.Conflict}},
		{name: "hire", ready: func() { n++; name = fmt.Sprintf("new-%d", n) }, do: func() error {
			login, err := o.Desk.AddPerson(ctx, desk.By{Actor: custody.System, Request: unique("r")}, custody.AddPerson{Username: name, Name: "New", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period})
			return onlyWith(err, login.Password, login.OTPAuth)
		}, done: []custody.Code{custody.Conflict}},
		{name: "reset a log-in", do: func() error {
			login, err := o.Desk.ResetOnHost(ctx, "tech-b", unique("reset"))
			return onlyWith(err, login.Password, login.OTPAuth)
		}},
		{name: "log in", do: func() error {
			signed, err := o.Desk.SignIn(ctx, desk.SignInRequest{Username: "tech-a", Password: o.Passwords["tech-a"], Code: o.Code("tech-a"), Request: unique("r"), From: home, Remember: true})
			session = signed.Token
			return onlyWith(err, signed.Token)
		}, survives: []string{"Devices", "SeeDevice"}},
		{name: "who", do: func() error { _, err := o.Desk.Who(ctx, session); return err }},
		{name: "log out", ready: func() {
			signed, err := o.SignIn("tech-a")
			if err != nil {
				t.Fatal(err)
			}
			session = signed.Token
		}, do: func() error { return o.Desk.SignOut(ctx, session, unique("r")) }, done: []custody.Code{custody.Unauthenticated}},
		{name: "recover", ready: enrolled, do: func() error {
			uri, err := o.recover("tech-b", o.Passwords["tech-b"], codes[0])
			return onlyWith(err, uri)
		}, done: []custody.Code{custody.Unauthenticated}},
		{name: "add a credential", ready: func() { n++; name = fmt.Sprintf("db-%d", n); asks(custody.System) }, do: func() error {
			_, err := o.Desk.AddCredential(ctx, again(), onboarding(name), custody.SecretString("password"), custody.SecretString("key"))
			return err
		}, survives: settling},
		{name: "propose a credential", ready: func() { o.Approvers(); n++; asks("admin") }, do: func() error {
			_, err := o.Desk.ProposeCredential(ctx, again(), onboarding(fmt.Sprintf("db-%d", n)), desk.NewNote("new server"), custody.SecretString("password"), custody.SecretString("key"))
			return err
		}, survives: settling},
		{name: "settle", do: func() error { return o.Desk.Settle(ctx, name) }},
		{name: "change an address", do: func() error {
			_, err := o.Desk.ChangeEmail(ctx, desk.By{Actor: "tech-a", Request: unique("r"), Code: o.Code("tech-a")}, custody.ChangeEmail{Person: "tech-a", Email: desk.NewNote(unique("a") + "@example.com")})
			return err
		}},
		{name: "unlock", ready: func() { asks("admin") }, do: func() error {
			_, err := o.Desk.Unlock(ctx, again(), custody.Unlock{Person: "tech-a"})
			return err
		}},
		{name: "sign the head", ready: o.Enters, do: func() error {
			head, err := o.Desk.Checkpoint(ctx)
			return onlyWith(err, custody.NewSecret(head.Text))
		}},
		{name: "choose a language", do: func() error { return o.Desk.SetPreference(ctx, "tech-a", desk.Preference{Language: "en"}) }},
		{name: "be ready", do: func() error { return o.Desk.Ready(ctx) }},
		{name: "list credentials", do: func() error { _, err := o.Desk.Credentials(ctx); return err }},
		{name: "list unfinished ones", do: func() error { _, err := o.Desk.Unfinished(ctx); return err }},
		{name: "look at a credential", do: func() error { _, err := o.Desk.Credential(ctx, "db01"); return err }},
	} {
		failed := 0
		for n := 1; ; n++ {
			if s.ready != nil {
				s.ready()
			}
			f.failAt(n)
			err := s.do()
			hit := f.failAt(0)
			if hit == "" {
				if err != nil {
					t.Fatalf("%s, when nothing fails: %v", s.name, err)
				}
				break
			}
			failed++
			o.wantTold(s, hit, err)
			if err := s.do(); err != nil && !slices.Contains(s.done, custody.CodeOf(err)) {
				t.Fatalf("%s, again after %s had failed: %v", s.name, hit, err)
			}
		}
		if failed == 0 && s.name != "settle" {
			t.Errorf("%s: nothing failed", s.name)
		}
	}
	f.failAt(0)
	o.restart()
	o.wantGood("in the end")
}

// settling is what comes after the entry of a credential that brings its secrets: the
// rotation worker goes on with it.
var settling = []string{"Read ", "Write ", "Delete", "EndArrival", "Write", "Append", "Save", "Size", "the answer of Write"}

// onlyWith demands that what is secret comes without an error only, and with none.
func onlyWith(err error, secrets ...custody.Secret) error {
	for _, secret := range secrets {
		if secret.IsZero() != (err != nil) {
			return fmt.Errorf("a secret is shown: %t, with %w", !secret.IsZero(), err)
		}
	}
	return err
}

// wantTold demands that what failed was told as what it is.
func (o *office) wantTold(s step, hit string, err error) {
	o.T.Helper()
	select {
	case <-o.Desk.Suspect():
		o.T.Fatalf("%s: because %s failed the ledger counts as suspect", s.name, hit)
	default:
	}
	if err == nil {
		if !slices.ContainsFunc(s.survives, func(call string) bool {
			return hit == call || strings.HasSuffix(call, " ") && strings.HasPrefix(hit, call)
		}) {
			o.T.Errorf("%s: nobody heard that %s failed", s.name, hit)
		}
		return
	}
	for _, kind := range []error{desk.ErrStoreUnavailable, desk.ErrSecretsUnavailable} {
		if is := strings.HasPrefix(err.Error(), "a secret is shown"); is || errors.Is(err, kind) != strings.Contains(err.Error(), kind.Error()+": "+hit) {
			o.T.Errorf("%s: %s failed, and what is told is %v", s.name, hit, err)
		}
	}
}
