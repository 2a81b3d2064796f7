package custody

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// keyPrint gives the nth fingerprint; they are sorted as their numbers.
func keyPrint(n int) string { return "SHA256:" + fmt.Sprintf("%04d", n) + strings.Repeat("A", 39) }

// Each key is named once, in order, and no more than so many; the rest is counted.
func TestKeysAreNamedUpToABound(t *testing.T) {
	if got := Lists(nil); !got.Listed || len(got.Keys) != 0 || got.More != 0 || !got.valid() {
		t.Errorf("none: %+v", got)
	}
	if got := Lists([]string{keyPrint(2), keyPrint(1), keyPrint(2)}); !slices.Equal(got.Keys, []string{keyPrint(1), keyPrint(2)}) || got.More != 0 || !got.valid() {
		t.Errorf("two: %+v", got)
	}
	var many []string
	for n := range MaxKeys + 3 {
		many = append(many, keyPrint(n))
	}
	if got := Lists(many); len(got.Keys) != MaxKeys || got.More != 3 || !got.valid() {
		t.Errorf("many: %d and %d more, valid: %v", len(got.Keys), got.More, got.valid())
	}
}

// What opens an account beside its password is on record with the proof of a password, is
// part of what is known of the account, and is replaced by the next list, not by none.
func TestWhatRemainsIsOnRecord(t *testing.T) {
	o := newOffice(t)
	two, one := Lists([]string{keyPrint(1), keyPrint(2)}), Lists([]string{keyPrint(2)})
	o.does("ann", RequestRotation{Credential: "db01", Reason: note("x")})
	id := RotationID{Credential: "db01", Number: o.credential("db01").Rotation.Number}
	o.does(System, ReportStaged{Rotation: id})
	o.does(System, ReportApplied{id})
	events := o.does(System, ReportVerified{Rotation: id, OldRefused: true, Remaining: two})
	if f := events[0].Fact.(RotationVerified); !slices.Equal(f.Remaining.Keys, two.Keys) {
		t.Errorf("the entry: %+v", f)
	}
	o.does(System, ReportPromoted{id, o.credential("db01").Version + 1})
	wantKeys := func(what string, want Remaining) {
		t.Helper()
		if got := o.credential("db01").Remaining; got.Listed != want.Listed || !slices.Equal(got.Keys, want.Keys) {
			t.Errorf("%s: %+v", what, got)
		}
	}
	wantKeys("changed", two)
	looked := func(r VerificationResult, remaining Remaining) {
		version := o.credential("db01").Version
		o.does(System, StartVerification{Credential: "db01", Version: version})
		o.does(System, EndVerification{Credential: "db01", Version: version, Result: r, Remaining: remaining})
	}
	looked(VerificationUnknown, Remaining{})
	wantKeys("not asked", two)
	looked(VerificationAccepted, one)
	wantKeys("looked at", one)
	looked(VerificationAccepted, Lists(nil))
	wantKeys("none left", Lists(nil))
}

// A list that no account can have given is no fact.
func TestNoListOfKeysIsMadeUp(t *testing.T) {
	var many []string
	for n := range MaxKeys + 1 {
		many = append(many, keyPrint(n))
	}
	for what, made := range map[string]Remaining{
		"no fingerprint":          {Listed: true, Keys: []string{"ssh-ed25519 AAAA somebody@home"}},
		"not in order":            {Listed: true, Keys: []string{keyPrint(2), keyPrint(1)}},
		"twice":                   {Listed: true, Keys: []string{keyPrint(1), keyPrint(1)}},
		"too many":                {Listed: true, Keys: many},
		"more without those":      {Listed: true, More: 1},
		"fewer than none":         {Listed: true, More: -1},
		"keys that nobody listed": {Keys: []string{keyPrint(1)}},
	} {
		if made.valid() {
			t.Errorf("%s counts as a list", what)
		}
		verified := RotationVerified{Credential: "db01", Rotation: 2, OldRefused: true, Remaining: made}
		o := newOffice(t)
		if err := verified.allowed(o.state, Event{Fact: verified}); err == nil || !strings.Contains(err.Error(), "a list of keys") {
			t.Errorf("%s: %v", what, err)
		}
		ended := VerificationEnded{Credential: "db01", Version: 1, Result: VerificationAccepted, Remaining: made}
		if err := ended.allowed(o.state, Event{Fact: ended}); err == nil || !strings.Contains(err.Error(), "a list of keys") {
			t.Errorf("%s, looked at: %v", what, err)
		}
	}
	o := newOffice(t)
	refused := VerificationEnded{Credential: "db01", Version: 1, Result: VerificationRefused, Remaining: Lists(nil)}
	if err := refused.allowed(o.state, Event{Fact: refused}); err == nil {
		t.Error("a list of an account that let nobody in")
	}
}
