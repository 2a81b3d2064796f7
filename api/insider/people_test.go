package insider_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// What one person can try who has an account, or had one, or found what is another's.

const because = "because"

var (
	custodians = []string{"tech-a", "tech-b"}
	everybody  = []string{"admin", "auditor", "director", "manager", "tech-a", "tech-b", "tech-c"}
	swap       = api.SetCustodians{Primary: "tech-c", Backup: "tech-b", Reason: because}
)

// reveals gives the outcome of something that may show the password of db01.
func (a *arena) reveals(got api.Checkout, err error) outcome {
	if err == nil && got.Password != a.password() {
		return outcome{said: "another text than the password"}
	}
	return of(err, "the password is shown")
}

// checksOut is a check-out of db01 with somebody's own code.
func checksOut(who string) attempt {
	return attempt{tries: "checks the password out", concerns: custodians, do: func(a *arena) outcome {
		return a.reveals(a.as(who).CheckOut(a.t.Context(), "db01", api.CheckOut{Purpose: because, TOTP: a.code(who)}))
	}}
}

// proposes is a proposal of somebody's with their own code.
func proposes(tries, who string, ask func(a *arena, c *client.Client, code api.Secret) (api.Proposal, error)) attempt {
	return attempt{tries: tries, do: func(a *arena) outcome { return asked(ask(a, a.as(who), a.code(who))) }}
}

func becomesCustodian(who string) attempt {
	return proposes("makes tech-c a custodian", who, func(a *arena, c *client.Client, code api.Secret) (api.Proposal, error) {
		in := swap
		in.TOTP = code
		return c.ProposeCustodians(a.t.Context(), "db01", in)
	})
}

func resetsHolder(who string) attempt {
	return proposes("has the holder set up their log-in anew", who, func(a *arena, c *client.Client, code api.Secret) (api.Proposal, error) {
		return c.Enrol(a.t.Context(), "tech-a", api.ConfirmedReason{Reason: because, TOTP: code})
	})
}

func changesMails(who, of string) attempt {
	return attempt{tries: "has the messages of the " + of + " come to an address of their own", concerns: []string{of}, do: func(a *arena) outcome {
		mine := "mine@example.org"
		if _, err := a.as(who).EditPerson(a.t.Context(), of, api.EditPerson{Email: &mine, TOTP: a.code(who)}); codeOf(err) != string(custody.ApprovalNeeded) {
			return outcomeOfEdit(err)
		}
		return asked(a.as(who).ProposeEmail(a.t.Context(), of, api.ProposeEmail{Email: mine, Reason: because, TOTP: a.code(who)}))
	}}
}

func outcomeOfEdit(err error) outcome { return of(err, "they come there") }

// approvesOwn is a proposal, and the approval of who asked for it.
func approvesOwn(who string) attempt {
	return attempt{tries: "asks for other custodians, and approves it", concerns: custodians, do: func(a *arena) outcome {
		a.comes("manager-2", "manager-2@example.org", custody.Manager) // who could approve in their place
		a.comes("director-2", "director-2@example.org", custody.Director)
		a.begin()
		in := swap
		in.TOTP = a.code(who)
		p, err := a.as(who).ProposeCustodians(a.t.Context(), "db01", in)
		if err != nil {
			return of(err, "")
		}
		return asked(a.as(who).Approve(a.t.Context(), p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: a.code(who)}))
	}}
}

// takesAccess ends somebody's access, which never waits.
func takesAccess(who, from string, concerns ...string) attempt {
	return attempt{tries: "ends the access of " + from, concerns: concerns, do: func(a *arena) outcome {
		_, err := a.as(who).Disable(a.t.Context(), from, api.ConfirmedReason{Reason: because, TOTP: a.code(who)})
		return of(err, "at once; it is undone only by a proposal")
	}}
}

var byPeople = []group{
	{"One administrator", []attempt{
		resetsHolder("admin"), checksOut("admin"), becomesCustodian("admin"), changesMails("admin", "director"), approvesOwn("admin"),
		proposes("adds a technician of their own", "admin", func(a *arena, c *client.Client, code api.Secret) (api.Proposal, error) {
			return c.AddPerson(a.t.Context(), api.AddPerson{Username: "mallory", Name: "M", Roles: []custody.Role{custody.Technician}, Reason: because, TOTP: code})
		}),
		proposes("gives themselves the role of a manager as well", "admin", func(a *arena, c *client.Client, code api.Secret) (api.Proposal, error) {
			return c.SetRoles(a.t.Context(), "admin", api.SetRoles{Roles: []custody.Role{custody.Admin, custody.Manager}, Reason: because, TOTP: code})
		}),
		proposes("turns themselves from an administrator into a technician", "admin", func(a *arena, c *client.Client, code api.Secret) (api.Proposal, error) {
			return c.SetRoles(a.t.Context(), "admin", api.SetRoles{Roles: []custody.Role{custody.Technician}, Reason: because, TOTP: code})
		}),
		proposes("ends the custody of the account", "admin", func(a *arena, c *client.Client, code api.Secret) (api.Proposal, error) {
			return c.Retire(a.t.Context(), "db01", api.ConfirmedReason{Reason: because, TOTP: code})
		}),
		proposes("takes the same account into custody under another name, with other custodians", "admin", func(a *arena, c *client.Client, code api.Secret) (api.Proposal, error) {
			return c.AddCredential(a.t.Context(), api.AddCredential{Name: "db01-again", Target: api.Target{Kind: "ssh", Address: "db01.example:22", Account: "root"}, Primary: "tech-c", Backup: "tech-b", Reason: because, TOTP: code})
		}),
		{tries: "has a policy adopted that asks for no approvals", do: func(a *arena) outcome {
			v := a.Desk.PolicyInForce().Values
			v.Approvals = custody.ApprovedByNone
			_, err := a.Do("admin", custody.Propose{Change: custody.Change{Proposable: custody.AdoptPolicy{Values: v, ReviewBy: a.Clock.Now().AddDate(0, 6, 0)}}, Reason: desk.NewNote(because)})
			if err == nil {
				return outcome{worked: a.Desk.PolicyInForce().Values.Approvals == custody.ApprovedByNone, said: "waits for: manager and director"}
			}
			return of(err, "")
		}},
		{tries: "loosens the policy of the credential, so that nothing is changed after a return", concerns: custodians, do: func(a *arena) outcome {
			_, err := a.as("admin").ChangePolicy(a.t.Context(), "db01", api.ChangePolicy{Policy: api.Policy{LeaseSeconds: 90000}, TOTP: a.code("admin")})
			return of(err, "it is looser")
		}},
		{tries: "makes a link for somebody whom nobody approved", concerns: []string{"tech-a"}, do: func(a *arena) outcome {
			_, err := a.as("admin").IssueLink(a.t.Context(), "tech-a", a.code("admin"))
			return of(err, "a link")
		}},
		{tries: "opens the link of somebody who was approved, guessing the release code", concerns: []string{"manager"}, do: func(a *arena) outcome {
			a.Agreed("tech-a", custody.AddPerson{Username: "newcomer", Name: "N", Roles: []custody.Role{custody.Technician}, TOTPPeriod: desktest.Period})
			a.begin()
			link, err := a.as("admin").IssueLink(a.t.Context(), "newcomer", a.code("admin"))
			if err != nil {
				a.t.Fatal(err)
			}
			token := string(link.Link)[strings.LastIndex(string(link.Link), "/")+1:]
			right, _, err := a.Desk.ReleaseCode(a.t.Context(), "manager", "newcomer")
			if err != nil {
				a.t.Fatal(err)
			}
			guess := ""
			for n := range 7 {
				if guess = strings.Repeat(string(rune('1'+n)), 6); guess == right.Reveal() {
					continue
				}
				if _, err = a.as("").OpenLink(a.t.Context(), token, api.OpenLink{ReleaseCode: api.Secret(guess), Password: desktest.OwnPassword}); err == nil {
					break
				}
			}
			if err != nil { // and the right one, too late
				_, err = a.as("").OpenLink(a.t.Context(), token, api.OpenLink{ReleaseCode: api.Secret(right.Reveal()), Password: desktest.OwnPassword})
			}
			return of(err, "the log-in is theirs")
		}},
		{tries: "looks for the release code at the proposal", concerns: []string{"manager"}, do: func(a *arena) outcome {
			id := a.Agreed("admin", custody.AddPerson{Username: "newcomer", Name: "N", Roles: []custody.Role{custody.Technician}, TOTPPeriod: desktest.Period})
			if _, err := a.as("admin").IssueLink(a.t.Context(), "newcomer", a.code("admin")); err != nil {
				a.t.Fatal(err)
			}
			a.begin()
			p, err := a.as("admin").Proposal(a.t.Context(), id)
			if err == nil && p.Release == "" {
				return outcome{said: "it is not shown"}
			}
			return of(err, "it is shown")
		}},
		takesAccess("admin", "tech-a", "tech-b", "manager"), takesAccess("admin", "director", "manager"),
		{tries: "ends the access of six people within an hour", concerns: []string{"manager"}, do: func(a *arena) outcome {
			for n := range 3 {
				a.comes("tech-"+string(rune('d'+n)), "", custody.Technician)
			}
			a.begin()
			var err error
			for n := 0; n < 6 && err == nil; n++ {
				_, err = a.as("admin").Disable(a.t.Context(), "tech-"+string(rune('a'+n)), api.ConfirmedReason{Reason: because, TOTP: a.code("admin")})
			}
			return of(err, "of all six")
		}},
		{tries: "acknowledges a configuration that they changed", concerns: []string{"manager"}, do: func(a *arena) outcome {
			a.settings = []desk.Setting{configured[0], {Key: "hooks", Said: "mine", Whole: []byte("mine")}, configured[2]}
			a.restarts()
			c := a.Desk.Configuration()
			_, err := a.as("admin").AcknowledgeConfiguration(a.t.Context(), api.AcknowledgeConfiguration{Digest: c.Digest(), TOTP: a.code("admin")})
			return of(err, "it is in force")
		}},
		{tries: "reads the whole ledger", do: func(a *arena) outcome {
			if status := a.status("admin", "/api/v1/ledger/entries/0"); status == http.StatusForbidden {
				return outcome{said: "refused: `forbidden`"}
			}
			return outcome{worked: true, said: "it is shown"}
		}},
	}},
	{"A stolen session of an administrator, without a code", []attempt{
		{tries: "has the holder set up their log-in anew", do: func(a *arena) outcome {
			return asked(a.as("admin").Enrol(a.t.Context(), "tech-a", api.ConfirmedReason{Reason: because}))
		}},
		{tries: "guesses codes", concerns: []string{"admin"}, do: func(a *arena) outcome {
			var err error
			for range 6 {
				if _, err = a.as("admin").Enrol(a.t.Context(), "tech-a", api.ConfirmedReason{Reason: because, TOTP: "000000"}); err == nil {
					break
				}
			}
			return of(err, "one was right")
		}},
		{tries: "uses the code of a request that was overheard again", do: func(a *arena) outcome {
			code := a.code("admin")
			if _, err := a.as("admin").AddPerson(a.t.Context(), api.AddPerson{Username: "genuine", Name: "G", Roles: []custody.Role{custody.Technician}, Reason: because, TOTP: code}); err != nil {
				a.t.Fatal(err)
			}
			a.begin()
			return asked(a.as("admin").Enrol(a.t.Context(), "tech-a", api.ConfirmedReason{Reason: because, TOTP: code}))
		}},
		{tries: "takes another authenticator", concerns: []string{"admin"}, do: func(a *arena) outcome {
			_, err := a.as("admin").ReplaceAuthenticator(a.t.Context(), api.ReplaceAuthenticator{Current: "a guess at it", TOTP: "000000"})
			return of(err, "a seed")
		}},
		{tries: "has messages come elsewhere", concerns: []string{"admin"}, do: func(a *arena) outcome {
			mine := "mine@example.org"
			_, err := a.as("admin").EditMe(a.t.Context(), api.EditPerson{Email: &mine})
			return outcomeOfEdit(err)
		}},
		{tries: "goes on after the person has logged out everywhere else", concerns: []string{"admin"}, do: func(a *arena) outcome {
			stolen := a.sessions["admin"]
			a.logsIn("admin")
			r, err := http.NewRequestWithContext(a.t.Context(), http.MethodDelete, a.server.URL+"/api/v1/me/sessions", nil)
			if err != nil {
				a.t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+string(a.sessions["admin"]))
			answer, err := a.server.Client().Do(r)
			if err != nil || answer.StatusCode >= 300 {
				a.t.Fatalf("%v, %v", answer, err)
			}
			answer.Body.Close()
			a.begin()
			a.sessions["admin"] = stolen
			_, err = a.as("admin").Me(a.t.Context())
			return of(err, "it is still open")
		}},
	}},
	{"A stolen session of the holder, without a code", []attempt{
		{tries: "checks the password out", concerns: custodians, do: func(a *arena) outcome {
			return a.reveals(a.as("tech-a").CheckOut(a.t.Context(), "db01", api.CheckOut{Purpose: because}))
		}},
		{tries: "repeats a check-out of the holder's by its idempotency key, code and all", concerns: custodians, do: func(a *arena) outcome {
			ctx, in := client.WithIdempotencyKey(a.t.Context(), "the-same"), api.CheckOut{Purpose: because, TOTP: a.code("tech-a")}
			if _, err := a.as("tech-a").CheckOut(ctx, "db01", in); err != nil {
				a.t.Fatal(err)
			}
			a.begin()
			return a.reveals(a.as("tech-a").CheckOut(ctx, "db01", in))
		}},
		{tries: "is shown a password once more while the holder has it checked out", concerns: custodians, do: func(a *arena) outcome {
			if _, err := a.as("tech-a").CheckOut(a.t.Context(), "db01", api.CheckOut{Purpose: because, TOTP: a.code("tech-a")}); err != nil {
				a.t.Fatal(err)
			}
			a.begin()
			return a.reveals(a.as("tech-a").ShowAgain(a.t.Context(), "db01", ""))
		}},
		{tries: "offers what the holder has to the other custodian, as the holder", concerns: custodians, do: func(a *arena) outcome {
			_, err := a.as("tech-a").OfferHandover(a.t.Context(), api.OfferHandover{All: true, Reason: because})
			return of(err, "it is offered")
		}},
		{tries: "stays logged in for longer than a log-in can last", do: func(a *arena) outcome {
			a.Clock.Add(13 * time.Hour)
			_, err := a.as("tech-a").Me(a.t.Context())
			return of(err, "it is still open")
		}},
	}},
	{"One manager", []attempt{
		approvesOwn("manager"), checksOut("manager"), resetsHolder("manager"), changesMails("manager", "director"),
		{tries: "approves as manager and as director", concerns: custodians, do: func(a *arena) outcome {
			in := swap
			in.TOTP = a.code("tech-c")
			p, err := a.as("tech-c").ProposeCustodians(a.t.Context(), "db01", in)
			if err != nil {
				a.t.Fatal(err)
			}
			a.begin()
			if p, err = a.as("manager").Approve(a.t.Context(), p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: a.code("manager")}); err != nil {
				a.t.Fatal(err)
			}
			if p.Status != custody.Open {
				return asked(p, nil)
			}
			return asked(a.as("manager").Approve(a.t.Context(), p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: a.code("manager")}))
		}},
		{tries: "approves what was edited after they looked at it", concerns: custodians, do: func(a *arena) outcome {
			in := swap
			in.TOTP = a.code("tech-c")
			p, err := a.as("tech-c").ProposeCustodians(a.t.Context(), "db01", in)
			if err != nil {
				a.t.Fatal(err)
			}
			if _, err := a.as("tech-c").Revise(a.t.Context(), p.ID, "custodians", api.SetCustodians{Primary: "tech-a", Backup: "tech-c", Reason: because, TOTP: a.code("tech-c")}); err != nil {
				a.t.Fatal(err)
			}
			a.begin()
			return asked(a.as("manager").Approve(a.t.Context(), p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: a.code("manager")}))
		}},
		{tries: "has a change of the password paused, and is shown the new one", concerns: custodians, do: func(a *arena) outcome {
			ctx := a.t.Context()
			if _, err := a.as("manager").Rotate(ctx, "db01", api.ConfirmedReason{Reason: because, TOTP: a.code("manager")}); err != nil {
				a.t.Fatal(err)
			}
			if _, err := a.as("manager").PauseRotation(ctx, "db01", api.ConfirmedReason{Reason: because, TOTP: a.code("manager")}); err != nil {
				a.t.Fatal(err)
			}
			_, err := a.as("manager").NewPassword(ctx, "db01", a.code("manager"))
			return of(err, "it is shown")
		}},
		{tries: "makes a link for somebody whom they approved alone, to read the release code as well", concerns: []string{"admin"}, do: func(a *arena) outcome {
			a.Agreed("admin", custody.AddPerson{Username: "newcomer", Name: "N", Roles: []custody.Role{custody.Technician}, TOTPPeriod: desktest.Period})
			a.begin()
			_, err := a.as("manager").IssueLink(a.t.Context(), "newcomer", a.code("manager"))
			return of(err, "a link")
		}},
		{tries: "takes what they wrote themselves out of the ledger", concerns: []string{"director"}, do: func(a *arena) outcome {
			if _, err := a.as("manager").Rotate(a.t.Context(), "db01", api.ConfirmedReason{Reason: because, TOTP: a.code("manager")}); err != nil {
				a.t.Fatal(err)
			}
			entry := a.Size() - 1
			a.begin()
			_, err := a.as("manager").Redact(a.t.Context(), entry, api.Redact{Reason: because, TOTP: a.code("manager")})
			return of(err, "the text is gone, its commitment and the reason stand")
		}},
		takesAccess("manager", "director", "admin", "auditor", "manager"), takesAccess("manager", "tech-a", "tech-b"),
		aboutThem("acknowledges an incident that is about them", "manager", func(a *arena, c *client.Client, id string) error {
			_, err := c.AcknowledgeIncident(a.t.Context(), id)
			return err
		}),
		aboutThem("says that an incident about them is nothing", "manager", assessesDown("manager")),
		aboutThem("closes an incident about them, which the director assessed", "manager", func(a *arena, c *client.Client, id string) error {
			a.Must("director", custody.AssessIncident{Incident: id, Grade: custody.Serious, Text: desk.NewNote(because)})
			a.begin()
			_, err := c.CloseIncident(a.t.Context(), id, api.CloseIncident{Text: because, TOTP: a.code("manager")})
			return err
		}),
		{tries: "says that it is nothing what they did themselves", concerns: []string{"director"}, do: func(a *arena) outcome {
			a.Must("manager", custody.Disable{Person: "tech-c", Reason: desk.NewNote(because)})
			id := a.newestIncident("person.disabled")
			a.begin()
			return of(assessesDown("manager")(a, a.as("manager"), id), "assessed")
		}},
	}},
	{"One director", []attempt{
		approvesOwn("director"), checksOut("director"), resetsHolder("director"), changesMails("director", "manager"),
		takesAccess("director", "manager", "admin", "director"),
		{tries: "acknowledges a changed configuration in the place of the manager", concerns: []string{"manager"}, do: func(a *arena) outcome {
			a.settings = []desk.Setting{{Key: "dependents.app", Said: "mine", Whole: []byte("mine")}, configured[1], configured[2]}
			a.restarts()
			c := a.Desk.Configuration()
			_, err := a.as("director").AcknowledgeConfiguration(a.t.Context(), api.AcknowledgeConfiguration{Digest: c.Digest(), TOTP: a.code("director")})
			return of(err, "it is in force")
		}},
	}},
	{"One technician whom a credential does not concern", []attempt{
		checksOut("tech-c"), becomesCustodian("tech-c"),
		{tries: "takes it", concerns: custodians, do: func(a *arena) outcome {
			_, err := a.as("tech-c").Take(a.t.Context(), "db01", a.code("tech-c"))
			return of(err, "it is theirs")
		}},
		{tries: "accepts what is offered to another", concerns: custodians, do: func(a *arena) outcome {
			id := a.Must("tech-a", custody.Offer{All: true, Reason: desk.NewNote(because)}).Events[0].Fact.Subject()
			a.begin()
			_, err := a.as("tech-c").AcceptHandover(a.t.Context(), id, a.code("tech-c"))
			return of(err, "it is theirs")
		}},
		{tries: "looks where the account is, and who knows its password", do: func(a *arena) outcome {
			c, err := a.as("tech-c").Credential(a.t.Context(), "db01")
			_, exposure := a.as("tech-c").Exposure(a.t.Context(), "db01", time.Time{})
			if err == nil && c.Target.Address == "" && exposure != nil {
				return outcome{said: "neither is shown"}
			}
			return outcome{worked: true, said: "it is shown"}
		}},
		{tries: "reads what was done for somebody who has left", do: func(a *arena) outcome {
			a.Must("manager", custody.Disable{Person: "tech-b", Reason: desk.NewNote(because)})
			a.begin()
			_, err := a.as("tech-c").Offboarding(a.t.Context(), "tech-b")
			return of(err, "it is shown")
		}},
		{tries: "gives a log-in of another person's a lock-out, to be called for help", concerns: []string{"tech-a", "manager"}, do: func(a *arena) outcome {
			for range 7 {
				_, _ = a.as("").SignIn(a.t.Context(), api.SignIn{Username: "tech-a", Password: "wrong", TOTP: "000000"})
			}
			return outcome{worked: true, said: "locked for a while, but where the person has logged in before"}
		}},
	}},
	{"The other custodian", []attempt{
		checksOut("tech-b"),
		{tries: "takes it while the other holds it", concerns: custodians[:1], do: func(a *arena) outcome {
			_, err := a.as("tech-b").Take(a.t.Context(), "db01", a.code("tech-b"))
			return of(err, "it is theirs")
		}},
		{tries: "has the password changed, to be shown the new one", concerns: custodians[:1], do: func(a *arena) outcome {
			if _, err := a.as("tech-b").Rotate(a.t.Context(), "db01", api.ConfirmedReason{Reason: because, TOTP: a.code("tech-b")}); err != nil {
				return of(err, "")
			}
			a.Rotate("db01")
			return a.reveals(a.as("tech-b").CheckOut(a.t.Context(), "db01", api.CheckOut{Purpose: because, TOTP: a.code("tech-b")}))
		}},
		{tries: "goes away when it is theirs for a while, and is back with the password still in mind", concerns: custodians[:1], do: func(a *arena) outcome {
			id := a.Must("tech-a", custody.Offer{All: true, Reason: desk.NewNote(because)}).Events[0].Fact.Subject()
			a.Must("tech-b", custody.Accept{Handover: id})
			got, err := a.as("tech-b").CheckOut(a.t.Context(), "db01", api.CheckOut{Purpose: because, TOTP: a.code("tech-b")})
			if err != nil {
				a.t.Fatal(err)
			}
			a.begin()
			if _, err := a.as("tech-b").ReturnHandover(a.t.Context(), id, a.code("tech-b")); err != nil {
				a.t.Fatal(err)
			}
			a.Rotate("db01")
			if got.Password == a.password() {
				return outcome{worked: true, said: "it still opens the server"}
			}
			return outcome{said: "it is another one by then"}
		}},
		takesAccess("tech-b", "tech-a"),
	}},
	{"The only custodian who is left", []attempt{
		{tries: "goes away with what they hold", concerns: []string{"manager"}, do: func(a *arena) outcome {
			a.Must("manager", custody.Disable{Person: "tech-b", Reason: desk.NewNote(because)})
			a.begin()
			_, err := a.as("tech-a").SetPresence(a.t.Context(), api.SetPresence{State: api.Away, Reason: because, TOTP: a.code("tech-a")})
			return of(err, "away, and holding")
		}},
		proposes("ends the custody of the account, which they know", "tech-a", func(a *arena, c *client.Client, code api.Secret) (api.Proposal, error) {
			return c.Retire(a.t.Context(), "db01", api.ConfirmedReason{Reason: because, TOTP: code})
		}),
		{tries: "gives the account up while its password is being changed, knowing the one before", do: func(a *arena) outcome {
			a.Must("tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote(because)})
			a.Must("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote(because)})
			a.begin()
			return asked(a.as("tech-a").Abandon(a.t.Context(), "db01", api.ConfirmedReason{Reason: because, TOTP: a.code("tech-a")}))
		}},
	}},
	{"One person with two accounts", []attempt{
		{tries: "asks with one and approves with the other, both of one mailbox", concerns: custodians, do: func(a *arena) outcome {
			a.comes("manager-2", "Tech-C+second@example.org", custody.Manager)
			return a.asksAndApproves()
		}},
		{tries: "the same, having written another address into one of them a moment before", concerns: custodians, do: func(a *arena) outcome {
			a.comes("manager-2", "tech-c@example.org", custody.Manager)
			other := "other@example.org"
			a.whose[other] = "manager-2"
			if _, err := a.as("manager-2").EditMe(a.t.Context(), api.EditPerson{Email: &other, TOTP: a.code("manager-2")}); err != nil {
				a.t.Fatal(err)
			}
			return a.asksAndApproves()
		}},
		{tries: "the same with two mailboxes, where two others had approved the second account", concerns: custodians, do: func(a *arena) outcome {
			a.comes("manager-2", "somebody@example.org", custody.Manager)
			a.comes("director-2", "else@example.org", custody.Director)
			return a.asksAndApproves("director-2")
		}},
		{tries: "the same in one browser: asks, logs out, and logs in with the other two to approve", concerns: custodians, do: func(a *arena) outcome {
			return a.inOneDevice(func() {})
		}},
		{tries: "the same, and the rows that say who used which device are taken out of the database before each log-in", concerns: custodians, do: func(a *arena) outcome {
			return a.inOneDevice(func() {
				a.Administrator(func(db *sql.DB) {
					if _, err := db.Exec("DELETE FROM devices"); err != nil {
						a.t.Error(err)
					}
				})
			})
		}},
		{tries: "says with the other that an incident about the one is nothing", concerns: []string{"manager", "director"}, do: func(a *arena) outcome {
			a.comes("manager-2", "Tech-C+second@example.org", custody.Manager)
			a.Must("tech-a", custody.ReportIncident{Person: "tech-c", Text: desk.NewNote(because), Grade: custody.Special})
			id := a.newestIncident("incident.reported")
			a.begin()
			return of(assessesDown("manager-2")(a, a.as("manager-2"), id), "assessed")
		}},
		{tries: "approves another address for an account whose seat somebody has for them until a date", concerns: custodians, do: func(a *arena) outcome {
			a.Agreed("admin", custody.SetRoles{Person: "tech-a", Roles: []custody.Role{custody.Manager, custody.Technician}})
			a.Agreed("admin", custody.SetCustodians{Credential: "db01", Primary: "tech-c", Backup: "tech-b", Until: a.Clock.Now().AddDate(0, 0, 9)})
			a.Rotate("db01")
			a.logsIn("tech-a")
			a.begin()
			p, err := a.as("tech-c").Retarget(a.t.Context(), "db01", api.Retarget{Address: "mine.example:22", Reason: because, TOTP: a.code("tech-c")})
			if err != nil {
				a.t.Fatal(err)
			}
			return asked(a.as("tech-a").Approve(a.t.Context(), p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: a.code("tech-a")}))
		}},
		{tries: "sets both up with one authenticator", do: func(a *arena) outcome {
			a.comes("manager-2", "somebody@example.org", custody.Manager)
			a.begin()
			shown, err := a.as("manager-2").ReplaceAuthenticator(a.t.Context(), api.ReplaceAuthenticator{Current: desktest.OwnPassword, TOTP: a.code("manager-2")})
			if err != nil {
				a.t.Fatal(err)
			}
			if shown.TOTPSecret == api.Secret(a.Seeds["tech-c"].Reveal()) {
				return outcome{worked: true, said: "one seed for both"}
			}
			return outcome{said: "nobody can bring a seed: each account gets one of its own"}
		}},
	}},
	{"One auditor", []attempt{
		checksOut("auditor"), becomesCustodian("auditor"),
		{tries: "approves", concerns: custodians, do: func(a *arena) outcome {
			in := swap
			in.TOTP = a.code("tech-c")
			p, err := a.as("tech-c").ProposeCustodians(a.t.Context(), "db01", in)
			if err != nil {
				a.t.Fatal(err)
			}
			a.begin()
			return asked(a.as("auditor").Approve(a.t.Context(), p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: a.code("auditor")}))
		}},
		takesAccess("auditor", "tech-a"),
		{tries: "takes something out of the ledger", do: func(a *arena) outcome {
			a.Must("tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote(because)})
			a.begin()
			_, err := a.as("auditor").Redact(a.t.Context(), a.Size()-1, api.Redact{Reason: because, TOTP: a.code("auditor")})
			return of(err, "it is gone")
		}},
		{tries: "looks for a password in all entries", do: func(a *arena) outcome {
			a.Must("tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote(because)})
			a.begin()
			all, err := a.as("auditor").WholeEntries(a.t.Context(), desk.EntryQuery{})
			text, _ := json.Marshal(all)
			if err == nil && !bytes.Contains(text, []byte(a.password())) {
				return outcome{said: "there is none"}
			}
			return of(err, "there is one")
		}},
	}},
	{"Somebody who has left", []attempt{
		leaver("uses a session that was open", func(a *arena) error {
			_, err := a.as("tech-b").Me(a.t.Context())
			return err
		}),
		leaver("logs in", func(a *arena) error {
			_, err := a.as("").SignIn(a.t.Context(), api.SignIn{Username: "tech-b", Password: api.Secret(a.Passwords["tech-b"].Reveal()), TOTP: a.code("tech-b")})
			return err
		}),
		{tries: "uses a recovery code", concerns: []string{"manager"}, do: func(a *arena) outcome {
			codes := a.recoveryCodes("newcomer")
			a.Must("manager", custody.Disable{Person: "newcomer", Reason: desk.NewNote(because)})
			a.begin()
			_, err := a.as("").Recover(a.t.Context(), api.Recover{Username: "newcomer", Password: desktest.OwnPassword, RecoveryCode: codes[0]})
			return of(err, "a seed")
		}},
		{tries: "uses a link that was made before", concerns: []string{"manager"}, do: func(a *arena) outcome {
			a.Agreed("admin", custody.AddPerson{Username: "newcomer", Name: "N", Roles: []custody.Role{custody.Technician}, TOTPPeriod: desktest.Period})
			link, code := a.Link("admin", "manager", "newcomer")
			a.Must("manager", custody.Disable{Person: "newcomer", Reason: desk.NewNote(because)})
			a.begin()
			_, err := a.as("").OpenLink(a.t.Context(), link.Token.Reveal(), api.OpenLink{ReleaseCode: api.Secret(code.Reveal()), Password: desktest.OwnPassword})
			return of(err, "a log-in")
		}},
		{tries: "logs in as before, when their access was given back", concerns: []string{"manager"}, do: func(a *arena) outcome {
			a.Must("manager", custody.Disable{Person: "tech-c", Reason: desk.NewNote(because)})
			a.Agreed("admin", custody.Reinstate{Person: "tech-c"})
			a.begin()
			_, err := a.as("").SignIn(a.t.Context(), api.SignIn{Username: "tech-c", Password: api.Secret(a.Passwords["tech-c"].Reveal()), TOTP: a.code("tech-c")})
			return of(err, "the old log-in")
		}},
		{tries: "opens the server with the password that they know", concerns: []string{"tech-b", "manager"}, do: func(a *arena) outcome {
			got, err := a.as("tech-a").CheckOut(a.t.Context(), "db01", api.CheckOut{Purpose: because, TOTP: a.code("tech-a")})
			if err != nil {
				a.t.Fatal(err)
			}
			a.begin()
			a.Must("manager", custody.Disable{Person: "tech-a", Reason: desk.NewNote(because)})
			a.Rotate("db01")
			if got.Password == a.password() {
				return outcome{worked: true, said: "it opens the server"}
			}
			return outcome{said: "it is changed; tech-b has it"}
		}},
	}},
	{"Somebody who found what is another's", []attempt{
		{tries: "logs in with a password that was found, without the authenticator", concerns: []string{"tech-a"}, do: func(a *arena) outcome {
			_, err := a.as("").SignIn(a.t.Context(), api.SignIn{Username: "tech-a", Password: api.Secret(a.Passwords["tech-a"].Reveal()), TOTP: "000000"})
			return of(err, "logged in")
		}},
		{tries: "replaces the authenticator with a password and a recovery code that were found together", concerns: []string{"newcomer"}, do: func(a *arena) outcome {
			codes := a.recoveryCodes("newcomer")
			a.begin()
			_, err := a.as("").Recover(a.t.Context(), api.Recover{Username: "newcomer", Password: desktest.OwnPassword, RecoveryCode: codes[0]})
			return of(err, "a seed of their own; all sessions of the person end")
		}},
		{tries: "uses recovery codes of before the log-in was set up anew", concerns: []string{"newcomer"}, do: func(a *arena) outcome {
			codes := a.recoveryCodes("newcomer")
			a.Agreed("admin", custody.ResetEnrolment{Person: "newcomer"})
			a.begin()
			_, err := a.as("").Recover(a.t.Context(), api.Recover{Username: "newcomer", Password: desktest.OwnPassword, RecoveryCode: codes[1]})
			return of(err, "a seed")
		}},
		{tries: "uses a link that was found, without the release code", concerns: []string{"manager"}, do: func(a *arena) outcome {
			a.Agreed("admin", custody.AddPerson{Username: "newcomer", Name: "N", Roles: []custody.Role{custody.Technician}, TOTPPeriod: desktest.Period})
			link, _ := a.Link("admin", "manager", "newcomer")
			a.begin()
			_, err := a.as("").OpenLink(a.t.Context(), link.Token.Reveal(), api.OpenLink{ReleaseCode: "", Password: desktest.OwnPassword})
			return of(err, "a log-in")
		}},
		{tries: "logs in elsewhere with password and authenticator of the holder", concerns: []string{"tech-a"}, do: func(a *arena) outcome {
			_, err := a.as("").SignIn(a.t.Context(), api.SignIn{Username: "tech-a", Password: api.Secret(a.Passwords["tech-a"].Reveal()), TOTP: a.code("tech-a")})
			return of(err, "logged in")
		}},
	}},
}

// aboutThem is what somebody tries about an incident that tech-a reported of them.
func aboutThem(tries, who string, does func(a *arena, c *client.Client, id string) error) attempt {
	return attempt{tries: tries, concerns: []string{"director"}, do: func(a *arena) outcome {
		a.Must("tech-a", custody.ReportIncident{Person: who, Text: desk.NewNote(because), Grade: custody.Special})
		id := a.newestIncident("incident.reported")
		a.begin()
		return of(does(a, a.as(who), id), "it is done")
	}}
}

// assessesDown says with somebody's code that an incident is ordinary.
func assessesDown(who string) func(a *arena, c *client.Client, id string) error {
	return func(a *arena, c *client.Client, id string) error {
		_, err := c.AssessIncident(a.t.Context(), id, api.AssessIncident{Grade: custody.Ordinary, Text: because, TOTP: a.code(who)})
		return err
	}
}

// newestIncident gives the id of the newest of a kind.
func (a *arena) newestIncident(kind string) string {
	a.t.Helper()
	all, err := a.as("auditor").Incidents(a.t.Context(), desk.IncidentQuery{})
	if err != nil {
		a.t.Fatal(err)
	}
	for _, i := range all {
		if i.Type == kind {
			return i.ID
		}
	}
	a.t.Fatalf("no incident of %s", kind)
	return ""
}

// asksAndApproves is tech-c with a second account, manager-2, and perhaps a third one.
func (a *arena) asksAndApproves(more ...string) outcome {
	in := swap
	in.TOTP = a.code("tech-c")
	a.begin()
	p, err := a.as("tech-c").ProposeCustodians(a.t.Context(), "db01", in)
	if err != nil {
		a.t.Fatal(err)
	}
	for _, who := range append([]string{"manager-2"}, more...) {
		if p, err = a.as(who).Approve(a.t.Context(), p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: a.code(who)}); err != nil {
			return of(err, "")
		}
	}
	return asked(p, nil)
}

// inOneDevice is tech-c with two more accounts, each of which others approved, in one
// browser. before happens before each log-in.
func (a *arena) inOneDevice(before func()) outcome {
	a.comes("manager-2", "somebody@example.org", custody.Manager)
	a.comes("director-2", "else@example.org", custody.Director)
	device := a.logsInAt("tech-c", "")
	in := swap
	in.TOTP = a.code("tech-c")
	a.begin()
	p, err := a.as("tech-c").ProposeCustodians(a.t.Context(), "db01", in)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := a.as("tech-c").SignOut(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
	for _, who := range []string{"manager-2", "director-2"} {
		before()
		if made := a.logsInAt(who, device); made != "" {
			a.t.Errorf("%s has another device: it was %q", who, device)
		}
		shown, err := a.as(who).Proposal(a.t.Context(), p.ID)
		if err != nil {
			a.t.Fatal(err)
		}
		if len(shown.Beside) == 0 {
			a.t.Errorf("%s is not shown before whose device it is", who)
		}
		if p, err = a.as(who).Approve(a.t.Context(), p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: a.code(who)}); err != nil {
			return of(err, "")
		}
	}
	return asked(p, nil)
}

// leaver is what tech-b tries, who has left.
func leaver(tries string, does func(a *arena) error) attempt {
	return attempt{tries: tries, concerns: []string{"manager"}, do: func(a *arena) outcome {
		a.Must("manager", custody.Disable{Person: "tech-b", Reason: desk.NewNote(because)})
		a.begin()
		return of(does(a), "it works")
	}}
}

// recoveryCodes gives those of somebody new.
func (a *arena) recoveryCodes(username string) (codes []api.Secret) {
	a.t.Helper()
	a.whose[username+"@example.org"] = username
	a.Agreed("admin", custody.AddPerson{Username: username, Name: "N", Email: desk.NewNote(username + "@example.org"), Roles: []custody.Role{custody.Technician}, TOTPPeriod: desktest.Period})
	link, code := a.Link("admin", "manager", username)
	for _, c := range a.Joins(username, link, code) {
		codes = append(codes, api.Secret(c.Reveal()))
	}
	return codes
}
