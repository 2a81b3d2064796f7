package notify

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/follow/followtest"
	"github.com/tandem-custody/tandem/custody/notify/smtp"
	"github.com/tandem-custody/tandem/custody/notify/smtp/smtptest"
)

// office is a ledger in memory, its positions and its people, and a follower that
// speaks to a real mail server.
type office struct {
	desktest.Ledger
	t        *testing.T
	server   *smtptest.Server
	follower *Follower

	mu        sync.Mutex
	now       time.Time
	places    followtest.Places
	people    []custody.Person
	chosen    map[string]desk.Preference
	handovers map[string]custody.Handover
	can       map[custody.Role][]string // approve what waits
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{
		can: map[custody.Role][]string{custody.Manager: {"manager", "nobody"}, custody.Director: {"director"}},
		t:   t, server: smtptest.Start(t, false), now: noon,
		chosen: map[string]desk.Preference{"tech-b": {Language: "zh", Zone: "Asia/Shanghai"}},
		handovers: map[string]custody.Handover{"handover-1": {
			ID: "handover-1", From: "tech-a", To: "tech-b", Credentials: []string{"db01", "db02"}, ExpectedReturn: noon,
		}},
	}
	for username, role := range map[string]custody.Role{
		"tech-b": custody.Technician, "manager": custody.Manager, "director": custody.Director,
		"auditor": custody.Auditor, "admin": custody.Admin, "nobody": custody.Manager,
	} {
		o.people = append(o.people, person(username, role))
		if username == "nobody" {
			o.people[len(o.people)-1].Email = desk.NewNote("")
		}
	}
	o.people = append([]custody.Person{person("tech-a", custody.Technician)}, o.people...)
	o.people[0].Admission.Readers = []string{"director"}
	o.follower = o.open()
	return o
}

func person(username string, role custody.Role) custody.Person {
	return custody.Person{Username: username, Name: "Person " + username, Email: desk.NewNote(username + "@example.org"), Roles: []custody.Role{role}}
}

// open makes another follower of the same ledger, as a restart does.
func (o *office) open() *Follower {
	o.t.Helper()
	sender, err := smtp.New(smtp.Config{
		Address: o.server.Address, TLS: smtp.StartTLS, TLSConfig: o.server.Trust, From: "Tandem <tandem@example.org>",
		Username: smtptest.User, Password: custody.SecretString(smtptest.Password),
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return New(Config{
		Ledger: o, Places: &o.places, Owner: "test", Directory: o, Follow: o.Follow, Send: sender.Send, Origin: "ledger.test",
		URL: "https://tandem.example", Language: "en", Zone: time.UTC, Now: o.clock, Log: slog.New(slog.DiscardHandler),
		MinPause: time.Millisecond, MaxPause: 5 * time.Millisecond,
	})
}

// run starts a follower; the function it gives stops it.
func (o *office) run(f *Follower) func() {
	o.t.Helper()
	ctx, cancel := context.WithCancel(o.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := f.Run(ctx); err != nil {
			o.t.Error(err)
		}
	}()
	stop := func() { cancel(); <-done }
	o.t.Cleanup(stop)
	return stop
}

// happen adds entries of one request.
func (o *office) happen(request string, facts ...custody.Fact) {
	o.t.Helper()
	o.mu.Lock()
	at := o.now
	o.mu.Unlock()
	events := make([]custody.Event, len(facts))
	for i, fact := range facts {
		events[i] = custody.Event{Time: at, Actor: custody.System, Request: request, Fact: fact}
	}
	o.Happen(o.t, events...)
}

// offered is an offer to tech-b.
func offered(n int) custody.HandoverOffered {
	return custody.HandoverOffered{
		Handover: "handover-" + strconv.Itoa(n), From: "tech-a", To: "tech-b", Credentials: []string{"db01"}, Expires: noon.AddDate(0, 0, 1),
	}
}

// patience bounds every wait for what other goroutines do.
const patience = 90 * time.Second

// settled waits until the position is there.
func (o *office) settled(want int64) {
	o.t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		at := o.at()
		if at == want {
			return
		}
		if at > want || time.Now().After(limit) {
			o.t.Fatalf("the position is %d, want %d", at, want)
		}
	}
}

func (o *office) pass(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

func (o *office) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now.Add(time.Since(started)) // pauses pass
}

var started = time.Now()

// at gives the place.
func (o *office) at() int64 {
	o.t.Helper()
	at, err := o.places.Place(o.t.Context(), place)
	if err != nil {
		o.t.Fatal(err)
	}
	return at.Next
}

func (o *office) People(context.Context) ([]custody.Person, error) { return o.people, nil }

func (o *office) Credential(_ context.Context, name string) (custody.Credential, error) {
	if name == "" {
		return custody.Credential{}, nil
	}
	return custody.Credential{Name: name, Primary: "tech-a", Backup: "tech-b", Phase: custody.Held, Holder: "tech-a"}, nil
}

func (o *office) Proposal(_ context.Context, id string) (custody.Proposal, error) {
	if id == "p-2" {
		return custody.Proposal{
			ID: id, Requester: "admin", Reason: desk.NewNote("the director left"), Expires: noon.AddDate(0, 0, 7),
			Change: custody.Change{Proposable: custody.Refound{Person: "tech-a", Role: custody.Director}},
		}, nil
	}
	return custody.Proposal{
		Needs: []custody.Role{custody.Manager, custody.Director},
		ID:    id, Requester: "admin", EndedBy: "manager", Reason: desk.NewNote("change of post"), Expires: noon.AddDate(0, 0, 7),
		Change: custody.Change{Proposable: custody.SetCustodians{Credential: "db01", Primary: "tech-a", Backup: "tech-b"}},
	}, nil
}

func (o *office) Incident(_ context.Context, id string) (custody.Incident, error) {
	return custody.Incident{ID: id, Status: custody.IncidentOpen, Grade: custody.Special, People: []string{"tech-a", "tech-b"}, Reporter: "tech-b"}, nil
}

func (o *office) Assessors(context.Context, string) ([]string, error) {
	return []string{"director", "manager"}, nil
}

func (o *office) Approvers(context.Context) (map[string]map[custody.Role][]string, error) {
	return map[string]map[custody.Role][]string{"p-1": o.can}, nil
}

func (o *office) Handover(_ context.Context, id string) (custody.Handover, error) {
	return o.handovers[id], nil
}

func (o *office) Preference(_ context.Context, username string) (desk.Preference, error) {
	return o.chosen[username], nil
}
