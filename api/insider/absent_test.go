package insider_test

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// What one person can try with the word that somebody is not there: that a holder cannot be
// reached, that they plan to be away, that they act in the place of somebody who is.

// asksUrgently is a request of somebody's for db01, which must not be refused.
func (a *arena) asksUrgently(who, beneficiary string) api.Emergency {
	a.t.Helper()
	e, err := a.urgent(who, beneficiary)
	if err != nil {
		a.t.Fatal(err)
	}
	return e
}

// urgent is a request of somebody's for db01; beneficiary "": for themselves.
func (a *arena) urgent(who, beneficiary string) (api.Emergency, error) {
	return a.as(who).RequestEmergency(a.t.Context(), api.RequestEmergency{Credentials: []string{"db01"}, For: beneficiary, Reason: because, TOTP: a.code(who)})
}

// yields is an approval of an emergency, which must not be refused.
func (a *arena) yields(who string, e api.Emergency) api.Emergency {
	a.t.Helper()
	e, err := a.as(who).ApproveEmergency(a.t.Context(), e.ID, a.code(who))
	if err != nil {
		a.t.Fatal(err)
	}
	return e
}

// granted gives the outcome of an emergency: that it waits, and for whom.
func granted(e api.Emergency, err error) outcome {
	switch {
	case err != nil:
		return of(err, "")
	case e.Status == custody.EmergencyPending:
		var levels []string
		for _, l := range e.Needs {
			levels = append(levels, string(l))
		}
		if len(e.Can[e.Needs[0]]) > 1 && len(levels) == 1 {
			return outcome{said: "waits for one of " + strings.Join(e.Can[e.Needs[0]], ", ")}
		}
		return outcome{said: "waits for: " + strings.Join(levels, " and ")}
	}
	return outcome{worked: true, said: "it is " + string(e.Status)}
}

// urgently is an emergency that somebody asks for alone.
func urgently(tries, who, beneficiary string, before func(a *arena)) attempt {
	return attempt{tries: tries, concerns: custodians, do: func(a *arena) outcome {
		if before != nil {
			before(a)
		}
		a.begin()
		return granted(a.urgent(who, beneficiary))
	}}
}

// isAway has somebody be away, by their own word.
func (a *arena) isAway(who string) {
	a.t.Helper()
	if _, err := a.as(who).SetPresence(a.t.Context(), api.SetPresence{State: api.Away, Reason: because, TOTP: a.code(who)}); err != nil {
		a.t.Fatal(err)
	}
}

// acts lets time act.
func (a *arena) acts() { a.Must(custody.System, custody.Tick{}) }

// passes lets time pass, and act.
func (a *arena) passes(d time.Duration) {
	a.Clock.Add(d)
	a.acts()
}

// window is an absence that begins after a while and lasts two hours, on the clock of UTC.
func (a *arena) window(after time.Duration) (from, until string) {
	begins := a.Clock.Now().UTC().Add(after).Truncate(time.Minute)
	return begins.Format("2006-01-02T15:04"), begins.Add(2 * time.Hour).Format("2006-01-02T15:04")
}

// plans is a plan of somebody's, which must not be refused.
func (a *arena) plans(who string, after time.Duration, offer bool) api.PlannedAbsence {
	a.t.Helper()
	from, until := a.window(after)
	p, err := a.as(who).PlanAbsence(a.t.Context(), api.PlanAbsence{From: from, Until: until, Zone: "UTC", Reason: because, Offer: offer, TOTP: a.code(who)})
	if err != nil {
		a.t.Fatal(err)
	}
	a.acts() // somebody whose absence begins soon is reminded of it now, and not at some moment
	return p
}

// signedByBoth is a plan of tech-a's for which tech-b has signed as well.
func (a *arena) signedByBoth(after time.Duration) api.PlannedAbsence {
	a.t.Helper()
	p := a.plans("tech-a", after, true)
	if _, err := a.as("tech-b").SignHandover(a.t.Context(), p.Handover.ID, a.code("tech-b")); err != nil {
		a.t.Fatal(err)
	}
	return p
}

// holds gives the outcome of what was to make somebody the holder of db01.
func (a *arena) holds(who, otherwise string) outcome {
	if a.Credential("db01").Holder == who {
		return outcome{worked: true, said: who + " holds it"}
	}
	return outcome{said: otherwise}
}

// deputyOf has somebody be approved as the deputy of others, by who is not concerned.
func (a *arena) deputyOf(deputy string, principals ...string) {
	a.t.Helper()
	a.comes("manager-2", "manager-2@example.org", custody.Manager)
	a.comes("director-2", "director-2@example.org", custody.Director)
	for _, principal := range principals {
		p, err := a.as("tech-b").NameDeputy(a.t.Context(), principal, api.NameDeputy{Deputy: deputy, Ends: a.Clock.Now().AddDate(0, 1, 0), Reason: because, TOTP: a.code("tech-b")})
		if err != nil {
			a.t.Fatal(err)
		}
		for _, who := range []string{"manager-2", "director-2"} {
			if got := a.approves(who, p); got.said != "it is effected" && got.said != "waits for: director" {
				a.t.Fatalf("%s: %s", who, got.said)
			}
		}
	}
	a.acts()
}

// swapAsked is a proposal of tech-c's for other custodians.
func (a *arena) swapAsked() api.Proposal {
	a.t.Helper()
	in := swap
	in.TOTP = a.code("tech-c")
	p, err := a.as("tech-c").ProposeCustodians(a.t.Context(), "db01", in)
	if err != nil {
		a.t.Fatal(err)
	}
	return p
}

// approves gives the outcome of somebody's approval.
func (a *arena) approves(who string, p api.Proposal) outcome {
	return asked(a.as(who).Approve(a.t.Context(), p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: a.code(who)}))
}

var byAbsence = []group{
	{"Somebody who says that the holder cannot be reached", []attempt{
		urgently("the other custodian says so, and the holder is there", "tech-b", "", nil),
		{tries: "the same, and the holder reads the message", concerns: custodians, do: func(a *arena) outcome {
			e := a.asksUrgently("tech-b", "")
			if _, err := a.as("tech-a").Veto(a.t.Context(), e.ID, api.Veto{TOTP: a.code("tech-a")}); err != nil {
				a.t.Fatal(err)
			}
			e, err := a.as("director").ApproveEmergency(a.t.Context(), e.ID, a.code("director"))
			return granted(e, err)
		}},
		{tries: "the same, and one of those who are asked believes it", concerns: custodians, do: func(a *arena) outcome {
			e := a.yields("director", a.asksUrgently("tech-b", ""))
			got := granted(e, nil)
			if _, err := a.as("tech-a").SetPresence(a.t.Context(), api.SetPresence{State: api.Present}); err != nil {
				a.t.Fatal(err)
			}
			a.passes(15 * time.Minute)
			a.Rotate("db01")
			got.said += ", by two people; the holder is told and says that they are there: it ends a quarter of an hour later, the password is changed, and " + a.Credential("db01").Holder + " has it"
			return got
		}},
		{tries: "a technician has it in an emergency, which both levels approved, and comes back to it afterwards with the password in mind", concerns: custodians, do: func(a *arena) outcome {
			e := a.yields("director", a.yields("manager", a.asksUrgently("tech-c", "")))
			got, err := a.as("tech-c").CheckOut(a.t.Context(), "db01", api.CheckOut{Purpose: because, TOTP: a.code("tech-c")})
			if err != nil {
				a.t.Fatal(err)
			}
			a.begin()
			if _, err := a.as("tech-c").EndEmergency(a.t.Context(), e.ID, a.code("tech-c")); err != nil {
				a.t.Fatal(err)
			}
			a.Rotate("db01")
			if got.Password == a.password() {
				return outcome{worked: true, said: "it still opens the server"}
			}
			return a.holds("tech-c", "it is another one by then, and nobody has it: it is parked until a custodian says that they are there")
		}},
		{tries: "the other custodian has it in an emergency, and never ends that, while the holder does not answer", concerns: custodians, do: func(a *arena) outcome {
			a.yields("director", a.asksUrgently("tech-b", ""))
			got, err := a.as("tech-b").CheckOut(a.t.Context(), "db01", api.CheckOut{Purpose: because, TOTP: a.code("tech-b")})
			if err != nil {
				a.t.Fatal(err)
			}
			a.begin()
			a.passes(a.Desk.PolicyInForce().Values.HoldFor)
			a.Rotate("db01")
			if got.Password == a.password() {
				return outcome{worked: true, said: "it still opens the server"}
			}
			return a.holds("tech-b", "time ends it, and it is another one by then")
		}},
		{tries: "has it in an emergency, and hands it on to keep it", concerns: custodians, do: func(a *arena) outcome {
			a.yields("director", a.asksUrgently("tech-b", ""))
			a.begin()
			_, err := a.as("tech-b").OfferHandover(a.t.Context(), api.OfferHandover{Credentials: []string{"db01"}, Reason: because, TOTP: a.code("tech-b")})
			return of(err, "it is offered")
		}},
		urgently("a technician whom it does not concern says so of both custodians", "tech-c", "", nil),
		{tries: "the same, and one of those who are asked believes it", concerns: custodians, do: func(a *arena) outcome {
			return granted(a.yields("manager", a.asksUrgently("tech-c", "")), nil)
		}},
		{tries: "the same, and who believes it says yes at both levels", concerns: custodians, do: func(a *arena) outcome {
			e := a.yields("manager", a.asksUrgently("tech-c", ""))
			e, err := a.as("manager").ApproveEmergency(a.t.Context(), e.ID, a.code("manager"))
			return granted(e, err)
		}},
		{tries: "asks, and approves it: a technician who is a manager as well", concerns: custodians, do: func(a *arena) outcome {
			a.comes("both", "both@example.org", custody.Technician, custody.Manager)
			a.begin()
			e := a.asksUrgently("both", "")
			e, err := a.as("both").ApproveEmergency(a.t.Context(), e.ID, a.code("both"))
			return granted(e, err)
		}},
		{tries: "asks as the other custodian, and approves it by a second account with the same mailbox", concerns: custodians, do: func(a *arena) outcome {
			a.comes("manager-2", "Tech-B+second@example.org", custody.Manager)
			a.begin()
			e := a.asksUrgently("tech-b", "")
			e, err := a.as("manager-2").ApproveEmergency(a.t.Context(), e.ID, a.code("manager-2"))
			return granted(e, err)
		}},
		{tries: "the holder approves what is asked for because they cannot be reached", concerns: custodians, do: func(a *arena) outcome {
			e := a.asksUrgently("tech-b", "")
			e, err := a.as("tech-a").ApproveEmergency(a.t.Context(), e.ID, a.code("tech-a"))
			return granted(e, err)
		}},
		urgently("a manager asks for a substitute, while technicians are there", "manager", "admin", nil),
		urgently("a manager asks for themselves", "manager", "", func(a *arena) { a.isAway("tech-c") }),
		urgently("a manager asks for a substitute who is a second account of theirs, while no technician is there", "manager", "second", func(a *arena) {
			a.comes("second", "Manager+second@example.org", custody.Admin)
			a.isAway("tech-c")
		}),
		{tries: "the same, and approves it as the substitute, or by another second account", concerns: custodians, do: func(a *arena) outcome {
			a.comes("second", "somebody@example.org", custody.Admin)
			a.comes("director-2", "Manager+director@example.org", custody.Director)
			a.isAway("tech-c")
			a.begin()
			e := a.asksUrgently("manager", "second")
			for _, who := range []string{"second", "manager", "director-2"} {
				if got, err := a.as(who).ApproveEmergency(a.t.Context(), e.ID, a.code(who)); err == nil {
					return granted(got, err)
				}
			}
			return outcome{said: "refused, each of them: `not_eligible`, `own_request`"}
		}},
		{tries: "waits for silence, with one channel, where the policy of the credential allows it", concerns: custodians, do: func(a *arena) outcome {
			p := a.Credential("db01").Policy
			p.Silence = true
			a.Agreed("admin", custody.ChangePolicy{Credential: "db01", Policy: p})
			a.begin()
			e := a.asksUrgently("tech-b", "")
			for _, who := range []string{"tech-a", "manager", "director"} {
				a.Must(custody.System, custody.ReportPaged{Emergency: e.ID, Person: who, Channel: "email"})
			}
			a.passes(20 * time.Minute)
			e, err := a.as("tech-b").Emergency(a.t.Context(), e.ID)
			if err == nil && e.SilenceAt.IsZero() && e.Status == custody.EmergencyPending {
				return outcome{said: "it never begins: it takes two channels to each"}
			}
			return granted(e, err)
		}},
		{tries: "reviews what they asked for themselves", concerns: custodians, do: func(a *arena) outcome {
			a.comes("both", "both@example.org", custody.Technician, custody.Manager)
			e := a.yields("director", a.yields("manager", a.asksUrgently("both", "")))
			a.passes(a.Desk.PolicyInForce().Values.UseWithin - time.Minute)
			if _, err := a.as("both").CheckOut(a.t.Context(), "db01", api.CheckOut{Purpose: because, TOTP: a.code("both")}); err != nil {
				a.t.Fatal(err)
			}
			if _, err := a.as("both").EndEmergency(a.t.Context(), e.ID, a.code("both")); err != nil {
				a.t.Fatal(err)
			}
			a.begin()
			_, err := a.as("both").ReviewEmergency(a.t.Context(), e.ID, api.ReviewEmergency{Verdict: custody.Justified, Text: because, TOTP: a.code("both")})
			return of(err, "nobody else looks at it")
		}},
		{tries: "guesses codes to approve, with a stolen session of the director", concerns: []string{"director"}, do: func(a *arena) outcome {
			e := a.asksUrgently("tech-b", "")
			a.begin()
			var err error
			for range 6 {
				if _, err = a.as("director").ApproveEmergency(a.t.Context(), e.ID, "000000"); err == nil {
					break
				}
			}
			return of(err, "one was right")
		}},
	}},
	{"Somebody who plans to be away, or has another's plan", []attempt{
		{tries: "moves a plan for which the other has signed, so that custody passes when nobody expects it", concerns: custodians, do: func(a *arena) outcome {
			p := a.signedByBoth(time.Hour)
			a.begin()
			from, until := a.window(4 * time.Hour)
			if _, err := a.as("tech-a").MoveAbsence(a.t.Context(), p.Absence.ID, api.MoveAbsence{From: from, Until: until, Zone: "UTC", TOTP: a.code("tech-a")}); err != nil {
				a.t.Fatal(err)
			}
			a.acts()
			a.passes(4*time.Hour + time.Minute)
			return a.holds("tech-b", "what was signed is void, and both are told; nothing passes, and that is serious")
		}},
		{tries: "has a plan of the holder's that waits for a signature, signs, and takes the password before it begins", concerns: custodians[:1], do: func(a *arena) outcome {
			p := a.signedByBoth(time.Hour)
			a.begin()
			if _, err := a.as("tech-b").AcceptHandover(a.t.Context(), p.Handover.ID, a.code("tech-b")); err == nil {
				return outcome{worked: true, said: "they hold it"}
			}
			return a.reveals(a.as("tech-b").CheckOut(a.t.Context(), "db01", api.CheckOut{Purpose: because, TOTP: a.code("tech-b")}))
		}},
		{tries: "signs what the holder has not signed, to have it pass to them", concerns: custodians[:1], do: func(a *arena) outcome {
			a.plans("tech-a", time.Hour, false)
			a.begin()
			_, err := a.as("tech-b").SignHandover(a.t.Context(), "handover-1", a.code("tech-b"))
			a.passes(time.Hour + time.Minute)
			if a.Credential("db01").Holder == "tech-b" {
				return outcome{worked: true, said: "it passes"}
			}
			return of(err, "")
		}},
		{tries: "calls a plan off for which the other has signed, and lets them believe that it passes to them", concerns: custodians, do: func(a *arena) outcome {
			p := a.signedByBoth(time.Hour)
			a.begin()
			if err := a.as("tech-a").CancelAbsence(a.t.Context(), p.Absence.ID, a.code("tech-a")); err != nil {
				a.t.Fatal(err)
			}
			a.passes(time.Hour + time.Minute)
			return a.holds("tech-b", "what was signed is void, and the other is told; nothing passes")
		}},
		{tries: "plans the holder away with a stolen session of theirs, without a code", concerns: custodians, do: func(a *arena) outcome {
			from, until := a.window(time.Hour)
			_, err := a.as("tech-a").PlanAbsence(a.t.Context(), api.PlanAbsence{From: from, Until: until, Zone: "UTC", Offer: true})
			return of(err, "it is planned")
		}},
		{tries: "plans to be away at a time at which the other custodian is, so that nobody is", concerns: custodians, do: func(a *arena) outcome {
			a.plans("tech-a", time.Hour, false)
			a.begin()
			from, until := a.window(2 * time.Hour)
			_, err := a.as("tech-b").PlanAbsence(a.t.Context(), api.PlanAbsence{From: from, Until: until, Zone: "UTC", TOTP: a.code("tech-b")})
			return of(err, "it is planned")
		}},
		{tries: "has somebody swap who does not want to", concerns: custodians, do: func(a *arena) outcome {
			mine, theirs := a.plans("tech-b", time.Hour, false), a.plans("tech-a", 24*time.Hour, false)
			a.begin()
			got, err := a.as("tech-b").SwapAbsences(a.t.Context(), api.SwapAbsences{Absence: mine.Absence.ID, Person: "tech-a", With: theirs.Absence.ID, TOTP: a.code("tech-b")})
			if err == nil && !got.Swapped {
				return outcome{said: "it is asked for; nothing has moved"}
			}
			return of(err, "it is swapped")
		}},
		{tries: "has somebody agree to a swap, and moves the plan that they agree to before they do", concerns: custodians, do: func(a *arena) outcome {
			mine, theirs := a.plans("tech-b", time.Hour, false), a.plans("tech-a", 24*time.Hour, false)
			if _, err := a.as("tech-b").SwapAbsences(a.t.Context(), api.SwapAbsences{Absence: mine.Absence.ID, Person: "tech-a", With: theirs.Absence.ID, TOTP: a.code("tech-b")}); err != nil {
				a.t.Fatal(err)
			}
			from, until := a.window(72 * time.Hour)
			if _, err := a.as("tech-b").MoveAbsence(a.t.Context(), mine.Absence.ID, api.MoveAbsence{From: from, Until: until, Zone: "UTC", TOTP: a.code("tech-b")}); err != nil {
				a.t.Fatal(err)
			}
			a.begin()
			got, err := a.as("tech-a").SwapAbsences(a.t.Context(), api.SwapAbsences{Absence: theirs.Absence.ID, Person: "tech-b", With: mine.Absence.ID, TOTP: a.code("tech-a")})
			if err == nil && !got.Swapped {
				return outcome{said: "their yes is a question of its own; nothing has moved"}
			}
			return of(err, "it is swapped")
		}},
		{tries: "a manager ends a plan, so that somebody cannot go, or somebody else can", concerns: custodians, do: func(a *arena) outcome {
			p := a.signedByBoth(time.Hour)
			a.begin()
			err := a.as("manager").EndAbsence(a.t.Context(), "tech-a", p.Absence.ID, because, a.code("manager"))
			return of(err, "it is ended, and moves nothing: both are told, with the reason")
		}},
		{tries: "a manager ends a plan by which somebody is away already, to have them be there", concerns: custodians, do: func(a *arena) outcome {
			p := a.signedByBoth(time.Hour)
			a.passes(time.Hour + time.Minute)
			a.begin()
			return of(a.as("manager").EndAbsence(a.t.Context(), "tech-a", p.Absence.ID, because, a.code("manager")), "they are there")
		}},
		{tries: "a director or an administrator ends somebody's plan", concerns: custodians, do: func(a *arena) outcome {
			p := a.plans("tech-a", time.Hour, false)
			a.begin()
			var err error
			for _, who := range []string{"director", "admin", "tech-b"} {
				if err = a.as(who).EndAbsence(a.t.Context(), "tech-a", p.Absence.ID, because, a.code(who)); err == nil {
					break
				}
			}
			return of(err, "it is ended")
		}},
	}},
	{"Somebody who has the address of another's calendar", []attempt{
		{tries: "reads it, without an account", do: func(a *arena) outcome {
			_, said := a.calendarFound()
			return outcome{said: said}
		}},
		{tries: "goes on when the person has closed it", do: func(a *arena) outcome {
			path, _ := a.calendarFound()
			a.begin()
			if err := a.as("tech-a").CloseFeed(a.t.Context()); err != nil {
				a.t.Fatal(err)
			}
			status, _ := a.fetched(path)
			return outcome{worked: status == http.StatusOK, said: "answered " + http.StatusText(status)}
		}},
		{tries: "goes on when the person has opened another one", do: func(a *arena) outcome {
			path, _ := a.calendarFound()
			a.begin()
			if _, err := a.as("tech-a").OpenFeed(a.t.Context(), a.code("tech-a")); err != nil {
				a.t.Fatal(err)
			}
			status, _ := a.fetched(path)
			return outcome{worked: status == http.StatusOK, said: "answered " + http.StatusText(status)}
		}},
		{tries: "goes on when the person has left", do: func(a *arena) outcome {
			path, _ := a.calendarFound()
			a.Must("manager", custody.Disable{Person: "tech-a", Reason: desk.NewNote(because)})
			a.begin()
			status, _ := a.fetched(path)
			return outcome{worked: status == http.StatusOK, said: "answered " + http.StatusText(status)}
		}},
		{tries: "uses what it has as a session", do: func(a *arena) outcome {
			path, _ := a.calendarFound()
			token := strings.TrimSuffix(path[strings.LastIndex(path, "/")+1:], ".ics")
			a.sessions["nobody"] = api.Secret(token)
			a.begin()
			_, err := a.as("nobody").Me(a.t.Context())
			return of(err, "logged in")
		}},
		{tries: "opens one of the holder's with a stolen session, without a code", concerns: []string{"tech-a"}, do: func(a *arena) outcome {
			_, err := a.as("tech-a").OpenFeed(a.t.Context(), "")
			return of(err, "an address")
		}},
	}},
	{"Somebody who acts in the place of another", []attempt{
		{tries: "approves as the deputy of a manager who is there", concerns: custodians, do: func(a *arena) outcome {
			a.comes("deputy", "deputy@example.org", custody.Technician)
			a.deputyOf("deputy", "manager")
			p := a.swapAsked()
			a.begin()
			return a.approves("deputy", p)
		}},
		{tries: "approves at both levels, as the deputy of manager and director, who are away", concerns: custodians, do: func(a *arena) outcome {
			a.comes("deputy", "deputy@example.org", custody.Technician)
			a.deputyOf("deputy", "manager", "director")
			a.isAway("manager")
			a.isAway("director")
			p := a.swapAsked()
			a.begin()
			if first := a.approves("deputy", p); first.worked {
				return first
			}
			return a.approves("deputy", p)
		}},
		{tries: "says that the manager is away with a stolen session of theirs, without a code, to act for them", concerns: []string{"manager"}, do: func(a *arena) outcome {
			a.comes("deputy", "deputy@example.org", custody.Technician)
			a.deputyOf("deputy", "manager")
			a.begin()
			_, err := a.as("manager").SetPresence(a.t.Context(), api.SetPresence{State: api.Away, Reason: because})
			return of(err, "away")
		}},
		{tries: "a manager names a second account of theirs, with the same mailbox", concerns: []string{"director"}, do: func(a *arena) outcome {
			a.comes("second", "Manager+second@example.org", custody.Technician)
			a.begin()
			return asked(a.as("manager").NameDeputy(a.t.Context(), "manager", api.NameDeputy{Deputy: "second", Ends: a.Clock.Now().AddDate(0, 1, 0), Reason: because, TOTP: a.code("manager")}))
		}},
		{tries: "approves for the manager an emergency that they asked for", concerns: custodians, do: func(a *arena) outcome {
			a.deputyOf("tech-c", "manager")
			a.isAway("manager")
			a.begin()
			e := a.asksUrgently("tech-c", "")
			e, err := a.as("tech-c").ApproveEmergency(a.t.Context(), e.ID, a.code("tech-c"))
			return granted(e, err)
		}},
	}},
}

// calendarFound gives the address of tech-a's calendar, in which there is an absence of
// each custodian, and says what is read there.
func (a *arena) calendarFound() (path, said string) {
	a.t.Helper()
	a.plans("tech-b", 30*time.Hour, false)
	a.plans("tech-a", 50*time.Hour, false)
	a.begin()
	feed, err := a.as("tech-a").OpenFeed(a.t.Context(), a.code("tech-a"))
	if err != nil {
		a.t.Fatal(err)
	}
	u, err := url.Parse(string(feed.URL))
	if err != nil {
		a.t.Fatal(err)
	}
	status, text := a.fetched(u.Path)
	if status != http.StatusOK || !strings.Contains(text, "Person tech-a") || !strings.Contains(text, "Person tech-b") {
		a.t.Fatalf("%d: %s", status, text)
	}
	if found := slices.IndexFunc([]string{because, "db01", "root", "example.org", string(a.password())}, func(no string) bool { return strings.Contains(text, no) }); found >= 0 {
		return u.Path, "more than names and times is shown: " + text
	}
	return u.Path, "names and times of the person and their partners: no reason, no credential, no address"
}

// fetched gives what a path answers nobody.
func (a *arena) fetched(path string) (status int, text string) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.server.URL+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	answer, err := a.server.Client().Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		a.t.Fatal(err)
	}
	return answer.StatusCode, string(all)
}
