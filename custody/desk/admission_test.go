package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

var newTechnician = custody.AddPerson{Username: "tech-n", Name: "Nina Neu", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period}

// invited is an office in which tech-n was approved and has a link.
func invited(t *testing.T, edits ...func(*desk.Config)) (*office, desk.Link, custody.Secret) {
	t.Helper()
	o := newOffice(t, edits...)
	o.Agreed("admin", newTechnician)
	link, code := o.Link("admin", "manager", "tech-n")
	return o, link, code
}

func setUp(link desk.Link, code, password string) desk.SetUp {
	return desk.SetUp{Token: link.Token, Code: custody.SecretString(code), Password: custody.SecretString(password), Request: unique("open")}
}

// TestSomebodyNewSetsUpTheirOwnLogIn: nobody but they ever sees the password or the seed.
func TestSomebodyNewSetsUpTheirOwnLogIn(t *testing.T) {
	o, link, code := invited(t)
	o.Passwords["tech-n"], o.Seeds["tech-n"] = custody.SecretString(desktest.OwnPassword), o.Seeds["tech-a"]
	if _, err := o.SignIn("tech-n"); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("before: %v", err)
	}
	for _, who := range []string{"admin", "director", "tech-a", "tech-n", ""} { // who gave the link, or has no say in it
		if _, reads, err := o.Desk.ReleaseCode(t.Context(), who, "tech-n"); reads || err != nil {
			t.Errorf("%q reads the release code, %v", who, err)
		}
	}
	codes := o.Joins("tech-n", link, code)
	if _, err := o.SignIn("tech-n"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	uri, err := o.recover("tech-n", o.Passwords["tech-n"], codes[0])
	if err != nil {
		t.Fatalf("with a recovery code: %v", err)
	}
	o.Seeds["tech-n"] = seedOf(t, uri)
	for _, again := range []func() error{
		func() error {
			_, err := o.Desk.OpenLink(t.Context(), setUp(link, code.Reveal(), desktest.OwnPassword))
			return err
		},
		func() error {
			_, _, err := o.Desk.Join(t.Context(), link.Token, o.Code("tech-n"), unique("join"))
			return err
		},
	} {
		if err := again(); custody.CodeOf(err) != custody.Unauthenticated {
			t.Errorf("the link again: %v", err)
		}
	}
	if _, reads, _ := o.Desk.ReleaseCode(t.Context(), "manager", "tech-n"); reads {
		t.Error("a release code without a link")
	}
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	o.Desk = o.Open() // carries it all out again
	if _, err := o.SignIn("tech-n"); err != nil {
		t.Errorf("after a start: %v", err)
	}
}

// TestAWrongReleaseCodeIsCounted: five make the link void, whoever types the right one
// then; and it says how many are left.
func TestAWrongReleaseCodeIsCounted(t *testing.T) {
	o, link, code := invited(t)
	wrong := "000000"
	if code.Reveal() == wrong {
		wrong = "111111"
	}
	for left := 4; left > 0; left-- {
		_, err := o.Desk.OpenLink(t.Context(), setUp(link, wrong, desktest.OwnPassword))
		refusal, is := err.(*custody.Refusal)
		if !is || refusal.Code != custody.Forbidden || refusal.Args["left"] != left {
			t.Fatalf("%d left: %v", left, err)
		}
	}
	for _, typed := range []string{wrong, code.Reveal()} {
		if _, err := o.Desk.OpenLink(t.Context(), setUp(link, typed, desktest.OwnPassword)); custody.CodeOf(err) != custody.Unauthenticated {
			t.Errorf("the fifth, and then: %v", err)
		}
	}
	next, code := o.Link("admin", "manager", "tech-n")
	o.Joins("tech-n", next, code)
}

// TestAReleaseCodeIsTakenAsPeopleTypeIt: with blanks around and in it.
func TestAReleaseCodeIsTakenAsPeopleTypeIt(t *testing.T) {
	o, link, code := invited(t)
	typed := " " + code.Reveal()[:3] + " " + code.Reveal()[3:] + " "
	if _, err := o.Desk.OpenLink(t.Context(), setUp(link, typed, desktest.OwnPassword)); err != nil {
		t.Error(err)
	}
}

// TestALinkOfYesterdayCountsForNothing, nor one that another replaced.
func TestALinkOfYesterdayCountsForNothing(t *testing.T) {
	o, link, code := invited(t)
	second, newCode := o.Link("admin", "manager", "tech-n")
	if _, err := o.Desk.OpenLink(t.Context(), setUp(link, code.Reveal(), desktest.OwnPassword)); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("the first of two: %v", err)
	}
	if _, err := o.Desk.OpenLink(t.Context(), setUp(second, code.Reveal(), desktest.OwnPassword)); custody.CodeOf(err) != custody.Forbidden {
		t.Errorf("with the code of the first: %v", err)
	}
	o.Clock.Add(24 * time.Hour)
	if _, err := o.Desk.OpenLink(t.Context(), setUp(second, newCode.Reveal(), desktest.OwnPassword)); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("a day later: %v", err)
	}
	if _, reads, _ := o.Desk.ReleaseCode(t.Context(), "manager", "tech-n"); reads {
		t.Error("the code is still there to be read")
	}
}

// TestWhatWasShownWithAnotherLinkIsNotJoinedWith: the second link has a password of its
// own, or none yet.
func TestWhatWasShownWithAnotherLinkIsNotJoinedWith(t *testing.T) {
	o, link, code := invited(t)
	opened, err := o.Desk.OpenLink(t.Context(), setUp(link, code.Reveal(), desktest.OwnPassword))
	if err != nil {
		t.Fatal(err)
	}
	o.Seeds["tech-n"] = seedOf(t, opened.OTPAuth)
	second, _ := o.Link("admin", "manager", "tech-n")
	if _, _, err := o.Desk.Join(t.Context(), second.Token, o.Code("tech-n"), unique("join")); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("joined: %v", err)
	}
}

// TestTheFirstCodeMustBeRight: a wrong one joins nobody, and is counted like any other.
func TestTheFirstCodeMustBeRight(t *testing.T) {
	o, link, code := invited(t)
	opened, err := o.Desk.OpenLink(t.Context(), setUp(link, code.Reveal(), desktest.OwnPassword))
	if err != nil {
		t.Fatal(err)
	}
	o.Seeds["tech-n"], o.Passwords["tech-n"] = seedOf(t, opened.OTPAuth), custody.SecretString(desktest.OwnPassword)
	right := o.Code("tech-n")
	wrong := strings.Map(func(r rune) rune { return '0' + (r-'0'+1)%10 }, right)
	if _, codes, err := o.Desk.Join(t.Context(), link.Token, wrong, unique("join")); custody.CodeOf(err) != custody.TOTPInvalid || codes != nil {
		t.Errorf("a wrong code: %v", err)
	}
	if _, _, err := o.Desk.Join(t.Context(), link.Token, "", unique("join")); custody.CodeOf(err) != custody.InvalidRequest {
		t.Errorf("none: %v", err)
	}
	if o.Person("tech-n").Enrolled {
		t.Fatal("enrolled without a right code")
	}
	if _, _, err := o.Desk.Join(t.Context(), link.Token, right, unique("join")); err != nil {
		t.Errorf("the right one: %v", err)
	}
}

// TestALinkIsShownOnce: the same request again makes none, and shows none.
func TestALinkIsShownOnce(t *testing.T) {
	o := newOffice(t)
	o.Agreed("admin", newTechnician)
	by := func() desk.By {
		return desk.By{Actor: "admin", Request: unique("r"), Code: o.Code("admin"), Key: "key"}
	}
	if _, err := o.Desk.IssueLink(t.Context(), by(), "tech-n"); err != nil {
		t.Fatal(err)
	}
	if again, err := o.Desk.IssueLink(t.Context(), by(), "tech-n"); custody.CodeOf(err) != custody.Conflict || !again.Token.IsZero() {
		t.Errorf("the same key again: %v", err)
	}
}

func TestAPasswordToLogInWith(t *testing.T) {
	o, link, code := invited(t)
	for password, want := range map[string]string{
		"":                                "password_short",
		"Ab1!Ab1":                         "password_short",
		strings.Repeat("Ab1!", 33):        "password_long",
		"correct horse battery":           "password_mixed",
		"1234567890!":                     "password_mixed",
		"password1!":                      "password_common",
		"Passw0rd!":                       "password_common",
		"tech-n1!":                        "password_common",
		"nina-neu1":                       "password_common",
		"杨涛的密码-很长-7":                      "",
		desktest.OwnPassword:              "",
		strings.Repeat("äöü-7!xQ", 128/8): "",
	} {
		_, err := o.Desk.OpenLink(t.Context(), setUp(link, code.Reveal(), password))
		refusal, is := err.(*custody.Refusal)
		if got := ""; is {
			got = refusal.Key
			if refusal.Field != "password" || got != want {
				t.Errorf("%q: %v, want %q", password, err, want)
			}
		} else if err != nil || want != "" {
			t.Errorf("%q: %v, want %q", password, err, want)
		}
	}
}

// TestASecretStoreThatIsAwayLeavesALinkAsItIs: nothing is used up, and nothing is
// entered.
func TestASecretStoreThatIsAwayLeavesALinkAsItIs(t *testing.T) {
	o, link, code := invited(t)
	before := o.Size()
	unseal := o.seal()
	if _, err := o.Desk.OpenLink(t.Context(), setUp(link, code.Reveal(), desktest.OwnPassword)); err == nil {
		t.Error("opened")
	}
	if o.Size() != before {
		t.Errorf("entries %v", o.Types(before))
	}
	unseal()
	o.Joins("tech-n", link, code)
}

// TestALogInSetUpAnewEndsTheOldOne: from the approval on, not from the day on which
// the new one is there.
func TestALogInSetUpAnewEndsTheOldOne(t *testing.T) {
	o := newOffice(t)
	session, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	o.Agreed("admin", custody.ResetEnrolment{Person: "tech-a"})
	if _, err := o.Desk.Who(t.Context(), session.Token); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("the old session: %v", err)
	}
	if _, err := o.SignIn("tech-a"); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("the old log-in: %v", err)
	}
	if c := o.Credential("db01"); c.Successor() != "tech-b" {
		t.Errorf("what they held: %+v", c)
	}
	link, code := o.Link("admin", "manager", "tech-a")
	o.Joins("tech-a", link, code)
	if _, err := o.SignIn("tech-a"); err != nil {
		t.Errorf("the new one: %v", err)
	}
}

// TestAnAdminAloneBecomesNobody: the three requests with which one admin's session took
// any password.
func TestAnAdminAloneBecomesNobody(t *testing.T) {
	o := newOffice(t)
	o.Approvers()
	for name, a := range map[string]custody.Action{
		"the holder's log-in":     custody.ResetEnrolment{Person: "tech-a"},
		"somebody who approves":   custody.AddPerson{Username: "puppet", Name: "P", Roles: []custody.Role{custody.Manager}, TOTPPeriod: period},
		"another role":            custody.SetRoles{Person: "admin", Roles: []custody.Role{custody.Admin, custody.Technician}},
		"another custodian":       custody.SetCustodians{Credential: "db01", Primary: "tech-a", Backup: "admin"},
		"a link into the account": nil,
	} {
		var err error
		if a == nil {
			_, err = o.Desk.IssueLink(t.Context(), desk.By{Actor: "admin", Request: unique("r"), Code: o.Code("admin")}, "tech-a")
			o.Refused(custody.Conflict, err)
			continue
		}
		_, err = o.Do("admin", a)
		if custody.CodeOf(err) != custody.ApprovalNeeded {
			t.Errorf("%s: %v", name, err)
		}
	}
	id := o.Must("admin", custody.Propose{Change: custody.Change{Proposable: custody.ResetEnrolment{Person: "tech-a"}}, Reason: desk.NewNote("lost")}).Events[0].Fact.Subject()
	p, err := o.Store.Proposal(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.Do("admin", custody.Approve{Proposal: id, Digest: p.Digest()})
	o.Refused(custody.OwnRequest, err)
	if !o.Person("tech-a").Enrolled {
		t.Error("tech-a was reset")
	}
}
