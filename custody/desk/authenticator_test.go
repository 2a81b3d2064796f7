package desk_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// another has somebody shown another authenticator.
func (o *office) another(d *desk.Desk, username string) (desk.NewAuthenticator, error) {
	o.T.Helper()
	return d.ReplaceAuthenticator(o.T.Context(), desk.By{Actor: username, Request: unique("replace"), Code: o.Code(username)},
		desk.AuthenticatorChange{Current: o.Passwords[username]})
}

// proves gives the first code of it.
func (o *office) proves(d *desk.Desk, username string, shown desk.NewAuthenticator, token custody.Secret) ([]custody.Secret, error) {
	o.T.Helper()
	old := o.Seeds[username]
	o.Seeds[username] = shown.Seed
	code := o.Code(username)
	codes, err := d.ProveAuthenticator(o.T.Context(), desk.By{Actor: username, Request: unique("prove"), Code: code}, token)
	if err != nil {
		o.Seeds[username] = old
	}
	return codes, err
}

// TestSomebodyTakesAnotherAuthenticator: until it is proved the old one counts, from then
// on only the new one, with new recovery codes, and nowhere else are they logged in.
func TestSomebodyTakesAnotherAuthenticator(t *testing.T) {
	o, codes := recoverable(t)
	here, there := o.in("tech-b"), o.in("tech-b")
	by := desk.By{Actor: "tech-b", Request: unique("replace"), Code: o.Code("tech-b")}
	_, err := o.Desk.ReplaceAuthenticator(t.Context(), by, desk.AuthenticatorChange{Current: custody.SecretString("guess")})
	if r, is := errors.AsType[*custody.Refusal](err); !is || r.Code != custody.Forbidden || r.Field != "current" {
		t.Errorf("with a wrong password: %v", err)
	}
	_, err = o.Desk.ProveAuthenticator(t.Context(), desk.By{Actor: "tech-b", Request: unique("prove"), Code: o.CodeNow("tech-b")}, here)
	o.Refused(custody.Conflict, err)
	first, err := o.another(o.Desk, "tech-b")
	if err != nil {
		t.Fatal(err)
	}
	shown, err := o.another(o.Desk, "tech-b") // it was not scanned
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.SignIn("tech-b"); err != nil {
		t.Errorf("the old one, meanwhile: %v", err)
	}
	_, err = o.proves(o.Desk, "tech-b", first, here)
	o.Refused(custody.TOTPInvalid, err)
	old := o.Seeds["tech-b"]
	fresh, err := o.proves(o.Desk, "tech-b", shown, here)
	if err != nil || len(fresh) != 10 {
		t.Fatalf("%d codes, %v", len(fresh), err)
	}
	if _, err := o.Desk.Who(t.Context(), here); err != nil {
		t.Errorf("here: %v", err)
	}
	if _, err := o.Desk.Who(t.Context(), there); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("elsewhere: %v", err)
	}
	if _, err := o.SignIn("tech-b"); err != nil {
		t.Errorf("with the new one: %v", err)
	}
	o.restart()
	if _, err := o.SignIn("tech-b"); err != nil {
		t.Errorf("with the new one, after a restart: %v", err)
	}
	genuine := o.Seeds["tech-b"]
	o.Seeds["tech-b"] = old
	_, err = o.SignIn("tech-b")
	o.Refused(custody.Unauthenticated, err)
	o.Seeds["tech-b"] = genuine
	_, err = o.recover("tech-b", o.Passwords["tech-b"], codes[0])
	o.Refused(custody.Unauthenticated, err)
	if _, err := o.recover("tech-b", o.Passwords["tech-b"], fresh[0]); err != nil {
		t.Errorf("with a new recovery code: %v", err)
	}
}

// TestAChangeOfAuthenticatorThatIsCutShortLosesNothing: wherever the secret store fails,
// the old one counts or, once it was proved, the new one, and it can be done again.
func TestAChangeOfAuthenticatorThatIsCutShortLosesNothing(t *testing.T) {
	o := newOffice(t)
	here := o.in("tech-b")
	unseal := o.seal()
	if _, err := o.another(o.Desk, "tech-b"); !errors.Is(err, desk.ErrSecretsUnavailable) {
		t.Errorf("while the store is away: %v", err)
	}
	unseal()
	if _, err := o.SignIn("tech-b"); err != nil {
		t.Fatalf("the old one: %v", err)
	}
	shown, err := o.another(o.Desk, "tech-b")
	if err != nil {
		t.Fatal(err)
	}
	unseal = o.seal()
	if _, err := o.proves(o.Desk, "tech-b", shown, here); !errors.Is(err, desk.ErrSecretsUnavailable) {
		t.Errorf("proved while the store is away: %v", err)
	}
	unseal()
	if _, err := o.SignIn("tech-b"); err != nil {
		t.Fatalf("the old one, still: %v", err)
	}
	// The password is changed in between: the seed that waits stays.
	err = o.Desk.ChangePassword(t.Context(), desk.By{Actor: "tech-b", Request: unique("change"), Code: o.Code("tech-b")},
		desk.PasswordChange{Current: o.Passwords["tech-b"], New: custody.SecretString("kupfer-7-Laterne!"), Session: here})
	if err != nil {
		t.Fatal(err)
	}
	o.Passwords["tech-b"] = custody.SecretString("kupfer-7-Laterne!")
	// It is proved, and then the store does not take it to its place.
	breaks := &noSeeds{}
	putBack := o.Secrets.Replace(func(s desk.Secrets) desk.Secrets { breaks.Secrets = s; return breaks })
	codes, err := o.proves(o.Desk, "tech-b", shown, here)
	if err != nil || len(codes) != 10 || !breaks.refused {
		t.Fatalf("%d codes, %v, refused %t", len(codes), err, breaks.refused)
	}
	for _, when := range []string{"at once", "after a restart"} {
		if _, err := o.SignIn("tech-b"); err != nil {
			t.Errorf("the new one, %s: %v", when, err)
		}
		o.restart()
	}
	if _, err := o.another(o.Desk, "tech-b"); err == nil {
		t.Error("another one was put where the present one is")
	}
	putBack()
	if shown, err = o.another(o.Desk, "tech-b"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.SignIn("tech-b"); err != nil {
		t.Errorf("the second, while a third waits: %v", err)
	}
	if _, err := o.proves(o.Desk, "tech-b", shown, here); err != nil {
		t.Errorf("the third: %v", err)
	}
	if _, err := o.SignIn("tech-b"); err != nil {
		t.Errorf("with the third: %v", err)
	}
}

// noSeeds takes no seed of tech-b's to its place.
type noSeeds struct {
	desk.Secrets
	refused bool
}

func (n *noSeeds) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error) {
	if path == desk.SeedPath("tech-b") {
		n.refused = true
		return 0, desk.ErrSecretsUnavailable
	}
	return n.Secrets.Write(ctx, path, value, cas, labels)
}

// TestTheDevicesOfLogIns: what they say of themselves, from where, and whether the
// person had logged in in them before, which is what their mails go by.
func TestTheDevicesOfLogIns(t *testing.T) {
	o := newOffice(t)
	var home custody.Secret
	for n, from := range []struct {
		called, address string
		home, unseen    bool
	}{{"Firefox, Linux", "192.0.2.7", false, true}, {"Firefox, Linux", "192.0.2.8", true, false}, {"", "", false, true}} {
		place := desk.Place{Called: from.called, Address: from.address, Network: from.address}
		if from.home {
			place.Device = home
		}
		before := o.Size()
		signed, err := o.Desk.SignIn(t.Context(), desk.SignInRequest{
			Username: "tech-a", Password: o.Passwords["tech-a"], Code: o.Code("tech-a"), Request: unique("sign-in"), From: place, Remember: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			home = signed.Device
		}
		o.Clock.Add(time.Minute)
		o.Desk.Use(t.Context(), signed.Token)
		open, err := o.Desk.Sessions(t.Context(), "tech-a", signed.Token)
		if err != nil || !open[0].Here || open[0].Device.String() != from.called || open[0].Address.String() != from.address || !open[0].LastUsed.Equal(o.Clock.Now()) {
			t.Errorf("%+v: %+v, %v", from, open, err)
		}
		stored, err := o.Store.Entry(t.Context(), before)
		if err != nil {
			t.Fatal(err)
		}
		e, err := custody.ReadRecord(stored.Record)
		if opened, is := e.Fact.(custody.SessionOpened); err != nil || !is || opened.Unseen != from.unseen {
			t.Errorf("%+v: %+v, %v", from, e.Fact, err)
		}
	}
}
