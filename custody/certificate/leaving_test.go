package certificate_test

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/certificate"
	"github.com/tandem-custody/tandem/custody/desk"
)

// departure is the ledger of tech-a, who held db01, was custodian of web01, and left.
func departure() []custody.Event {
	gone := custody.Disable{Person: "tech-a", Reason: desk.NewNote("离职 left")}
	first := confirmed("admin", custody.SeatVacated{Credential: "db01", Person: "tech-a", Successor: "tech-b", Changes: true, Deadline: when})
	first.Cause = &custody.Cause{Action: gone, Proof: custody.Proof{Given: true, Steps: []int64{7}}}
	events := []custody.Event{
		{Actor: "admin", Fact: custody.PersonAdded{Username: "tech-a", Name: "张伟", Roles: []custody.Role{custody.Technician}}},
		{Actor: "admin", Fact: custody.CredentialAdded{Credential: "db01", Target: desk.NewTarget(custody.Target{Account: "root", Address: "db01.example:22"})}},
		{Actor: custody.System, Fact: custody.RotationVerified{Credential: "db01", Rotation: 1, OldRefused: true}},
		first,
		confirmed("admin", custody.SeatVacated{Credential: "web01", Person: "tech-a", Successor: "tech-b"}),
		confirmed("admin", custody.PersonDisabled{Person: "tech-a", Reason: gone.Reason}),
		{Actor: custody.System, Fact: custody.RotationVerified{Credential: "db01", Rotation: 2, OldRefused: true}},
	}
	for n, how := range []custody.How{custody.HowChanged, custody.HowNone, custody.HowNone, custody.HowTelephone} {
		f := custody.ItemSettled{Person: "tech-a", Item: n + 1, How: how}
		if how == custody.HowTelephone {
			f.At = when
		}
		events = append(events, confirmed("manager", f))
	}
	return append(events, custody.Event{Actor: custody.System, Fact: custody.OffboardingEnded{Person: "tech-a"}})
}

func proveDeparture(t *testing.T, events []custody.Event) (certificate.Bundle, string) {
	t.Helper()
	b, key := prove(t, events)
	b.Handover, b.Leaver = "", "tech-a"
	return b, key
}

func TestACertificateOfALeaving(t *testing.T) {
	b, key := proveDeparture(t, departure())
	var page bytes.Buffer
	if err := certificate.WriteHTML(&page, b, key); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"离任单", "Certificate of a leaving", "张伟 (tech-a)", "离职 left", "root @ db01.example:22", "web01", "New password verified", "<td>6</td>",
		"share of the secret store", "they had none", "by telephone", "manager", "2026-07-01 08:30:00 &#43;08:00", "admin (TOTP 7)", "<svg",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	d, err := certificate.CheckFile(page.Bytes(), key)
	if err != nil {
		t.Fatal(err)
	}
	l := d.Leaving
	if d.Paper != nil || l.Items[0].Credential != "db01" || l.Items[0].Index != 6 || len(l.Items) != 5 || !slices.Equal(l.Seats, []string{"web01"}) ||
		l.Items[4].How != custody.HowTelephone || l.Items[4].Index != 10 || l.Size != 12 || l.Ended.IsZero() {
		t.Errorf("%+v", l)
	}
	for i := 0; i < page.Len(); i += 499 {
		changed := bytes.Clone(page.Bytes())
		changed[i] ^= 1
		if _, err := certificate.CheckFile(changed, key); err == nil {
			t.Fatalf("byte %d was changed, and it counts", i)
		}
	}
}

// TestACertificateOfALeavingIsWhole: whoever makes one leaves nothing out, and takes no
// change of before for one that came after.
func TestACertificateOfALeavingIsWhole(t *testing.T) {
	for name, without := range map[string]int{
		"the password that they held": 3, "a seat": 4, "that they left": 5, "its new password": 6, "what was settled": 8, "the end": 11,
	} {
		b, key := proveDeparture(t, departure())
		b.Entries = slices.Delete(b.Entries, without, without+1)
		if _, err := b.CheckLeaving(key); !errors.Is(err, certificate.ErrIncomplete) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	for name, spoil := range map[string]func([]custody.Event){
		"somebody else left": func(e []custody.Event) { e[5].Fact = custody.PersonDisabled{Person: "tech-c"} },
		"a password settled by somebody": func(e []custody.Event) {
			e[7].Fact = custody.ItemSettled{Person: "tech-a", Item: 0, How: custody.HowChanged}
		},
		"one item settled twice":              func(e []custody.Event) { e[8] = e[7] },
		"another credential changed":          func(e []custody.Event) { e[6].Fact = custody.RotationVerified{Credential: "web01", Rotation: 2} },
		"somebody else's leaving ended":       func(e []custody.Event) { e[11].Fact = custody.OffboardingEnded{Person: "tech-c"} },
		"changed, and set by hand, is not it": func(e []custody.Event) { e[6].Fact = custody.RotationStaged{Credential: "db01", Rotation: 2} },
	} {
		events := departure()
		spoil(events)
		b, key := proveDeparture(t, events)
		if _, err := b.CheckLeaving(key); !errors.Is(err, certificate.ErrIncomplete) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b, key := proveDeparture(t, departure())
	b.Leaver = "tech-b"
	if _, err := b.CheckLeaving(key); !errors.Is(err, certificate.ErrIncomplete) {
		t.Errorf("under another name: %v", err)
	}
}

// TestWhoChangesPostHasOneToo, and what nobody logged in to prove is said to be so.
func TestWhoChangesPostHasOneToo(t *testing.T) {
	events := departure()
	events[5].Fact = custody.RolesChanged{Person: "tech-a", Before: []custody.Role{custody.Technician}, Roles: []custody.Role{custody.Auditor}, Proposal: "p-1"}
	events[6].Fact = custody.RotationVerified{Credential: "db01", Rotation: 2, Attested: true}
	b, key := proveDeparture(t, events)
	var page bytes.Buffer
	if err := certificate.WriteHTML(&page, b, key); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), "Roles changed") || !strings.Contains(page.String(), "no log-in proved it") {
		t.Error("the page does not say so")
	}
	events[5].Fact = custody.RolesChanged{Person: "tech-a", Before: []custody.Role{custody.Technician}, Roles: []custody.Role{custody.Technician, custody.Manager}, Proposal: "p-1"}
	b, key = proveDeparture(t, events)
	if _, err := b.CheckLeaving(key); !errors.Is(err, certificate.ErrIncomplete) {
		t.Errorf("who is a technician still: %v", err)
	}
}

// TestPDFOfALeaving needs a font with Chinese characters.
func TestPDFOfALeaving(t *testing.T) {
	font, err := certificate.FindFonts()
	if err != nil {
		if os.Getenv("TANDEM_TEST_ALL") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	b, key := proveDeparture(t, departure())
	var out bytes.Buffer
	if err := certificate.WritePDF(&out, b, key, font...); err != nil {
		t.Fatal(err)
	}
	d, err := certificate.CheckFile(out.Bytes(), key)
	if err != nil || d.Leaving.Person.Name != "张伟" {
		t.Fatalf("%+v, %v", d, err)
	}
	changed := bytes.Replace(out.Bytes(), []byte("TANDEM CERTIFICATE-----\n"), []byte("TANDEM CERTIFICATE-----\nA"), 1)
	if _, err := certificate.CheckFile(changed, key); err == nil {
		t.Error("a changed one was taken")
	}
}
