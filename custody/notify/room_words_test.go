package notify

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/notify/channel"
	"github.com/tandem-custody/tandem/custody/words"
)

var updateMessages = flag.Bool("update-messages", false, "write testdata/messages.*.txt as they are now: read what changed before it is committed")

// roomIn is a room of an office in which everybody is called what they are.
func roomIn(language string, grades ...custody.Grade) *Room {
	r := NewRoom(RoomConfig{
		Name: "ops", Directory: parted{}, Origin: "ledger.test", URL: "https://tandem.example", Zone: time.UTC, Now: func() time.Time { return noon },
		Log: slog.New(slog.DiscardHandler), Limit: 1, Burst: 1,
	})
	r.terms = Terms{Grades: grades, Language: language, Read: true}
	return r
}

var everyGrade = []custody.Grade{custody.Ordinary, custody.Serious, custody.Special}

// messageAbout gives what a room is told of one event; false: nothing.
func messageAbout(t *testing.T, r *Room, e custody.Event) (channel.Message, bool) {
	t.Helper()
	if !r.wants(e) {
		return channel.Message{}, false
	}
	m, err := r.write(t.Context(), []indexed{{e, 7}})
	if err != nil {
		t.Fatalf("%s: %v", e.Fact.Type(), err)
	}
	return m.Message, true
}

// TestMessagesToRooms compares what a room is told of each kind of entry, in both
// languages, with testdata/messages.*.txt.
func TestMessagesToRooms(t *testing.T) {
	for _, language := range words.Languages {
		var all strings.Builder
		r := roomIn(language, custody.Serious, custody.Special)
		for _, kind := range custody.EntryTypes() {
			seen := map[string]bool{}
			for _, v := range variants(custody.FactOf(kind)) {
				m, is := messageAbout(t, r, custody.Event{Time: noon, Actor: "actor", Request: "r", Fact: v.fact})
				said := fmt.Sprintf("%s\n%s\n%s\n", m.Title, strings.Join(m.Lines, "\n"), m.Link)
				if !is || seen[said] {
					continue
				}
				seen[said] = true
				fmt.Fprintf(&all, "== %s %s\n%s", kind, v.where, said)
			}
		}
		many := &told{kinds: map[string]int{"rotation.overdue": 300, "person.locked": 1}}
		many.Grade, many.First, many.Last, many.At = custody.Serious, 7, 310, noon
		if err := r.summarize(many); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "== a burst\n%s\n%s\n%s\n", many.Title, strings.Join(many.Lines, "\n"), many.Link)
		try, err := TestMessage("ops", language, "https://tandem.example")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "== tandem channel test ops\n%s\n%s\n%s\n", try.Title, strings.Join(try.Lines, "\n"), try.Link)
		path := "testdata/messages." + language + ".txt"
		if *updateMessages {
			if err := os.WriteFile(path, []byte(all.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if all.String() != string(want) {
			t.Errorf("%s is not what rooms are told; read what differs, then: go test ./custody/notify -run TestMessagesToRooms -update-messages\n%s", path, firstDifference(all.String(), string(want)))
		}
	}
}

// marked fills every text that somebody could have written with a mark.
func marked(fact custody.Fact) custody.Fact {
	v := reflect.New(reflect.TypeOf(fact)).Elem()
	v.Set(reflect.ValueOf(fact))
	for i := range v.NumField() {
		if v.Field(i).Type() == reflect.TypeFor[custody.Note]() {
			v.Field(i).Set(reflect.ValueOf(desk.NewNote("MARKED by somebody")))
		}
	}
	return v.Interface().(custody.Fact)
}

// markedNames is an office whose texts are all marked, and in which a proposal says more.
type markedNames struct{ parted }

func (markedNames) Texts(context.Context, []custody.Note) (map[string]custody.Words, error) {
	panic("a room's message looks up what somebody wrote")
}

func (m markedNames) Proposal(ctx context.Context, id string) (custody.Proposal, error) {
	p, err := m.parted.Proposal(ctx, id)
	p.Reason = desk.NewNote("MARKED by somebody")
	return p, err
}

// TestNothingThatSomebodyWroteReachesARoom: no purpose, no reason, no address, of any kind
// of entry; and no message speaks to one person.
func TestNothingThatSomebodyWroteReachesARoom(t *testing.T) {
	personal := regexp.MustCompile(`(?i)\byou|您|你`)
	for _, language := range words.Languages {
		r := roomIn(language, everyGrade...)
		r.Directory = markedNames{}
		r.tells.Directory = markedNames{}
		said := 0
		for _, kind := range custody.EntryTypes() {
			for _, v := range variants(custody.FactOf(kind)) {
				m, is := messageAbout(t, r, custody.Event{Time: noon, Actor: "actor", Request: "r", Fact: marked(v.fact)})
				if !is {
					continue
				}
				said++
				whole := fmt.Sprintf("%+v", m)
				if strings.Contains(whole, "MARKED") || strings.Contains(whole, "their address") || strings.Contains(whole, "<no value>") || m.Title == "" || m.Link == "" {
					t.Errorf("%s %s: %s", kind, v.where, whole)
				}
				if personal.MatchString(m.Title) {
					t.Errorf("%s %s speaks to one person: %s", kind, v.where, m.Title)
				}
			}
		}
		if said < 60 {
			t.Errorf("only %d messages in %s", said, language)
		}
	}
}

// TestOneDeedIsOneMessage: an emergency of several credentials is asked about once, and
// says who asks.
func TestOneDeedIsOneMessage(t *testing.T) {
	r := roomIn("en", custody.Serious)
	var deed []indexed
	for i := range 14 {
		deed = append(deed, indexed{custody.Event{Time: noon, Actor: "actor", Request: "r", Fact: custody.EmergencyRequested{Emergency: "emergency-1", Credential: fmt.Sprintf("db%02d", i), For: "actor"}}, int64(7 + i)})
	}
	m, err := r.write(t.Context(), deed)
	if err != nil {
		t.Fatal(err)
	}
	if m.Title != "EMERGENCY: actor (actor) asks for db00" || m.Link != "https://tandem.example/emergencies/emergency-1" || m.First != 7 || m.Last != 20 ||
		len(m.Lines) != 12 || m.Lines[8] != "EMERGENCY: actor (actor) asks for db09" || m.Lines[9] != "And 4 more; the ledger has them." || m.Lines[10] != "by actor (actor)" {
		t.Errorf("%+v", m.Message)
	}
}

// TestWhatIsSaidToOnePersonIsNotSaidToAGroup: the words for others are chosen, wherever they
// stand; and where there are none, none.
func TestWhatIsSaidToOnePersonIsNotSaidToAGroup(t *testing.T) {
	w := writer{Follower: roomIn("en").tells, Voice: words.In("en")}
	own := notice{to: "person", kind: "email_to", address: "person@example.org"}
	for name, c := range map[string]struct {
		notices []notice
		want    string
	}{
		"the words for others, behind":   {[]notice{{kind: "locked"}, {kind: "locked_other"}}, "locked_other"},
		"before":                         {[]notice{{kind: "locked_other"}, {kind: "locked"}}, "locked_other"},
		"nobody is told them":            {[]notice{{kind: "locked"}}, ""},
		"at one person's address":        {[]notice{own}, ""},
		"at one's address, and in words": {[]notice{own, {kind: "roles"}}, "roles"},
		"the first of several":           {[]notice{{kind: "emergency_over"}, {kind: "emergency_review"}}, "emergency_over"},
		"nobody":                         {nil, ""},
	} {
		if got, found := forGroup(c.notices, w); got.kind != c.want || found != (c.want != "") {
			t.Errorf("%s: %q, want %q", name, got.kind, c.want)
		}
	}
}
