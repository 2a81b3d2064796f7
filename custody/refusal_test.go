package custody

import (
	"fmt"
	"net/url"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// hostileNames would mean something else than a name to a path, a URL, a
// header, a terminal or a person who reads them.
var hostileNames = map[string]string{
	"a slash":                "a/b",
	"a way up":               "../seeds/ann",
	"two dots":               "a..b",
	"that of a handover":     "handover-1",
	"that of a lease":        "lease-12",
	"that of an emergency":   "emergency-3",
	"a dot":                  ".",
	"a NUL":                  "db01\x00",
	"a line break":           "db01\r\nX: y",
	"10,000 characters":      strings.Repeat("a", 10_000),
	"64 characters":          strings.Repeat("a", 64),
	"upper case":             "DB01",
	"a space":                "db 01",
	"a percent sign":         "db%2f01",
	"a hyphen in front":      "-rf",
	"full-width letters":     "ｄｂ０１",
	"Cyrillic that looks so": "аnn",
	"another direction":      "db\u202e10",
	"no UTF-8":               "db\xff",
	"nothing at all":         "",
}

func TestHostileNames(t *testing.T) {
	for what, name := range hostileNames {
		t.Run(what, func(t *testing.T) {
			o := newOffice(t)
			for want, commands := range map[Code][]Command{
				InvalidRequest: {
					o.with(System, AddPerson{Username: name, Name: "x", Roles: []Role{Technician}, TOTPPeriod: 30}),
					o.with(System, server(name, "ann", "ben")),
					o.with(System, server("db09", name, "ben")),
					o.with(System, server("db09", "ann", name)),
				},
				NotFound: {
					o.with("ann", CheckOut{name, note("ticket 1")}), o.with("ann", CheckIn{name}), o.with("ann", RequestRotation{Credential: name, Reason: note("worn")}),
					o.with("ann", Offer{Credentials: []string{"db01", name}, Reason: note("leave")}),
					o.with("ann", Accept{name}), o.with("ann", Decline{name, note("")}), o.with("ann", Cancel{name, note("")}), o.with("ann", GiveBack{name}),
					o.with("ann", Reconcile{name, note("lost")}), o.with("ann", ShowNew{name}), o.with("ann", ShowAgain{name}), o.with("ann", ConfirmSet{name}), o.with("ann", PauseRotation{name, note("x")}), o.with("ann", ResumeRotation{name}), o.with("ann", CancelRotation{name, note("x")}), o.with("ada", needed(Abandon{name})), o.with("ada", ChangePolicy{Credential: name}),
					o.with("ada", needed(Retire{name})), o.with("ada", needed(ResetEnrolment{Person: name})), o.with("ada", needed(SetRoles{name, []Role{Manager}})), o.with("ada", IssueLink{Person: name}),
					o.with(System, ReportStaged{Rotation: RotationID{Credential: name, Number: 1}}),
				},
				Unauthenticated: {{Actor: name, Action: CheckOut{"db01", note("ticket 1")}}},
			} {
				for _, c := range commands {
					before := len(o.history)
					_, err := o.run(c)
					if CodeOf(err) != want {
						t.Errorf("%+v: got %v, want %s", c.Action, err, want)
						continue
					}
					if name != "" && name != "." && strings.Contains(err.Error(), name) {
						t.Errorf("%+v: the refusal repeats the name", c.Action)
					}
					if len(o.history) != before {
						t.Errorf("%+v: entered", c.Action)
					}
				}
			}
		})
	}
}

// Whatever name is taken is the same in a path, in a URL and in capitals undone.
func TestNamesThatAreTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z0-9._-]{0,70}`)).Draw(t, "name")
		if checkName("name", name) != nil {
			return
		}
		if path.Clean("/s/"+name) != "/s/"+name || path.Base(name) != name || url.PathEscape(name) != name ||
			strings.ToLower(name) != name || len(name) > 63 || name == System {
			t.Fatalf("took %q", name)
		}
	})
}

func TestTexts(t *testing.T) {
	for _, c := range []struct {
		name, text   string
		needed, free bool // taken where one must be, where one may be
	}{
		{"a sentence", "disk failure, ticket 1 (磁盘故障)", true, true},
		{"500 characters", strings.Repeat("长", 500), true, true},
		{"501 characters", strings.Repeat("长", 501), false, false},
		{"nothing", "", false, true},
		{"a space", " ", false, true},
		{"a line break", "a\nb", false, false},
		{"a carriage return", "a\rb", false, false},
		{"a tab", "a\tb", false, false},
		{"a NUL", "a\x00b", false, false},
		{"an escape sequence", "\x1b[2J", false, false},
		{"a C1 control", "a\u009bb", false, false},
		{"a line separator", "a\u2028b", false, false},
		{"a paragraph separator", "a\u2029b", false, false},
		{"another direction", "a\u202eb", false, false},
		{"an isolate", "a\u2066b", false, false},
		{"no UTF-8", "a\xffb", false, false},
	} {
		if got := CheckText("reason", c.text) == nil; got != c.needed {
			t.Errorf("%s where a text must be: %v", c.name, got)
		}
		if got := checkOptionalText("reason", c.text) == nil; got != c.free {
			t.Errorf("%s where a text may be: %v", c.name, got)
		}
	}
}

// A text that is taken fits into a line, and an event with it into the ledger.
func TestTextsThatAreTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if CheckText("reason", text) != nil {
			return
		}
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\r\n\x00\x1b") || utf8.RuneCountInString(text) > MaxText {
			t.Fatalf("took %q", text)
		}
		e := Event{Time: epoch, Actor: "ann", Request: "request-1", Fact: RotationPaused{"db01", 1, note(text)}}
		if err := roundTrip(e); err != nil {
			t.Fatal(err)
		}
	})
}

// The greatest commands that are taken still fit into one entry.
func TestLongestEventsFit(t *testing.T) {
	o := newOffice(t)
	long := strings.Repeat("\U0010ffff", MaxText)
	add := server(strings.Repeat("a", 63), "ann", "ben")
	settings := map[string]string{}
	for i := range maxSettings {
		settings[fmt.Sprintf("%063d", i)] = strings.Repeat("\"", maxSettingsSize/maxSettings)
	}
	add.Target = target(Target{Kind: strings.Repeat("k", 63), Address: long, Account: long, Settings: settings})
	o.does("ann", Offer{All: true, Reason: note(long)})
	o.does("ann", CheckOut{"db01", note(long)})
	o.does(System, add)
	o.does(System, AddPerson{Username: strings.Repeat("z", 63), Name: long, Email: note(strings.Repeat("z", 240) + "@example.org"), Roles: []Role{Technician}, TOTPPeriod: 30})
}

// Somebody who holds more than fits into an entry can leave all the same.
func TestLeaveWithThousandCredentials(t *testing.T) {
	o := newOffice(t)
	people, credentials, _ := o.state.Changes()
	one := o.credential("db01")
	for i := range 1200 {
		one.Name = fmt.Sprintf("%059d-%03x", 0, i)
		one.Target = target(Target{Kind: "ssh", Address: one.Name, Account: "root"})
		credentials = append(credentials, one)
	}
	o.state.Restore(people, credentials, nil)
	events := o.does("ann", Offer{All: true, Leave: true, Reason: note("leave")})
	if len(events) != 3 {
		t.Fatalf("%d handovers", len(events))
	}
	var named []string // by the entries, where the command has no room for it
	for _, e := range events {
		named = append(named, e.Fact.(HandoverOffered).Credentials...)
	}
	if a := events[0].Cause.Action.(Offer); !a.All || a.Credentials != nil || !slices.Equal(named, o.state.Charges("ann")) {
		t.Errorf("all %t, %d in the command, %d in the entries, and ann has %d", a.All, len(a.Credentials), len(named), len(o.state.Charges("ann")))
	}
	for i, e := range events {
		if o.person("ann").Away {
			t.Errorf("away before handover %d of %d was accepted", i+1, len(events))
		}
		o.does("ben", Accept{e.Fact.Subject()})
	}
	if !o.person("ann").Away {
		t.Error("all is accepted, and ann is present")
	}
	o.does("ann", ComeBack{TakeBack: true})
	if c := o.credential(one.Name); c.Successor() != "ann" {
		t.Errorf("%+v", c)
	}
}

// All that has room in a command is named in it, and of more each has its entry.
func TestRotateMoreThanACommandNames(t *testing.T) {
	for _, many := range []int{maxNamed, maxNamed + 1} {
		o := newOffice(t)
		people, credentials, _ := o.state.Changes()
		one := o.credential("db01")
		for i := range many - len(o.state.Charges("ann")) {
			one.Name = fmt.Sprintf("%059d-%03x", 0, i)
			one.Target = target(Target{Kind: "ssh", Address: one.Name, Account: "root"})
			credentials = append(credentials, one)
		}
		o.state.Restore(people, credentials, nil)
		events := o.does("ann", RequestRotation{All: true, Reason: note("worn")})
		var named []string
		for _, e := range events {
			named = append(named, e.Fact.(RotationStarted).Credential)
		}
		a := events[0].Cause.Action.(RequestRotation)
		if !slices.Equal(named, o.state.Charges("ann")) || a.All != (many > maxNamed) || !a.All && !slices.Equal(a.Credentials, named) {
			t.Errorf("%d: all %t, %d in the command, %d in the entries", many, a.All, len(a.Credentials), len(named))
		}
	}
}

// actions has one of each kind, as nobody would send it: a secret typed into
// every field.
const typed = "hunter2-Tr0ub4dor"

var actions = []Action{
	CheckOut{}, CheckIn{}, Offer{}, Accept{}, Decline{}, Cancel{}, GiveBack{}, GoAway{}, ComeBack{}, RequestRotation{},
	AddPerson{}, ResetEnrolment{}, SignIn{}, SignOut{}, EndIdle{}, LockSignIn{}, AddCredential{}, Retire{}, Tick{},
	ReportStaged{}, ReportSending{}, ReportApplied{}, ReportVerified{}, ReportPromoted{}, ReportFailed{}, ReportConflict{}, RecoverLedger{}, RebindSecrets{},
	Reconcile{}, ShowNew{}, ConfirmSet{}, AcceptAll{}, ConfirmSetAll{}, SignReview{}, ReportSameSeed{}, PauseRotation{}, ResumeRotation{}, CancelRotation{}, Abandon{}, ChangePolicy{}, RecoverEnrolment{},
	StartVerification{}, EndVerification{}, ReportUpdated{}, ReportNotUpdated{}, AdoptPolicy{},
	Unlock{}, ChangeEmail{}, ResetOnHost{}, ShowAgain{}, CorrectClock{}, ChangeSealKey{}, ReportArrived{}, RedactText{},
	SetCustodians{}, Propose{}, Revise{}, Approve{}, Reject{}, Withdraw{},
	ChangePassword{}, ReplaceAuthenticator{}, ProveAuthenticator{}, SetRoles{}, IssueLink{}, RefuseLink{}, OpenLink{}, Join{}, ConfirmFounding{},
	TestTarget{}, ReviewPolicy{}, Disable{}, Reinstate{}, Take{}, Park{}, SettleItem{},
	Refound{}, PlanDeparture{}, SeekRecovery{}, StopRecovery{},
	NameDeputy{}, EndDeputy{}, OpenFeed{}, CloseFeed{},
	ReportConfiguration{}, AcknowledgeConfiguration{},
	Retarget{}, ConfirmTarget{},
	PlanAbsence{}, PlanAbsences{}, MoveAbsence{}, CancelAbsence{}, EndAbsence{}, HandOverAhead{}, SignHandover{}, SwapAbsences{},
	IntendEnvelope{}, SealEnvelope{}, FailEnvelope{}, ReportOpened{}, DrillEnvelope{},
	RequestEmergency{}, WithdrawEmergency{}, ApproveEmergency{}, RejectEmergency{}, ReportPaged{}, EndEmergency{}, ReviewEmergency{},
	ReportIncident{}, AcknowledgeIncident{}, AssessIncident{}, CloseIncident{},
}

func TestActionsAreAllListed(t *testing.T) {
	verbs := map[string]bool{}
	var listed []string
	for _, a := range actions {
		listed = append(listed, reflect.TypeOf(a).Name())
		if a.Verb() == "" || verbs[a.Verb()] {
			t.Errorf("%T shares its verb %q", a, a.Verb())
		}
		verbs[a.Verb()] = true
	}
	slices.Sort(listed)
	if want := receivers(t, "Verb"); !slices.Equal(listed, want) {
		t.Errorf("listed %v, declared %v", listed, want)
	}
}

// No refusal, and no entry of one, repeats what was typed into any field: it
// could be a password in the wrong place.
func TestRefusalsRepeatNothing(t *testing.T) {
	refused := 0
	for _, a := range actions {
		for _, who := range []string{"ann", "ben", "ada", "max", "eve", System} {
			for field := range max(1, reflect.TypeOf(a).NumField()) {
				o := newOffice(t)
				action := fill(a, field)
				before := len(o.history)
				_, err := o.do(who, action)
				if err == nil {
					continue
				}
				refused++
				refusal, ok := err.(*Refusal)
				if !ok {
					t.Fatalf("%s %+v: %v", who, action, err)
				}
				if complaint := unreadable(refusal); complaint != "" {
					t.Errorf("%s %+v: %s", who, action, complaint)
				}
				said := refusal.Error() + refusal.Rule
				for _, e := range o.history[before:] {
					entry, err := e.Record()
					if err != nil {
						t.Fatal(err)
					}
					said += entry.Subject + string(entry.Data)
				}
				if strings.Contains(said, typed) {
					t.Errorf("%s %+v: repeated in %s", who, action, said)
				}
			}
		}
	}
	if refused < 100 {
		t.Errorf("only %d were refused", refused)
	}
}

// fill gives the action with a secret in every text from one field on, so that
// each field is once the first that is wrong.
func fill(a Action, from int) Action {
	v := reflect.New(reflect.TypeOf(a)).Elem()
	good := map[string]string{"Credential": "db01", "Name": "db09", "Handover": "handover-1", "Person": "ann", "Username": "zoe", "Primary": "ann", "Backup": "ben"}
	for i := range v.NumField() {
		set(v.Field(i), good[v.Type().Field(i).Name], i >= from)
	}
	return v.Interface().(Action)
}

func set(v reflect.Value, good string, wrong bool) {
	switch v.Kind() {
	case reflect.String:
		if wrong {
			good = typed
		}
		v.SetString(good)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				set(v.Field(i), "x", wrong)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		set(v.Index(0), "db01", wrong)
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]Note{typed: note(typed)}))
	}
}

// unreadable says what a refusal leaves unsaid. That there are words for it is
// tested in package words.
func unreadable(r *Refusal) string {
	switch {
	case r.Code == "":
		return "refused without a code"
	case r.Key == "":
		return "refused without words"
	case r.Code == InvalidRequest && r.Field == "":
		return "refused without the field"
	}
	return ""
}
