package custody

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
)

// note commits to a text with the same salt each time, so that notes of one text
// are the same.
func note(text string) Note { return NoteOf(Salt{1, 2, 3}, text) }

// TestACommitmentIsWhatAnybodyWorksOut: SHA-256 of salt and text, as docs/audit.md
// says; openssl gave this one.
func TestACommitmentIsWhatAnybodyWorksOut(t *testing.T) {
	n := NoteOf(Salt{0: 1, 15: 0xff}, "工单 4711")
	if got, want := n.Commitment(), "4-xMVJJC22W2l01LuQgUJY25UcAUhqRrT4RDzNzP1C4"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if other := NoteOf(Salt{0: 2, 15: 0xff}, "工单 4711"); other.Same(n) {
		t.Error("the salt does not matter")
	}
}

// TestANoteIsWrittenWithoutItsText, and only a commitment is read as one.
func TestANoteIsWrittenWithoutItsText(t *testing.T) {
	n := note("ticket 4711")
	text, err := json.Marshal(n)
	if err != nil || strings.Contains(string(text), "4711") || len(text) != 45 {
		t.Fatalf("%s, %v", text, err)
	}
	var read Note
	if err := json.Unmarshal(text, &read); err != nil || !read.Same(n) || read.String() != Redacted {
		t.Errorf("%v, %v", read, err)
	}
	if filled, err := read.Known(*n.words); err != nil || filled.String() != "ticket 4711" {
		t.Errorf("%v, %v", filled, err)
	}
	if filled, err := read.Known(Words{n.words.Salt, "ticket 4712"}); !errors.Is(err, ErrNote) || filled.String() != Redacted {
		t.Errorf("another text: %v, %v", filled, err)
	}
	for _, wrong := range []string{
		"ticket 4711", n.commitment[:42], n.commitment + "A", strings.Repeat("=", 43), strings.Repeat("A", 42) + "B", "Absent",
	} {
		if err := new(Note).UnmarshalText([]byte(wrong)); !errors.Is(err, ErrNote) {
			t.Errorf("%q was read as a commitment: %v", wrong, err)
		}
	}
	for _, salt := range []string{"", "AAAA", strings.Repeat("A", 21) + "B"} {
		if err := new(Salt).UnmarshalText([]byte(salt)); err == nil {
			t.Errorf("%q was read as a salt", salt)
		}
	}
}

// plain are the texts of facts and commands that stand in entries as they are: names
// of what exists, and words from a closed list. Whatever else people write is a Note.
var plain = map[string]string{
	"AddPerson.Name": "what a person is called", "PersonAdded.Name": "what a person is called",
	"AddCredential.Name": "what a credential is called",
	"AddPerson.Mailbox":  "a digest", "PersonAdded.Mailbox": "a digest", "ChangeEmail.Mailbox": "a digest", "EmailChanged.Mailbox": "a digest",
	"Approve.Digest": "of a proposal", "Reject.Digest": "of a proposal",
	"ConfirmFounding.Digest": "of the people", "FoundingConfirmed.Digest": "of the people",
	"AcknowledgeConfiguration.Digest": "of settings", "ConfigurationAcknowledged.Digest": "of settings", "Setting.Digest": "of a setting", "Setting.Key": "what a setting is called",
	"EnvelopeIntended.Set": "a digest", "EnvelopeSealed.Digest": "of a file", "SealEnvelope.Digest": "of a file", "EnvelopeSealed.Proof": "a digest", "SealEnvelope.Proof": "a digest",
	"EnvelopeDrillBegun.Proof": "a random token that counts no more", "DrillEnvelope.Proof": "the same",
	"SignIn.In": "a code of a device", "SessionOpened.In": "a code of a device", "ProposalMade.In": "a code of a device", "ProposalRevised.In": "a code of a device", "ProposalApproved.In": "a code of a device",
	"EmergencyRequested.In": "a code of a device", "EmergencyApproved.In": "a code of a device", "RebindSecrets.SealKey": "the id of a key", "SecretsRebound.SealKey": "the id of a key",
	"Meant.Until": "a time on a clock", "Meant.Zone": "a time zone",
	"TargetNotes.Settings": "what settings are called; what they say is a Note", "TargetNotes.Identities": "digests",
}

// names are the fields that name what exists, or say which of a closed list it is.
var names = []string{
	"Able", "Absent", "Actor", "Ahead", "Approvals", "Assessors", "Backup", "Before", "Changed", "Channel", "Code", "Command", "Commitments", "Credential", "Credentials", "Dependent", "Dependents", "Deputy", "Emergency", "Exclusive", "Exposed",
	"Failure", "Feed", "For", "From", "Grade", "Handover", "Handovers", "Holder", "How", "Incident", "Keyholders", "Keys", "Kind", "Lead", "Lease", "Level", "Link", "Needs", "On", "Operator", "Original", "Other", "Partners", "Password", "People", "Person",
	"Plan", "Planned", "Primary", "Proposal", "Rated", "Reason", "Result", "Role", "Roles", "Rule", "SameDevice", "Session", "Substitute", "Successor", "To", "Username", "Verdict", "Why", "With", "Witness",
}

// TestWhatPeopleWriteIsANote: each text in a fact or a command is a name, of a
// closed list, listed above, or a Note. A new fact with another one fails here.
func TestWhatPeopleWriteIsANote(t *testing.T) {
	var types []reflect.Type
	for _, kind := range registered {
		types = append(types, reflect.TypeOf(kind.fact))
	}
	for _, read := range commands {
		a, err := read([]byte(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, reflect.TypeOf(a))
	}
	used, seen := map[string]bool{}, 0
	var look func(reflect.Type)
	look = func(in reflect.Type) {
		if in == reflect.TypeFor[Note]() || in == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range in.NumField() {
			f := in.Field(i)
			of := f.Type
			for of.Kind() == reflect.Slice || of.Kind() == reflect.Map || of.Kind() == reflect.Pointer {
				of = of.Elem()
			}
			switch id := in.Name() + "." + f.Name; {
			case f.Type.Kind() == reflect.Map && plain[id] == "":
				t.Errorf("%s has names that stand in entries as they are", id)
			case f.Type.Kind() == reflect.Map:
				used[id] = true
				look(of)
			case of.Kind() == reflect.Struct:
				look(of)
			case of.Kind() != reflect.String:
			case plain[id] != "":
				used[id] = true
			case !slices.Contains(names, f.Name), f.Name == "Reason" && of == reflect.TypeFor[string]():
				t.Errorf("%s is a text that stands in entries as it is", id)
			default:
				seen++
			}
		}
	}
	for _, of := range types {
		look(of)
	}
	if seen < 50 || len(used) != len(plain) {
		t.Errorf("%d names were looked at; of the exceptions, there are %v", seen, keys(used))
	}
}

// TestAStateHasNoTexts: whatever a fact has of them, applying it keeps only what
// commits to them, so that whoever carries a ledger out again has the same state.
func TestAStateHasNoTexts(t *testing.T) {
	looked := 0
	for _, kind := range registered {
		f := reflect.New(reflect.TypeOf(kind.fact)).Elem()
		f.Set(reflect.ValueOf(kind.fact))
		if f.Type() == reflect.TypeFor[CredentialAdded]() { // it has a map
			f.Set(reflect.ValueOf(CredentialAdded{Target: TargetNotes{Settings: map[string]Note{"host_key": {}}}}))
		}
		eachNote(f, func(at reflect.Value) { at.Set(reflect.ValueOf(note("a text"))); looked++ })
		s := NewState()
		Apply(s, Event{Time: epoch, Actor: "ann", Fact: f.Interface().(Fact)})
		if known := textsIn(reflect.ValueOf(*s)); len(known) > 0 {
			t.Errorf("after %s the state has %q", kind.fact.Type(), known)
		}
	}
	if looked < 11 {
		t.Errorf("only %d notes in all facts", looked)
	}
}

// textsIn goes through everything, unexported fields too.
func textsIn(v reflect.Value) (found []string) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Words]() {
			return []string{v.FieldByName("Text").String()}
		}
		for i := range v.NumField() {
			found = append(found, textsIn(v.Field(i))...)
		}
	case reflect.Map:
		for at := v.MapRange(); at.Next(); {
			found = append(found, textsIn(at.Value())...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			found = append(found, textsIn(v.Index(i))...)
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			found = textsIn(v.Elem())
		}
	}
	return found
}

// TestALedgerIsCarriedOutAgainWhateverTextsAreThere: with all, with some, with none;
// what a person's e-mail was before stands in the next change of it, and the reason
// of an offer in the absence that follows from it.
func TestALedgerIsCarriedOutAgainWhateverTextsAreThere(t *testing.T) {
	o := newOffice(t)
	o.agreed("ada", ChangeEmail{Person: "ann", Email: note("anna@example.org")})
	o.does("ann", ChangeEmail{Person: "ann", Email: NoteOf(Salt{9}, "ann@example.com")})
	o.does("ann", Offer{Credentials: []string{"db01", "db02"}, All: false, Leave: true, Reason: note("leave")})
	o.does("ben", Accept{"handover-1"})
	o.does("ben", CheckOut{"db01", note("ticket")})
	all, written := map[string]Words{}, int64(0)
	for _, e := range o.history {
		for _, n := range e.Written() {
			all[n.commitment] = *n.words
			written++
		}
	}
	if len(all) < 4 {
		t.Fatalf("only %d texts", len(all))
	}
	for name, there := range map[string]func(string) bool{
		"all": func(string) bool { return true }, "none": func(string) bool { return false },
		"all but one": func(text string) bool { return text != "ann@example.org" }, "one": func(text string) bool { return text == "leave" },
	} {
		texts := map[string]Words{}
		for c, w := range all {
			if there(w.Text) {
				texts[c] = w
			}
		}
		again, counted, given := Replayer{State: NewState()}, Texts{}, int64(0)
		for i, e := range o.history {
			read := recorded(t, e)
			mine := map[string]Words{}
			for _, n := range read.Written() {
				if w, known := texts[n.commitment]; known {
					mine[n.commitment] = w
				}
			}
			given += int64(len(mine))
			if err := counted.Check(read, mine); err != nil {
				t.Fatalf("%s: entry %d: %v", name, i, err)
			}
			if name == "all" { // as it was decided
				read = e
			}
			if err := again.Add(read); err != nil {
				t.Fatalf("%s: entry %d, %s: %v", name, i, e.Fact.Type(), err)
			}
		}
		if err := again.End(); err != nil {
			t.Fatal(err)
		}
		if counted.Checked != given || counted.Checked+counted.Redacted != written {
			t.Errorf("%s: %+v of %d", name, counted, written)
		}
	}
}

// recorded gives an event as it is read from the ledger.
func recorded(t *testing.T, e Event) Event {
	t.Helper()
	entry, err := e.Record()
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := entry.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if entry, err = audit.DecodeEntry(encoded); err != nil {
		t.Fatal(err)
	}
	read, err := FromRecord(entry)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// TestAnEntryDoesNotSayWhereATargetIs, nor what it is called there or by whom its
// password is set: not when it comes into custody, nor when that is refused.
func TestAnEntryDoesNotSayWhereATargetIs(t *testing.T) {
	o := newOffice(t)
	add := server("db09", "ann", "ben")
	add.Target = target(Target{Kind: "ssh", Address: "rack-7.plant.example:22", Account: "uid=plc,ou=plant", Settings: map[string]string{"admin": "cn=second,ou=plant"}})
	o.does(System, add)
	again := add
	again.Name = "db10"
	again.Target = target(Target{Kind: "ssh", Address: "rack-7.plant.example:22", Account: "uid=plc,ou=plant", Settings: map[string]string{"note": "of the plant"}})
	if _, err := o.do("ada", needed(again)); CodeOf(err) != AccountTaken {
		t.Fatal(err)
	}
	for _, e := range o.history {
		entry, err := e.Record()
		if err != nil {
			t.Fatal(err)
		}
		if text, err := entry.Encode(); err != nil || strings.Contains(string(text), "plant") || strings.Contains(string(text), "plc") {
			t.Errorf("%s, %v", text, err)
		}
	}
	last := o.history[len(o.history)-1]
	if written := last.Written(); last.Fact.Type() != "command.refused" || len(written) > 0 {
		t.Errorf("a refusal has the texts %v: %s", written, last.Fact.Type())
	}
	c := o.credential("db09")
	if _, known := c.Target.Plain(); known {
		t.Error("the state knows where it is")
	}
	Fill(&c, map[string]Words{}) // of nothing
	for _, n := range notesIn(add.Target) {
		w, _ := n.Words()
		wrong := w
		wrong.Text += "x"
		almost := map[string]Words{}
		for _, other := range notesIn(add.Target) {
			almost[other.commitment], _ = other.Words()
		}
		almost[n.commitment] = wrong
		filled := c
		Fill(&filled, almost)
		if plain, known := filled.Target.Plain(); known {
			t.Errorf("with another text than %q it is %+v", w.Text, plain)
		}
		almost[n.commitment] = w
		Fill(&filled, almost)
		if plain, known := filled.Target.Plain(); !known || plain.Settings["admin"] != "cn=second,ou=plant" {
			t.Errorf("with all of its texts it is %+v", plain)
		}
		if _, known := c.Target.Plain(); known {
			t.Fatal("filling in a copy filled in the original")
		}
	}
}

// TestTextsThatAreWrongAreFound: one that does not match, and one that nothing commits to.
func TestTextsThatAreWrongAreFound(t *testing.T) {
	n := note("ticket 4711")
	e := Event{Fact: CommandRefused{}, Cause: &Cause{Action: CheckOut{"db01", n}}}
	for name, texts := range map[string]map[string]Words{
		"another text":   {n.commitment: {n.words.Salt, "ticket 4712"}},
		"another salt":   {n.commitment: {Salt{7}, "ticket 4711"}},
		"one too many":   {n.commitment: *n.words, note("x").commitment: *note("x").words},
		"of another one": {note("x").commitment: *note("x").words},
	} {
		if err := new(Texts).Check(e, texts); !errors.Is(err, ErrNote) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := new(Texts).Check(Event{Fact: CommandRefused{}}, map[string]Words{n.commitment: *n.words}); !errors.Is(err, ErrNote) {
		t.Errorf("beside an entry that begins no command: %v", err)
	}
}

// TestWhatIsShownHasTheTexts, in the reader's words where they are gone.
func TestWhatIsShownHasTheTexts(t *testing.T) {
	n := note("ticket 4711")
	e := Event{Fact: CheckoutGranted{Credential: "db01", Purpose: n}, Cause: &Cause{Action: CheckOut{"db01", n.bare()}}}
	for texts, want := range map[*Words]string{n.words: `"purpose":"ticket 4711"`, {Text: "forged"}: `"purpose":"［已移除］"`} {
		e.Fact = CheckoutGranted{Credential: "db01", Purpose: n.bare()}
		shown, err := e.Filled(map[string]Words{n.commitment: *texts}).Shown("［已移除］")
		if err != nil || !strings.Contains(string(shown), want) {
			t.Errorf("%s, %v", shown, err)
		}
	}
	if _, known := e.Fact.(CheckoutGranted).Purpose.Words(); known {
		t.Error("the event itself was filled in")
	}
}
