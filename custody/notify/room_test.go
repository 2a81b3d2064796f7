package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"golang.org/x/time/rate"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/follow"
	"github.com/tandem-custody/tandem/custody/notify/channel"
	"github.com/tandem-custody/tandem/custody/notify/channel/channeltest"
)

// group is a room that an office tells, and what it does with messages.
type group struct {
	*office
	room *Room

	mu      sync.Mutex
	terms   Terms
	reaches []string
	answers func(m channel.Message) error // nil: it takes all
	took    []channel.Message
	paged   [][3]string
}

func newGroup(t *testing.T, edit ...func(*RoomConfig)) *group {
	t.Helper()
	g := &group{office: newOffice(t), terms: Terms{Grades: []custody.Grade{custody.Serious, custody.Special}, Language: "en"}}
	g.open(edit...)
	g.happen("old", custody.SessionOpened{Person: "tech-a"}) // what a follower that is new begins behind
	g.pass(0)
	return g
}

// open makes another follower, as a restart does.
func (g *group) open(edit ...func(*RoomConfig)) {
	c := RoomConfig{
		Name: "ops", Ledger: g.office, Places: &g.places, Owner: "test", Directory: g.office, Follow: g.Follow, Zone: time.UTC,
		Origin: "ledger.test", URL: "https://tandem.example", Now: g.clock, Log: slog.New(slog.DiscardHandler), Limit: rate.Inf, Burst: 1000,
		Terms: func(context.Context) Terms { g.mu.Lock(); defer g.mu.Unlock(); return g.terms },
		Send:  g.send,
		Paged: func(_ context.Context, emergency, person, channel string) error {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.paged = append(g.paged, [3]string{emergency, person, channel})
			return nil
		},
	}
	for _, e := range edit {
		e(&c)
	}
	g.room = NewRoom(c)
}

func (g *group) send(_ context.Context, m channel.Message) ([]string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.answers != nil {
		if err := g.answers(m); err != nil {
			return nil, err
		}
	}
	g.took = append(g.took, m)
	return g.reaches, nil
}

// turn is one round, from where the place is.
func (g *group) turn() (again time.Time, err error) {
	g.t.Helper()
	at, e := g.places.Place(g.t.Context(), RoomPlace("ops"))
	if e != nil {
		g.t.Fatal(e)
	}
	return g.room.round(g.t.Context(), at)
}

// begins has the room be at the head, under a lease.
func (g *group) begins() {
	g.t.Helper()
	if _, held, err := g.places.Take(g.t.Context(), RoomPlace("ops"), "test", g.clock(), g.clock().Add(time.Hour)); err != nil || !held {
		g.t.Fatal(held, err)
	}
	g.must()
}

func (g *group) must() (again time.Time) {
	g.t.Helper()
	again, err := g.turn()
	if err != nil && !errors.Is(err, follow.ErrOvertaken) { // the follower itself was not started: it moves no place
		g.t.Fatal(err)
	}
	return again
}

// told gives the titles of what was taken since the last look.
func (g *group) told() (titles []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.took {
		titles = append(titles, m.Title)
	}
	g.took = nil
	return titles
}

func overdue(n int) custody.RotationOverdue {
	return custody.RotationOverdue{Credential: fmt.Sprintf("db%02d", n)}
}

// TestARoomIsToldOfItsGrades, of nothing less; of what is everybody's to stop whatever they
// are; and of an emergency if somebody is named who reads it.
func TestARoomIsToldOfItsGrades(t *testing.T) {
	asked := custody.EmergencyRequested{Emergency: "emergency-1", Credential: "db01", For: "tech-b"}
	for name, c := range map[string]struct {
		terms Terms
		fact  custody.Fact
		want  int
	}{
		"serious":                   {Terms{Grades: []custody.Grade{custody.Serious}}, overdue(1), 1},
		"not of this grade":         {Terms{Grades: []custody.Grade{custody.Special}}, overdue(1), 0},
		"special":                   {Terms{Grades: []custody.Grade{custody.Special}}, custody.LedgerConflict{Witness: "w"}, 1},
		"ordinary":                  {Terms{Grades: []custody.Grade{custody.Ordinary}}, offered(1), 1},
		"ordinary, told of nowhere": {Terms{Grades: []custody.Grade{custody.Ordinary}}, custody.SessionOpened{Person: "tech-a"}, 0},
		"an emergency":              {Terms{Grades: []custody.Grade{custody.Special}}, asked, 0},
		"an emergency, and readers": {Terms{Grades: []custody.Grade{custody.Special}, Read: true}, asked, 1},
		"a log-in on the host":      {Terms{}, custody.RecoverySought{Person: "admin"}, 1},
		"a log-in that is stopped":  {Terms{}, custody.RecoveryStopped{Person: "admin"}, 1},
	} {
		g := newGroup(t)
		g.terms = c.terms
		g.begins()
		g.happen("r1", c.fact)
		g.must()
		if got := g.told(); len(got) != c.want {
			t.Errorf("%s: told %q", name, got)
		}
	}
}

// TestARoomFollowsTheLedger by a place of its own, is told again with the same id what it
// may not have, and nothing twice that it has.
func TestARoomFollowsTheLedger(t *testing.T) {
	g := newGroup(t)
	run := func() func() {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = g.room.Run(ctx) }()
		stop := func() { cancel(); <-done }
		t.Cleanup(stop)
		return stop
	}
	settled := func(want int64) {
		t.Helper()
		waitFor(t, fmt.Sprint("the place is ", want), func() bool {
			at, err := g.places.Place(t.Context(), RoomPlace("ops"))
			return err == nil && at.Next == want
		})
	}
	stop := run()
	settled(1)
	g.happen("r1", overdue(1))
	settled(2)
	if got := g.told(); !slices.Equal(got, []string{"Serious: the password change of db01 is overdue"}) {
		t.Errorf("%q", got)
	}
	stop()
	var first channel.Message
	g.answers = func(m channel.Message) error { first = m; return errors.New("the connection was cut off") }
	g.open(func(c *RoomConfig) { c.MinPause, c.MaxPause = time.Millisecond, time.Millisecond })
	g.happen("r2", overdue(2))
	stop = run()
	waitFor(t, "a try", func() bool { g.mu.Lock(); defer g.mu.Unlock(); return first.ID != "" })
	stop()
	settled(2)
	g.mu.Lock()
	g.answers = nil
	g.mu.Unlock()
	g.open()
	run()
	settled(3)
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.took) != 1 || g.took[0].ID != first.ID || g.took[0].Title != first.Title {
		t.Errorf("%+v, before that %+v", g.took, first)
	}
}

// TestABurstIsOneMessage with how many there were of each kind, and from where to where;
// what is special, and what asks in an emergency, is told by itself, and first.
func TestABurstIsOneMessage(t *testing.T) {
	g := newGroup(t, func(c *RoomConfig) { c.Limit, c.Burst = rate.Every(time.Minute), 4 })
	g.begins()
	for i := range 300 {
		g.happen(fmt.Sprint("r", i), overdue(i))
	}
	g.happen("lock", custody.PersonLocked{Person: "tech-a", Until: noon})
	g.happen("asked", custody.EmergencyRequested{Emergency: "emergency-1", Credential: "db01", For: "tech-b"})
	g.happen("conflict", custody.LedgerConflict{Witness: "w"})
	g.must()
	g.mu.Lock()
	took := slices.Clone(g.took)
	g.mu.Unlock()
	if got := g.told(); len(got) != 3 || !strings.HasPrefix(got[0], "EMERGENCY: ") || !strings.HasPrefix(got[1], "SPECIAL: ") || got[2] != "301 events, more than are told one by one" {
		t.Fatalf("told %q", got)
	}
	all := took[2]
	if all.First != 1 || all.Last != 301 || all.Grade != custody.Serious || !slices.Equal(all.Lines, []string{
		"300 × Rotation overdue", "1 × Confirmations locked", "Grade: serious. Entries 1 to 301 of the ledger, from 2026-03-02 12:00 UTC on.",
	}) {
		t.Errorf("%+v", all)
	}
	if got := testutil.ToFloat64(g.room.counts.folded); got != 300 {
		t.Errorf("%v folded", got)
	}
	if len(g.room.queue) != 0 {
		t.Errorf("%d wait", len(g.room.queue))
	}
}

// TestWhatIsSpecialWaitsForALimitAndIsNotFolded, however much of it there is.
func TestWhatIsSpecialWaitsForALimitAndIsNotFolded(t *testing.T) {
	g := newGroup(t, func(c *RoomConfig) { c.Limit, c.Burst = rate.Every(10*time.Second), 2 })
	g.begins()
	for i := range 5 {
		g.happen(fmt.Sprint("r", i), custody.LedgerConflict{Witness: fmt.Sprint("w", i)})
	}
	again := g.must()
	if got := g.told(); len(got) != 2 {
		t.Errorf("at once %q", got)
	}
	if in := again.Sub(g.clock()); in < time.Second || in > 11*time.Second {
		t.Errorf("again in %v", in)
	}
	g.pass(time.Hour)
	g.must()
	g.pass(time.Hour)
	g.must()
	if got := g.told(); len(got) != 3 {
		t.Errorf("later %q", got)
	}
}

// TestWhatTheServiceMayHaveIsNotFolded: it would come again under another name.
func TestWhatTheServiceMayHaveIsNotFolded(t *testing.T) {
	g := newGroup(t, func(c *RoomConfig) { c.Limit, c.Burst = rate.Every(time.Second), 2 })
	g.begins()
	g.answers = func(channel.Message) error { return errors.New("the connection was cut off") }
	g.happen("r0", overdue(0))
	_, _ = g.turn()
	g.answers = nil
	for i := range 5 {
		g.happen(fmt.Sprint("more", i), overdue(i+1))
	}
	g.pass(time.Minute)
	g.must()
	if got := g.told(); len(got) != 2 || !strings.Contains(got[0], "db00") || !strings.HasPrefix(got[1], "5 events") {
		t.Errorf("%q", got)
	}
}

// TestARoomThatIsNotLetInWaits: nothing is lost until somebody has put it right; and what
// was asked too often is given the time that it asks for.
func TestARoomThatIsNotLetInWaits(t *testing.T) {
	g := newGroup(t)
	g.begins()
	g.happen("r1", overdue(1))
	for why, err := range map[string]error{denied: fmt.Errorf("%w: errcode 310000", channel.ErrDenied), unusable: errors.New("nobody listens there")} {
		g.answers = func(channel.Message) error { return err }
		if _, got := g.turn(); !errors.Is(got, err) {
			t.Errorf("%s: %v", why, got)
		}
		if n := testutil.ToFloat64(g.room.counts.failed.WithLabelValues(why)); n != 1 {
			t.Errorf("%s: counted %v", why, n)
		}
	}
	g.answers = func(channel.Message) error { return &channel.Later{After: time.Minute} }
	again := g.must()
	if in := again.Sub(g.clock()); in < 50*time.Second || in > time.Minute {
		t.Errorf("again in %v", in)
	}
	g.answers = nil
	g.must()
	if got := g.told(); len(got) > 0 {
		t.Errorf("within the pause: %q", got)
	}
	if n := testutil.ToFloat64(g.room.counts.waiting); n != 1 {
		t.Errorf("%v wait", n)
	}
	g.pass(time.Minute)
	g.must()
	if got := g.told(); len(got) != 1 {
		t.Errorf("after it: %q", got)
	}
}

// TestARefusedMessageIsToldInTheShortestForm: services have filters of words, and what is
// special is not lost to one.
func TestARefusedMessageIsToldInTheShortestForm(t *testing.T) {
	g := newGroup(t)
	g.begins()
	g.answers = func(m channel.Message) error {
		if strings.Contains(m.Title, "access of") {
			return fmt.Errorf("%w: errcode 430104", channel.ErrRefused)
		}
		return nil
	}
	g.happen("r1", custody.PersonDisabled{Person: "tech-a"})
	g.must()
	g.mu.Lock()
	if len(g.took) != 1 || g.took[0].Title != "1 event" || !slices.Equal(g.took[0].Lines, []string{"Grade: serious. Entry 1 of the ledger, 2026-03-02 12:00 UTC."}) {
		t.Errorf("%+v", g.took)
	}
	g.mu.Unlock()
	g.told()
	g.answers = func(channel.Message) error { return fmt.Errorf("%w: status 400", channel.ErrRefused) }
	g.happen("r2", custody.PersonDisabled{Person: "tech-b"})
	g.must()
	if n := testutil.ToFloat64(g.room.counts.failed.WithLabelValues(refused)); n != 3 || len(g.room.queue) != 0 {
		t.Errorf("refused %v, and %d wait", n, len(g.room.queue))
	}
}

// TestOnlySpecialEventsAreToldLate: the others stand in the ledger.
func TestOnlySpecialEventsAreToldLate(t *testing.T) {
	for _, read := range []bool{false, true} { // before a long stop, or after it
		g := newGroup(t)
		g.begins()
		g.answers = func(channel.Message) error { return errors.New("nobody listens there") }
		g.happen("r1", overdue(1))
		g.happen("r2", custody.LedgerConflict{Witness: "w"})
		if read {
			_, _ = g.turn()
		}
		g.answers = nil
		g.pass(48 * time.Hour)
		g.must()
		if got := g.told(); len(got) != 1 || !strings.HasPrefix(got[0], "SPECIAL") {
			t.Errorf("told %q", got)
		}
		if n := testutil.ToFloat64(g.room.counts.failed.WithLabelValues(tooOld)); n != 1 {
			t.Errorf("%v too old", n)
		}
	}
}

// TestWhomAPageHasReachedIsEntered: who is asked, and reads the room by a configuration in
// force; nobody else, for no other message, and not when it was not taken.
func TestWhomAPageHasReachedIsEntered(t *testing.T) {
	for name, c := range map[string]struct {
		reaches []string
		fails   bool
		fact    custody.Fact
		want    []string
	}{
		"the holder and an approver": {[]string{"tech-a", "manager"}, false, custody.EmergencyRequested{Emergency: "emergency-1", Credential: "db01", For: "tech-b"}, []string{"manager", "tech-a"}},
		"whoever has no part in it":  {[]string{"auditor", "admin"}, false, custody.EmergencyRequested{Emergency: "emergency-1", Credential: "db01", For: "tech-b"}, nil},
		"who left":                   {[]string{"nobody"}, false, custody.EmergencyRequested{Emergency: "emergency-1", Credential: "db01", For: "tech-b"}, nil},
		"not in force":               {nil, false, custody.EmergencyRequested{Emergency: "emergency-1", Credential: "db01", For: "tech-b"}, nil},
		"not taken":                  {[]string{"tech-a"}, true, custody.EmergencyRequested{Emergency: "emergency-1", Credential: "db01", For: "tech-b"}, nil},
		"another message":            {[]string{"tech-a"}, false, overdue(1), nil},
		"granted":                    {[]string{"tech-a"}, false, custody.EmergencyGranted{Emergency: "emergency-1", Credential: "db01", For: "tech-b"}, nil},
	} {
		g := newGroup(t)
		for i := range g.people {
			g.people[i].Disabled = g.people[i].Username == "nobody"
		}
		g.reaches, g.terms.Read = c.reaches, true
		g.begins()
		if c.fails {
			g.answers = func(channel.Message) error { return errors.New("no") }
		}
		g.happen("r1", c.fact)
		_, _ = g.turn()
		var got []string
		for _, p := range g.paged {
			if p[0] != "emergency-1" || p[2] != "ops" {
				t.Errorf("%s: %v", name, p)
			}
			got = append(got, p[1])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: entered for %v, want %v", name, got, c.want)
		}
	}
}

// TestAGroupIsToldThatTheLedgerIsSuspect, once, and nothing of what the ledger says then.
func TestAGroupIsToldThatTheLedgerIsSuspect(t *testing.T) {
	suspect := make(chan struct{})
	g := newGroup(t, func(c *RoomConfig) { c.Suspect = suspect })
	g.terms.Grades = nil
	g.begins()
	close(suspect)
	g.happen("r1", custody.RecoverySought{Person: "admin"})
	g.must()
	g.must()
	if got := g.told(); !slices.Equal(got, []string{"SPECIAL: Tandem has stopped, its ledger is suspect"}) {
		t.Errorf("%q", got)
	}
}

// TestAWholeRoom: an event in the ledger becomes a message in a room of the service.
func TestAWholeRoom(t *testing.T) {
	server := channeltest.Start(t, "feishu")
	sender, err := channel.New(channel.Config{Kind: channel.Feishu, URL: custody.SecretString(server.URL), Secret: custody.SecretString(server.Secret), Roots: server.Roots})
	if err != nil {
		t.Fatal(err)
	}
	g := newGroup(t, func(c *RoomConfig) {
		c.Send = func(ctx context.Context, m channel.Message) ([]string, error) { return nil, sender.Send(ctx, m) }
	})
	g.terms.Language = "zh"
	g.begins()
	g.happen("r1", overdue(1))
	g.must()
	want := "[Tandem] 严重：db01 逾期未改密\n级别：严重。交接台账第 1 条，2026-03-02 12:00 UTC。\nhttps://tandem.example/credentials/db01"
	if got := server.Next(t).Text; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestWhatAsksInAnEmergencyGoesFirst, before what has waited longer.
func TestWhatAsksInAnEmergencyGoesFirst(t *testing.T) {
	g := newGroup(t, func(c *RoomConfig) { c.Limit, c.Burst = rate.Every(10*time.Second), 1 })
	g.terms.Read = true
	g.begins()
	g.answers = func(channel.Message) error { return errors.New("the connection was cut off") }
	g.happen("r1", overdue(1))
	_, _ = g.turn()
	g.answers = nil
	g.happen("asked", custody.EmergencyRequested{Emergency: "emergency-1", Credential: "db01", For: "tech-b"})
	for _, want := range []string{"EMERGENCY: ", "Serious: "} {
		g.pass(10 * time.Second)
		g.must()
		if got := g.told(); len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("told %q, want %s", got, want)
		}
	}
}
