package custody

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// keyOf gives a text that has the form of a public key.
func keyOf(name string) string { return "age1" + strings.Repeat(name, 20) }

func keyholders(names ...string) Keyholders {
	var all []Keyholder
	for _, name := range names {
		all = append(all, Keyholder{name, keyOf(name)})
	}
	k, _ := KeyholdersOf(all)
	return k
}

// haveKeys has a policy adopted in which these are the keyholders.
func haveKeys(names ...string) func(*office) { return haveKeysOf(keyholders(names...)) }

func haveKeysOf(k Keyholders) func(*office) {
	return func(o *office) {
		o.t.Helper()
		values := o.state.Policy().Values
		values.Keyholders = k
		o.does("ada", AdoptPolicy{Values: values, ReviewBy: o.now.AddDate(0, 11, 0)})
	}
}

// sealed has an envelope of db01 made, for cay, dot and max; its token is called "token".
func sealed(o *office) {
	o.t.Helper()
	haveKeys("cay", "dot", "max")(o)
	o.seals("db01")
}

const aDigest = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

func tokenDigest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// seals does what the worker does, and gives the number of the envelope.
func (o *office) seals(name string) int64 {
	o.t.Helper()
	o.does(System, IntendEnvelope{name, o.credential(name).Version})
	number := o.credential(name).Envelope.Number
	o.does(System, SealEnvelope{name, number, aDigest, tokenDigest("token")})
	return number
}

func TestNobodyAloneMakesThemselvesAKeyholder(t *testing.T) {
	o := newOffice(t)
	values := o.state.Policy().Values
	values.Keyholders = keyholders("cay", "dot")
	if _, err := o.do("max", AdoptPolicy{Values: values, ReviewBy: o.now.AddDate(0, 11, 0)}); CodeOf(err) != ApprovalNeeded {
		t.Errorf("alone: %v", err)
	}
	haveKeys("cay", "dot")(o)
	if able := o.state.Keyholders(); len(able) != 2 || able[0] != (Keyholder{"cay", keyOf("cay")}) || !o.person("cay").Keys.Since.Equal(o.now) {
		t.Errorf("%v, %+v", able, o.person("cay").Keys)
	}
}

func TestKeyholdersAreTwoToFivePeopleWithKeysOfTheirOwn(t *testing.T) {
	of := func(all ...Keyholder) Keyholders { k, _ := KeyholdersOf(all); return k }
	gap := of(Keyholder{"cay", keyOf("cay")}, Keyholder{"dot", keyOf("dot")})
	gap[1], gap[2] = Keyholder{}, gap[1]
	for name, c := range map[string]struct {
		k    Keyholders
		want Code
	}{
		"one":                  {of(Keyholder{"cay", keyOf("cay")}), InvalidRequest},
		"one person twice":     {of(Keyholder{"cay", keyOf("cay")}, Keyholder{"cay", keyOf("dot")}), InvalidRequest},
		"one key twice":        {of(Keyholder{"cay", keyOf("cay")}, Keyholder{"dot", keyOf("cay")}), InvalidRequest},
		"a private key":        {of(Keyholder{"cay", keyOf("cay")}, Keyholder{"dot", "AGE-SECRET-KEY-1ABC"}), InvalidRequest},
		"no key":               {of(Keyholder{"cay", keyOf("cay")}, Keyholder{Person: "dot"}), InvalidRequest},
		"with a gap":           {gap, InvalidRequest},
		"somebody who is not":  {of(Keyholder{"cay", keyOf("cay")}, Keyholder{"zoe", keyOf("zoe")}), NotFound},
		"two, and all is well": {of(Keyholder{"cay", keyOf("cay")}, Keyholder{"dot", keyOf("dot")}), ""},
	} {
		o := newOffice(t)
		values := o.state.Policy().Values
		values.Keyholders = c.k
		d := begin(o.state, Command{}, o.now)
		if err := (AdoptPolicy{values, o.now.AddDate(0, 11, 0)}).effect(&d, "proposal-1"); CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, fit := KeyholdersOf(slices.Repeat([]Keyholder{{"cay", keyOf("cay")}}, 6)); fit {
		t.Error("six fit")
	}
	o := newOffice(t)
	o.state.editPerson("cay", func(p *Person) { p.Mailbox = "one" })
	o.state.editPerson("dot", func(p *Person) { p.Mailbox = "one" })
	if err := o.state.canHoldKeys(keyholders("cay", "dot")); CodeOf(err) != NotEligible {
		t.Errorf("two accounts of one person: %v", err)
	}
	o.does("ada", Disable{"cay", note("left")})
	if err := o.state.canHoldKeys(keyholders("cay", "max")); CodeOf(err) != Conflict {
		t.Errorf("somebody who left: %v", err)
	}
}

func TestAPasswordLacksAnEnvelopeUntilOneIsSealedForItsKeyholders(t *testing.T) {
	o := newOffice(t)
	lacking := func() (names []string) {
		for _, c := range o.state.LackEnvelopes() {
			names = append(names, c.Name)
		}
		return names
	}
	if got := lacking(); got != nil {
		t.Errorf("without keyholders: %v", got)
	}
	haveKeys("cay", "dot", "max")(o)
	if got := lacking(); !slices.Equal(got, []string{"db01", "db02", "web01"}) {
		t.Errorf("%v", got)
	}
	o.seals("db01")
	if c := o.credential("db01"); !o.state.InForce(c) || c.Envelope.Sealed.Version != 1 || !slices.Equal(c.Envelope.Sealed.Keyholders, []string{"cay", "dot", "max"}) {
		t.Errorf("%+v", c.Envelope)
	}
	if got := lacking(); !slices.Equal(got, []string{"db02", "web01"}) {
		t.Errorf("once db01 has one: %v", got)
	}
	o.does("ann", RequestRotation{Credential: "db01", Reason: note("worn")})
	if got := lacking(); !slices.Equal(got, []string{"db02", "web01"}) {
		t.Errorf("while it is changed: %v", got)
	}
	o.rotates("db01")
	if got := lacking(); !slices.Equal(got, []string{"db01", "db02", "web01"}) {
		t.Errorf("once it was changed: %v", got)
	}
	o.seals("db01")
	haveKeysOf(func() Keyholders {
		k := keyholders("cay", "dot", "max")
		k[0].Recipient = keyOf("new")
		return k
	}())(o)
	if got := lacking(); !slices.Contains(got, "db01") {
		t.Errorf("with another key: %v", got)
	}
	if n := o.seals("db01"); n != 3 {
		t.Errorf("it is number %d", n)
	}
	o.does("ada", Disable{"cay", note("left")})
	if got := lacking(); !slices.Contains(got, "db01") {
		t.Errorf("without cay: %v", got)
	}
	o.seals("db01")
	if sealed := o.credential("db01").Envelope.Sealed.Keyholders; !slices.Equal(sealed, []string{"dot", "max"}) {
		t.Errorf("made for %v", sealed)
	}
}

// What the worker says late, or twice, is no news.
func TestAWorkerThatComesLateIsRefused(t *testing.T) {
	intend, seal := IntendEnvelope{"db01", 1}, SealEnvelope{"db01", 1, aDigest, aDigest}
	intended := both(haveKeys("cay", "dot"), does(System, intend))
	check(t, []clause{
		{"it is intended", haveKeys("cay", "dot"), System, intend, "", func(o *office) bool {
			e := o.credential("db01").Envelope
			return e.Number == 1 && e.Version == 1 && slices.Equal(e.Readers, []string{"cay", "dot"}) && e.Sealed.Number == 0
		}},
		{"once more, after a crash", intended, System, intend, "", func(o *office) bool { return o.credential("db01").Envelope.Number == 2 }},
		{"nobody commands it", haveKeys("cay", "dot"), "max", intend, Forbidden, nil},
		{"not of another version", haveKeys("cay", "dot"), System, IntendEnvelope{"db01", 2}, Conflict, nil},
		{"not of what there is not", haveKeys("cay", "dot"), System, IntendEnvelope{"nothing", 1}, NotFound, nil},
		{"not without keyholders", nil, System, intend, Conflict, nil},
		{"not while it is changed", both(haveKeys("cay", "dot"), annWantsNewPassword), System, intend, Conflict, nil},
		{"not where one is in force", sealed, System, intend, Conflict, nil},
		{"not of what is retired", both(haveKeys("cay", "dot"), db01IsRetired), System, intend, Conflict, nil},

		{"it is sealed", intended, System, seal, "", func(o *office) bool { return o.state.InForce(o.credential("db01")) }},
		{"nobody seals one", intended, "cay", seal, Forbidden, nil},
		{"not before it was intended", haveKeys("cay", "dot"), System, seal, Conflict, nil},
		{"not under the number of before a crash", both(intended, does(System, intend)), System, seal, Conflict, nil},
		{"not under another number", intended, System, SealEnvelope{"db01", 2, aDigest, aDigest}, Conflict, nil},
		{"not twice", both(intended, does(System, seal)), System, seal, Conflict, nil},
		{"not once it is being changed", both(intended, annWantsNewPassword), System, seal, Conflict, nil},
		{"not for who were keyholders", both(intended, haveKeys("cay", "max")), System, seal, Conflict, nil},
		{"not without a digest", intended, System, SealEnvelope{"db01", 1, "x", aDigest}, InvalidRequest, nil},
		{"not without a proof", intended, System, SealEnvelope{"db01", 1, aDigest, ""}, InvalidRequest, nil},
		{"not of what there is not", intended, System, SealEnvelope{"nothing", 1, aDigest, aDigest}, NotFound, nil},
	})
}

func TestNothingOfCustodyWaitsForAnEnvelope(t *testing.T) {
	check(t, []clause{
		{"a check-out while it is made", both(haveKeys("cay", "dot"), does(System, IntendEnvelope{"db01", 1})), "ann", CheckOut{"db01", note("ticket 1")}, "", nil},
		{"a handover while none can be made", both(haveKeys("cay", "dot"), does(System, FailEnvelope{Why: WhyFolderMissing})), "ann", Offer{Credentials: []string{"db01"}, Reason: note("x")}, "", nil},
		{"a rotation while one is lost", both(sealed, does(System, FailEnvelope{"db01", 1, WhyFileMissing})), "ann", RequestRotation{Credential: "db01", Reason: note("x")}, "", nil},
	})
}

func TestAThousandFailuresAreOneAlarm(t *testing.T) {
	o := newOffice(t)
	sealed(o)
	o.seals("db02")
	if events := o.does(System, FailEnvelope{Why: WhyFolderMissing}); len(events) != 1 || events[0].Grade() != Serious {
		t.Errorf("the first: %v", events)
	}
	for range 3 {
		if events := o.does(System, FailEnvelope{Why: WhyFolderMissing}); len(events) != 0 {
			t.Errorf("once more: %v", events)
		}
	}
	if events := o.does(System, FailEnvelope{Why: WhyFolderFull}); len(events) != 1 || events[0].Grade() != Serious {
		t.Errorf("another reason: %v", events)
	}
	if failing := o.state.Envelopes().Failing; len(failing) != 2 || failing[0].Why != WhyFolderMissing {
		t.Errorf("%v", failing)
	}
	o.seals("web01")
	if failing := o.state.Envelopes().Failing; len(failing) != 0 {
		t.Errorf("once one could be made: %v", failing)
	}
	first, second := o.does(System, FailEnvelope{"db01", 1, WhyFileMissing}), o.does(System, FailEnvelope{"db02", 1, WhyFileMissing})
	if first[0].Grade() != Serious || second[0].Grade() != Ordinary {
		t.Errorf("two files: %s and %s", first[0].Grade(), second[0].Grade())
	}
	if o.state.InForce(o.credential("db01")) {
		t.Error("what is lost is in force")
	}
	if events := o.does(System, FailEnvelope{"db01", 1, WhyFileChanged}); len(events) != 0 {
		t.Errorf("of what is known to be lost: %v", events)
	}
	if events := o.does(System, FailEnvelope{"db01", 9, WhyFileMissing}); len(events) != 0 {
		t.Errorf("of another number: %v", events)
	}
	o.seals("db01")
	if !o.state.InForce(o.credential("db01")) || o.credential("db01").Envelope.Number != 2 {
		t.Errorf("made anew: %+v", o.credential("db01").Envelope)
	}
	for _, a := range []FailEnvelope{{Why: WhyFileMissing}, {Credential: "db01", Envelope: 2, Why: WhyFolderMissing}, {Why: "because"}} {
		if _, err := o.do(System, a); CodeOf(err) != InvalidRequest {
			t.Errorf("%+v: %v", a, err)
		}
	}
	if _, err := o.do(System, FailEnvelope{"nothing", 1, WhyFileMissing}); CodeOf(err) != NotFound {
		t.Errorf("%v", err)
	}
}

func TestWhoOpenedAnEnvelopeKnowsThePasswordAndItIsChanged(t *testing.T) {
	opened := ReportOpened{"db01", [2]string{"cay", "dot"}, note("Tandem was down")}
	exposed := func(o *office) bool {
		c := o.credential("db01")
		return c.Phase == Rotating && c.Rotation.Reason == ForExposure && c.Rotation.Successor == "ann" && slices.Equal(c.Exposure, []string{"cay", "dot"}) && !c.Cancellable()
	}
	check(t, []clause{
		{"one of them says so", sealed, "cay", opened, "", exposed},
		{"a manager says so for them", sealed, "max", opened, "", exposed},
		{"a director does", sealed, "dot", ReportOpened{"db01", [2]string{"cay", "max"}, note("x")}, "", nil},
		{"nobody else", sealed, "ann", opened, NotEligible, nil},
		{"an admin does not", sealed, "ada", opened, NotEligible, nil},
		{"not the system", sealed, System, opened, Forbidden, nil},
		{"not without a reason", sealed, "cay", ReportOpened{"db01", [2]string{"cay", "dot"}, note(" ")}, InvalidRequest, nil},
		{"not one alone", sealed, "cay", ReportOpened{"db01", [2]string{"cay", "cay"}, note("x")}, InvalidRequest, nil},
		{"not in another order", sealed, "cay", ReportOpened{"db01", [2]string{"dot", "cay"}, note("x")}, InvalidRequest, nil},
		{"not with who is no keyholder", sealed, "cay", ReportOpened{"db01", [2]string{"ann", "cay"}, note("x")}, Conflict, nil},
		{"not with who there is not", sealed, "cay", ReportOpened{"db01", [2]string{"cay", "zoe"}, note("x")}, Conflict, nil},
		{"not where there is none", haveKeys("cay", "dot"), "cay", opened, Conflict, nil},
		{"not what was changed since", both(sealed, both(annWantsNewPassword, func(o *office) { o.rotates("db01") })), "cay", opened, Conflict, nil},
		{"not of what there is not", sealed, "cay", ReportOpened{"nothing", [2]string{"cay", "dot"}, note("x")}, NotFound, nil},
		{"not of what is retired", both(sealed, db01IsRetired), "cay", opened, Conflict, nil},
		{"by who was keyholder when it was made", both(sealed, haveKeys("dot", "max")), "cay", opened, "", exposed},
		{"whose file may have been written", both(haveKeys("cay", "dot"), does(System, IntendEnvelope{"db01", 1})), "cay", opened, "", exposed},
		{"while it is changed: it cannot be called off any more", both(sealed, annWantsNewPassword), "cay", opened, "", exposed},
	})
}

func TestADrillShowsThatTwoKeysOpenAnEnvelopeAndThatThePasswordCounts(t *testing.T) {
	drill := DrillEnvelope{"db01", [2]string{"cay", "dot"}, "token"}
	check(t, []clause{
		{"two open it, and one says so", sealed, "cay", drill, "", func(o *office) bool {
			c := o.credential("db01")
			return c.Phase == Held && slices.Equal(c.Exposure, []string{"cay", "dot"}) && c.Envelope.Drill.By == drill.By && c.Envelope.Drill.Result == ""
		}},
		{"not with another token", sealed, "cay", DrillEnvelope{"db01", drill.By, "guessed"}, InvalidRequest, nil},
		{"not with none", sealed, "cay", DrillEnvelope{"db01", drill.By, ""}, InvalidRequest, nil},
		{"not for two others", sealed, "max", drill, NotEligible, nil},
		{"not one alone", sealed, "cay", DrillEnvelope{"db01", [2]string{"cay", "cay"}, "token"}, InvalidRequest, nil},
		{"not with who is no keyholder", sealed, "cay", DrillEnvelope{"db01", [2]string{"ann", "cay"}, "token"}, Conflict, nil},
		{"not with who is none any more", both(sealed, haveKeys("cay", "max")), "cay", drill, Conflict, nil},
		{"not with who came later", both(both(sealed, haveKeys("cay", "eve", "max")), func(*office) {}), "cay", DrillEnvelope{"db01", [2]string{"cay", "eve"}, "token"}, Conflict, nil},
		{"not twice at once", both(sealed, does("cay", drill)), "dot", drill, Conflict, nil},
		{"not while it is changed", both(sealed, annWantsNewPassword), "cay", drill, RotationPending, nil},
		{"not what was changed since", both(sealed, both(annWantsNewPassword, func(o *office) { o.rotates("db01") })), "cay", drill, Conflict, nil},
		{"not of what is retired", both(sealed, db01IsRetired), "cay", drill, Conflict, nil},
		{"not of what there is not", sealed, "cay", DrillEnvelope{"nothing", drill.By, "token"}, NotFound, nil},
		{"not the system", sealed, System, drill, Forbidden, nil},
	})
	for result, counts := range map[VerificationResult]bool{VerificationAccepted: true, VerificationRefused: false, VerificationUnknown: false} {
		o := newOffice(t)
		sealed(o)
		o.does("cay", drill)
		o.passes(time.Second)
		events := o.does(System, EndVerification{Credential: "db01", Version: 1, Result: result})
		f, is := events[len(events)-1].Fact.(EnvelopeDrilled)
		if !is || f.Result != result || f.By != drill.By || (events[len(events)-1].Grade() == Serious) != (result == VerificationRefused) {
			t.Fatalf("%s: %+v", result, events)
		}
		c := o.credential("db01")
		if c.Phase != Rotating || c.Rotation.Reason != ForExposure || c.Rotation.Successor != "ann" || c.Envelope.Drill != (Drill{}) || c.Envelope.Drilled.IsZero() == counts {
			t.Errorf("%s: %+v, %+v", result, c.Rotation, c.Envelope)
		}
		for _, name := range []string{"cay", "dot"} {
			if o.person(name).Keys.Drilled.IsZero() == counts {
				t.Errorf("%s, %s: %+v", result, name, o.person(name).Keys)
			}
		}
		if !o.person("max").Keys.Drilled.IsZero() {
			t.Errorf("%s: max took part", result)
		}
		o.rotates("db01")
		if c := o.credential("db01"); len(c.Exposure) > 0 || c.Holder != "ann" {
			t.Errorf("%s: known to %v, held by %q", result, c.Exposure, c.Holder)
		}
	}
}

// A drill that a rotation overtook has no result.
func TestADrillOfAPasswordThatIsBeingChangedIsOver(t *testing.T) {
	o := newOffice(t)
	sealed(o)
	o.does("cay", DrillEnvelope{"db01", [2]string{"cay", "dot"}, "token"})
	o.does("ann", RequestRotation{Credential: "db01", Reason: note("worn")})
	if c := o.credential("db01"); c.Envelope.Drill != (Drill{}) || !slices.Equal(c.Exposure, []string{"cay", "dot"}) {
		t.Errorf("%+v", c.Envelope)
	}
	o.rotates("db01")
	if events := o.does(System, EndVerification{Credential: "db01", Version: 2, Result: VerificationAccepted}); len(events) != 1 {
		t.Errorf("%v", events)
	}
}

func TestAKeyholderWhoTookPartInNoDrillIsOverdueOnce(t *testing.T) {
	o := newOffice(t)
	sealed(o)
	overdue := func() (names []string) {
		for _, e := range o.history {
			if f, is := e.Fact.(DrillOverdue); is {
				names = append(names, f.Person)
			}
		}
		return names
	}
	year := o.state.Policy().Values.DrillEvery
	if due := o.state.DrillDue(o.person("cay")); !due.Equal(o.person("cay").Keys.Since.Add(year)) {
		t.Errorf("due %s", due)
	}
	o.passes(300 * 24 * time.Hour)
	o.does("cay", DrillEnvelope{"db01", [2]string{"cay", "dot"}, "token"})
	o.does(System, EndVerification{Credential: "db01", Version: 1, Result: VerificationAccepted})
	o.rotates("db01")
	o.passes(66 * 24 * time.Hour)
	if got := overdue(); !slices.Equal(got, []string{"max"}) || !o.person("max").Keys.Overdue {
		t.Errorf("after a year: %v", got)
	}
	o.passes(24 * time.Hour)
	if got := overdue(); len(got) != 1 {
		t.Errorf("twice: %v", got)
	}
	o.seals("db01")
	o.does("max", DrillEnvelope{"db01", [2]string{"cay", "max"}, "token"})
	o.does(System, EndVerification{Credential: "db01", Version: 2, Result: VerificationAccepted})
	if o.person("max").Keys.Overdue || !o.person("max").Keys.Drilled.Equal(o.now) {
		t.Errorf("after the drill: %+v", o.person("max").Keys)
	}
	o.rotates("db01")
	o.passes(364 * 24 * time.Hour)
	if got := overdue(); len(got) != 2 || got[1] != "dot" {
		t.Errorf("dot is due by then, and cay and max are not: %v", got)
	}
	o.passes(2 * 24 * time.Hour)
	if got := overdue(); len(got) != 4 {
		t.Errorf("then the others: %v", got)
	}
	haveKeys("dot", "max")(o)
	if p := o.person("cay"); p.Keys != (KeysOf{}) || !o.person("dot").Keys.Overdue {
		t.Errorf("cay, who is none any more: %+v; dot, who still is: %+v", p.Keys, o.person("dot").Keys)
	}
}

func TestTooFewKeyholdersAreSaidOnce(t *testing.T) {
	o := newOffice(t)
	few := func() (n int) {
		for _, e := range o.history {
			if f, is := e.Fact.(KeyholdersFew); is {
				n++
				if e.Grade() != Serious || !slices.Equal(f.Able, []string{"max"}) {
					o.t.Errorf("%+v", f)
				}
			}
		}
		return n
	}
	haveKeys("cay", "max")(o)
	o.passes(time.Hour)
	if few() != 0 {
		t.Error("of two")
	}
	o.does("ada", Disable{"cay", note("left")})
	o.passes(time.Second)
	o.passes(time.Hour)
	if few() != 1 || !o.state.Envelopes().Few || len(o.state.LackEnvelopes()) != 0 {
		t.Errorf("%d times, %+v", few(), o.state.Envelopes())
	}
	haveKeys("dot", "max")(o)
	if o.state.Envelopes().Few || len(o.state.LackEnvelopes()) != 3 {
		t.Errorf("once there are two again: %+v", o.state.Envelopes())
	}
	haveKeys()(o)
	o.passes(time.Second)
	if few() != 1 || o.state.Envelopes().Few {
		t.Error("without any, on purpose")
	}
}

func TestWhatAKeyholderWhoLeftCouldOpenIsMadeAnew(t *testing.T) {
	o := newOffice(t)
	sealed(o)
	o.seals("db02")
	o.does("ada", Disable{"cay", note("left")})
	item := func() Item {
		for _, i := range o.person("cay").Leaving.Items {
			if i.Kind == ItemEnvelopes {
				return i
			}
		}
		return Item{}
	}
	if i := item(); i.Kind == "" || !i.Done.IsZero() {
		t.Fatalf("%+v", o.person("cay").Leaving.Items)
	}
	o.seals("db01")
	if !item().Done.IsZero() {
		t.Error("done with one left")
	}
	o.seals("db02")
	if i := item(); i.Done.IsZero() || i.How != HowRewritten || i.Entry != o.state.Size-1 {
		t.Errorf("%+v", i)
	}
	o.does("ada", Disable{"ben", note("left")})
	if slices.ContainsFunc(o.person("ben").Leaving.Items, func(i Item) bool { return i.Kind == ItemEnvelopes }) {
		t.Error("of who was no keyholder")
	}
}

func TestAnAccountThatComesAgainDoesNotOverwriteItsOldEnvelopes(t *testing.T) {
	o := newOffice(t)
	sealed(o)
	db01IsRetired(o)
	again := server("db01", "ann", "ben")
	again.Brings = true
	o.does("ada", again)
	if e := o.credential("db01").Envelope; e.Number != 1 || e.Sealed.Number != 0 || e.Readers != nil {
		t.Errorf("%+v", e)
	}
}

func TestWhatNobodyForgesOfAnEnvelope(t *testing.T) {
	at := stateAfter(t)
	after := func(d time.Duration, e Event) Event { return laterBy(e, d) }
	drill := DrillEnvelope{"db01", [2]string{"cay", "dot"}, "token"}
	plain, keyed := at(), at(haveKeys("cay", "dot", "max"))
	begun := at(haveKeys("cay", "dot", "max"), does(System, IntendEnvelope{"db01", 1}))
	is, changing := at(sealed), at(sealed, annWantsNewPassword)
	drilling := at(sealed, does("cay", drill))
	asked := at(sealed, does("cay", drill))
	Apply(asked, forgedBy(asked, System, VerificationEnded{Credential: "db01", Version: 1, Result: VerificationAccepted}))
	failing := at(haveKeys("cay", "dot", "max"), does(System, FailEnvelope{Why: WhyFolderFull}))
	lost := at(sealed, func(o *office) { o.seals("db02") }, does(System, FailEnvelope{"db01", 1, WhyFileMissing}))
	retired := at(sealed, db01IsRetired)
	left := at(haveKeys("cay", "max"), does("ada", Disable{"cay", note("left")}))
	few := at(haveKeys("cay", "max"), does("ada", Disable{"cay", note("left")}), func(o *office) { o.passes(time.Second) })
	overdue := at(sealed, func(o *office) { o.passes(366 * 24 * time.Hour) })
	_, set := keyed.keyholding()
	_, other := at(haveKeys("cay", "dot")).keyholding()
	names := []string{"cay", "dot", "max"}
	deadline := plain.Time.Add(time.Hour)
	pair := [2]string{"cay", "dot"}
	opened := EnvelopeOpened{"db01", pair, note("x"), deadline}
	intended := EnvelopeIntended{"db01", 1, 1, names, set}
	sealing := EnvelopeSealed{"db01", 1, aDigest, aDigest}
	drilled := EnvelopeDrilled{"db01", 1, pair, VerificationAccepted, deadline}
	for _, right := range []struct {
		s *State
		e Event
	}{
		{keyed, forgedBy(keyed, System, intended)}, {begun, forgedBy(begun, System, sealing)}, {is, forgedBy(is, "cay", opened)}, {is, forgedBy(is, "cay", EnvelopeDrillBegun(drill))},
		{asked, forgedBy(asked, System, drilled)}, {keyed, forgedBy(keyed, System, EnvelopeFailed{Why: WhyDisk, First: true})}, {is, forgedBy(is, System, EnvelopeFailed{"db01", 1, WhyFileMissing, true})},
		{left, forgedBy(left, System, KeyholdersFew{[]string{"max"}})}, {is, after(366*24*time.Hour, forgedBy(is, System, DrillOverdue{"cay"}))},
	} {
		if err := CheckEvent(right.s, right.e); err != nil {
			t.Fatalf("%+v: %v", right.e.Fact, err)
		}
	}
	for name, e := range map[string]struct {
		state     *State
		event     Event
		invariant string
	}{
		"made by a person":                      {keyed, forgedBy(keyed, "max", intended), "I6"},
		"made without keyholders":               {plain, forgedBy(plain, System, EnvelopeIntended{"db01", 1, 1, nil, ""}), "I10"},
		"made for others":                       {keyed, forgedBy(keyed, System, EnvelopeIntended{"db01", 1, 1, []string{"ann", "ben"}, set}), "I10"},
		"made with the keys of others":          {keyed, forgedBy(keyed, System, EnvelopeIntended{"db01", 1, 1, names, other}), "I10"},
		"made of another version":               {keyed, forgedBy(keyed, System, EnvelopeIntended{"db01", 1, 2, names, set}), "I5"},
		"made of what there is not":             {keyed, forgedBy(keyed, System, EnvelopeIntended{"db09", 1, 0, names, set}), "I5"},
		"made while it is changed":              {changing, forgedBy(changing, System, EnvelopeIntended{"db01", 2, 1, names, set}), "I5"},
		"made out of its turn":                  {keyed, forgedBy(keyed, System, EnvelopeIntended{"db01", 2, 1, names, set}), "I5"},
		"made under a number that was used":     {begun, forgedBy(begun, System, EnvelopeIntended{"db01", 1, 1, names, set}), "I5"},
		"made where one is in force":            {is, forgedBy(is, System, EnvelopeIntended{"db01", 2, 1, names, set}), "I5"},
		"sealed by a person":                    {begun, forgedBy(begun, "max", sealing), "I6"},
		"sealed without a word before":          {keyed, forgedBy(keyed, System, sealing), "I5"},
		"sealed under another number":           {begun, forgedBy(begun, System, EnvelopeSealed{"db01", 2, aDigest, aDigest}), "I5"},
		"sealed twice":                          {is, forgedBy(is, System, sealing), "I5"},
		"sealed while it is changed":            {at(haveKeys("cay", "dot", "max"), does(System, IntendEnvelope{"db01", 1}), annWantsNewPassword), forgedBy(begun, System, sealing), "I5"},
		"sealed without keyholders":             {at(haveKeys("cay", "dot"), does(System, IntendEnvelope{"db01", 1}), haveKeys()), forgedBy(at(haveKeys("cay", "dot"), does(System, IntendEnvelope{"db01", 1}), haveKeys()), System, sealing), "I5"},
		"sealed with no digest":                 {begun, forgedBy(begun, System, EnvelopeSealed{"db01", 1, "x", aDigest}), "I7"},
		"sealed with no proof":                  {begun, forgedBy(begun, System, EnvelopeSealed{"db01", 1, aDigest, "x"}), "I7"},
		"failed, says a person":                 {keyed, forgedBy(keyed, "max", EnvelopeFailed{Why: WhyDisk, First: true}), "I6"},
		"failed for no reason":                  {keyed, forgedBy(keyed, System, EnvelopeFailed{Why: "because", First: true}), "I7"},
		"failed for a file's":                   {keyed, forgedBy(keyed, System, EnvelopeFailed{Why: WhyFileMissing, First: true}), "I7"},
		"failed twice":                          {failing, forgedBy(failing, System, EnvelopeFailed{Why: WhyFolderFull, First: true}), "I7"},
		"failed first, and not serious":         {keyed, forgedBy(keyed, System, EnvelopeFailed{Why: WhyDisk}), "I7"},
		"failed, of a number":                   {keyed, forgedBy(keyed, System, EnvelopeFailed{Envelope: 1, Why: WhyDisk, First: true}), "I7"},
		"a file for the folder's reason":        {is, forgedBy(is, System, EnvelopeFailed{"db01", 1, WhyDisk, true}), "I7"},
		"a file of another number":              {is, forgedBy(is, System, EnvelopeFailed{"db01", 2, WhyFileMissing, true}), "I7"},
		"a file that was never sealed":          {keyed, forgedBy(keyed, System, EnvelopeFailed{"db01", 0, WhyFileMissing, true}), "I7"},
		"a file twice":                          {lost, forgedBy(lost, System, EnvelopeFailed{"db01", 1, WhyFileChanged, true}), "I7"},
		"a second said to be the first":         {lost, forgedBy(lost, System, EnvelopeFailed{"db02", 1, WhyFileMissing, true}), "I7"},
		"a first said to be the second":         {is, forgedBy(is, System, EnvelopeFailed{"db01", 1, WhyFileMissing, false}), "I7"},
		"opened, says who is neither":           {is, forgedBy(is, "ann", opened), "I6"},
		"opened, without a code":                {is, withoutCode(forgedBy(is, "cay", opened)), "I6"},
		"opened by one":                         {is, forgedBy(is, "cay", EnvelopeOpened{"db01", [2]string{"cay", "cay"}, note("x"), deadline}), "I5"},
		"opened by nobody":                      {is, forgedBy(is, "max", EnvelopeOpened{"db01", [2]string{"", "dot"}, note("x"), deadline}), "I5"},
		"opened by who is no keyholder":         {is, forgedBy(is, "cay", EnvelopeOpened{"db01", [2]string{"ann", "cay"}, note("x"), deadline}), "I5"},
		"opened where there is none":            {keyed, forgedBy(keyed, "cay", opened), "I5"},
		"opened of what is retired":             {retired, forgedBy(retired, "cay", opened), "I5"},
		"opened and not changed":                {is, forgedBy(is, "cay", EnvelopeOpened{"db01", pair, note("x"), time.Time{}}), "I4"},
		"opened and changed twice":              {changing, forgedBy(changing, "cay", opened), "I4"},
		"a drill of two others, by who is none": {is, forgedBy(is, "max", EnvelopeDrillBegun(drill)), "I6"},
		"a drill without a code":                {is, withoutCode(forgedBy(is, "cay", EnvelopeDrillBegun(drill))), "I6"},
		"a drill with another token":            {is, forgedBy(is, "cay", EnvelopeDrillBegun{"db01", pair, "guessed"}), "I5"},
		"a drill by one":                        {is, forgedBy(is, "cay", EnvelopeDrillBegun{"db01", [2]string{"cay", "cay"}, "token"}), "I5"},
		"a drill by who is no keyholder":        {is, forgedBy(is, "cay", EnvelopeDrillBegun{"db01", [2]string{"ann", "cay"}, "token"}), "I5"},
		"a drill beside another":                {drilling, forgedBy(drilling, "cay", EnvelopeDrillBegun(drill)), "I5"},
		"a drill while it is changed":           {changing, forgedBy(changing, "cay", EnvelopeDrillBegun(drill)), "I5"},
		"a result before the target was asked":  {drilling, forgedBy(drilling, System, drilled), "I7"},
		"a result without a drill":              {is, forgedBy(is, System, drilled), "I7"},
		"another result than the target's":      {asked, forgedBy(asked, System, EnvelopeDrilled{"db01", 1, pair, VerificationRefused, deadline}), "I7"},
		"a result of two others":                {asked, forgedBy(asked, System, EnvelopeDrilled{"db01", 1, [2]string{"cay", "max"}, VerificationAccepted, deadline}), "I7"},
		"a result of another version":           {asked, forgedBy(asked, System, EnvelopeDrilled{"db01", 2, pair, VerificationAccepted, deadline}), "I7"},
		"a result by a person":                  {asked, forgedBy(asked, "cay", drilled), "I6"},
		"a drill after which nothing changes":   {asked, forgedBy(asked, System, EnvelopeDrilled{"db01", 1, pair, VerificationAccepted, time.Time{}}), "I4"},
		"too few, though there are enough":      {keyed, forgedBy(keyed, System, KeyholdersFew{names}), "I12"},
		"too few, twice":                        {few, forgedBy(few, System, KeyholdersFew{[]string{"max"}}), "I12"},
		"too few, and others are left":          {left, forgedBy(left, System, KeyholdersFew{nil}), "I12"},
		"too few, says a person":                {left, forgedBy(left, "max", KeyholdersFew{[]string{"max"}}), "I6"},
		"overdue too early":                     {is, forgedBy(is, System, DrillOverdue{"cay"}), "I12"},
		"overdue twice":                         {overdue, forgedBy(overdue, System, DrillOverdue{"cay"}), "I12"},
		"overdue of no keyholder":               {is, after(400*24*time.Hour, forgedBy(is, System, DrillOverdue{"ann"})), "I12"},
		"overdue, says a person":                {is, after(366*24*time.Hour, forgedBy(is, "max", DrillOverdue{"cay"})), "I6"},
	} {
		if err := CheckEvent(e.state, e.event); !violation(err, e.invariant, "") {
			t.Errorf("%s: got %v, want %s", name, err, e.invariant)
		}
	}
}

// No policy that was forged has a keyholder who could not be one.
func TestNobodyForgesAKeyholder(t *testing.T) {
	for name, given := range map[string]func(*office, *Keyholders){
		"who left":           func(o *office, _ *Keyholders) { o.state.editPerson("cay", func(p *Person) { p.Disabled = true }) },
		"who there is not":   func(_ *office, k *Keyholders) { *k = keyholders("max", "zoe") },
		"alone":              func(_ *office, k *Keyholders) { *k = keyholders("cay") },
		"with another's key": func(_ *office, k *Keyholders) { k[1].Recipient = k[0].Recipient },
	} {
		o := newOffice(t)
		values := o.state.Policy().Values
		values.Keyholders = keyholders("cay", "dot")
		given(o, &values.Keyholders)
		f := PolicyAdopted{Version: 2, Rules: RulesVersion, Values: values, ReviewBy: o.now.AddDate(0, 11, 0), Proposal: "proposal-1"}
		if err := f.allowed(o.state, Event{Time: o.now, Actor: "max", Fact: f}); !violation(err, "I7", "") && !violation(err, "I12", "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsWrongWithEnvelopesIsFoundInAnyState(t *testing.T) {
	for name, spoil := range map[string]func(*Credential){
		"sealed that was never begun":     func(c *Credential) { c.Envelope.Sealed.Number = 9 },
		"of a version that there is not":  func(c *Credential) { c.Envelope.Version = 9 },
		"sealed of what was not begun":    func(c *Credential) { c.Version, c.Envelope.Sealed.Version = 9, 9 },
		"a drill that nobody is said of":  func(c *Credential) { c.Envelope.Drill.By = [2]string{"cay", "dot"} },
		"a drill of which one is unknown": func(c *Credential) { c.Envelope.Drill.By = [2]string{"cay", "dot"}; c.Exposure = []string{"cay"} },
		"a drill of the version before": func(c *Credential) {
			c.Envelope.Drill.By, c.Exposure, c.Version = [2]string{"cay", "dot"}, []string{"cay", "dot"}, 2
		},
	} {
		o := newOffice(t)
		sealed(o)
		if err := Check(o.state); err != nil {
			t.Fatal(err)
		}
		o.state.editCredential("db01", spoil)
		if Check(o.state) == nil {
			t.Errorf("%s is found right", name)
		}
	}
}

// What an auditor finds of who knows a password has those who opened its envelope.
func TestTheExposureNamesWhoOpenedAnEnvelope(t *testing.T) {
	o := newOffice(t)
	sealed(o)
	o.does("cay", DrillEnvelope{"db01", [2]string{"cay", "dot"}, "token"})
	o.does("max", ReportOpened{"db01", [2]string{"dot", "max"}, note("x")})
	var x Exposure
	for i, e := range o.history {
		if slices.Contains(e.Concerns(o.state).Credentials, "db01") {
			x.Add(int64(i), e)
		}
	}
	said := ""
	for _, seen := range x.Known {
		said += fmt.Sprintf("%s %d ", seen.Person, len(seen.Entries))
	}
	if said != "cay 1 dot 2 max 1 " || !slices.Equal(o.credential("db01").Exposure, []string{"cay", "dot", "max"}) {
		t.Errorf("%s, %v", said, o.credential("db01").Exposure)
	}
}
