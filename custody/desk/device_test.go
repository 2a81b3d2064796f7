package desk_test

import (
	"database/sql"
	"slices"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// entered gives the device that the newest log-in is entered in.
func (o *office) entered(who string) string {
	o.T.Helper()
	sessions, err := o.Desk.Sessions(o.T.Context(), who, custody.Secret{})
	if err != nil {
		o.T.Fatal(err)
	}
	return sessions[0].In
}

// TestTwoWhoLogInInOneBrowserAreInOneDevice on record, in two browsers in two; also where
// the database says of none of them any more who was there.
func TestTwoWhoLogInInOneBrowserAreInOneDevice(t *testing.T) {
	o := newOffice(t)
	home := desk.Place{Network: "192.0.2.1"}
	first, err := o.signInFrom("tech-a", home)
	if err != nil {
		t.Fatal(err)
	}
	there := o.entered("tech-a")
	if there == "" || there == first.Device.Reveal() {
		t.Fatalf("in the device %q", there)
	}
	if _, err := o.signInFrom("tech-a", home); err != nil || o.entered("tech-a") == there {
		t.Errorf("in another browser: the same device, %v", err)
	}
	o.Administrator(func(db *sql.DB) {
		if _, err := db.Exec("DELETE FROM devices"); err != nil {
			t.Error(err)
		}
	})
	home.Device = first.Device
	again, err := o.signInFrom("tech-b", home)
	if err != nil || !again.Device.IsZero() || o.entered("tech-b") != there {
		t.Errorf("in the same browser: %v, in %q", err, o.entered("tech-b"))
	}
	home.Device = custody.SecretString("made up")
	other, err := o.signInFrom("tech-b", home)
	if err != nil || other.Device.IsZero() || o.entered("tech-b") == there || o.entered("tech-b") == "" {
		t.Errorf("with a device that somebody made up: %v, in %q", err, o.entered("tech-b"))
	}
}

// TestWhoseDeviceItIsIsShownBeforeAnApproval, to whoever asks by a log-in in it.
func TestWhoseDeviceItIsIsShownBeforeAnApproval(t *testing.T) {
	o := newOffice(t)
	o.Approvers()
	home := desk.Place{Network: "192.0.2.1"}
	asks, err := o.signInFrom("tech-a", home)
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := o.Desk.Do(t.Context(), desk.By{Actor: "tech-a", Request: unique("ask"), Code: o.Code("tech-a"), Token: asks.Token}, custody.Propose{
		Change: custody.Change{Proposable: custody.Retire{Credential: "db01"}}, Reason: desk.NewNote("needed"),
	})
	if err != nil {
		t.Fatal(err)
	}
	id := outcome.Events[0].Fact.Subject()
	home.Device = asks.Device
	there, err := o.signInFrom("manager", home)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := o.signInFrom("manager", desk.Place{Network: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		token custody.Secret
		want  []string
	}{{there.Token, []string{"tech-a"}}, {elsewhere.Token, nil}} {
		got, err := o.Desk.SameDevice(t.Context(), desk.By{Actor: "manager", Token: c.token}, id)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v, %v; want %v", got, err, c.want)
		}
	}
	p, err := o.Store.Proposal(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	outcome, err = o.Desk.Do(t.Context(), desk.By{Actor: "manager", Request: unique("yes"), Code: o.Code("manager"), Token: there.Token}, custody.Approve{Proposal: id, Digest: p.Digest()})
	if err != nil || outcome.Events[0].Grade() != custody.Serious {
		t.Fatalf("%+v, %v", outcome, err)
	}
	o.restart() // what is on record follows from its command
	if p, err = o.Store.Proposal(t.Context(), id); err != nil || !slices.Equal(p.Approvals[0].SameDevice, []string{"tech-a"}) {
		t.Errorf("%+v, %v", p.Approvals, err)
	}
}
