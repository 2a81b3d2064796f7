package gantt_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-custody/tandem/api/web/gantt"
	"github.com/tandem-custody/tandem/custody"
)

var update = flag.Bool("update", false, "write the golden files anew")

var shanghai = time.FixedZone("CST", 8*60*60)

// monday is when the stories begin.
var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, shanghai)

var words = gantt.Words{
	Title: "Custody", Description: "As in the table.",
	Primary: "primary", Backup: "backup", Rotation: "rotation", Late: "late", Overdue: "overdue", Away: "away", Refused: "refused", Drifted: "drifted", Now: "now",
}

var pair = []custody.Credential{
	{Name: "db01", Primary: "tech-a", Backup: "tech-b", Drifted: monday.Add(64 * time.Hour).UTC()},
	{Name: "db02", Primary: "tech-b", Backup: "tech-a"},
}

// at gives an event some hours after monday.
func at(hours float64, actor string, fact custody.Fact) custody.Event {
	return custody.Event{Time: monday.Add(time.Duration(hours * float64(time.Hour))).UTC(), Actor: actor, Fact: fact}
}

// story: both are in custody from before the week. tech-a goes out and hands db01
// over, comes back late, and the rotation after the return takes too long. Then
// somebody changes its password past Tandem.
var story = []custody.Event{
	at(-50, "admin", custody.CredentialAdded{Credential: "db01", Primary: "tech-a", Backup: "tech-b", Successor: "tech-a"}),
	at(-50, "admin", custody.CredentialAdded{Credential: "db02", Primary: "tech-b", Backup: "tech-a", Successor: "tech-b"}),
	at(-49.9, custody.System, custody.RotationPromoted{Credential: "db01", Holder: "tech-a"}),
	at(-49.9, custody.System, custody.RotationPromoted{Credential: "db02", Holder: "tech-b"}),
	at(9, "tech-a", custody.HandoverOffered{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: []string{"db01"}}),
	at(10, "tech-b", custody.HandoverAccepted{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: []string{"db01"}}),
	at(10, "tech-b", custody.PersonAway{Person: "tech-a"}),
	at(11, "tech-a", custody.CommandRefused{Command: "checkout", On: "db01", Code: custody.NotHolder}),
	at(34, custody.System, custody.HandoverOverdue{Handover: "handover-1"}),
	at(50, "tech-a", custody.PersonPresent{Person: "tech-a"}),
	at(50, "tech-a", custody.HandoverReturned{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: []string{"db01"}}),
	at(51, custody.System, custody.RotationOverdue{Credential: "db01"}),
	at(60, custody.System, custody.RotationPromoted{Credential: "db01", Holder: "tech-a"}),
	at(70, "tech-b", custody.PersonAway{Person: "tech-b"}),
	at(72, "admin", custody.CredentialRetired{Credential: "db02"}),
	at(200, "tech-a", custody.RotationStarted{Credential: "db01"}),
}

func TestFold(t *testing.T) {
	w, now := gantt.Week.Around(monday), monday.Add(80*time.Hour)
	rows := gantt.Fold(w, now, pair, slices.Values(story))
	if got, want := describe(rows), `
db01
  primary tech-a 03-02 00:00 - 03-02 10:00 open
  backup tech-b 03-02 10:00 - 03-03 10:00
  away tech-a 03-02 10:00 - 03-04 02:00
  refused tech-a 03-02 11:00 - 03-02 11:00 not_holder
  overdue tech-b 03-03 10:00 - 03-04 02:00
  rotation  03-04 02:00 - 03-04 03:00
  late  03-04 03:00 - 03-04 12:00
  primary tech-a 03-04 12:00 - 03-05 08:00 open
  drifted  03-04 16:00 - 03-05 08:00 open
  away tech-b 03-04 22:00 - 03-05 08:00 open
db02
  primary tech-b 03-02 00:00 - 03-05 00:00 open
  away tech-a 03-02 10:00 - 03-04 02:00
  away tech-b 03-04 22:00 - 03-05 08:00 open
`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func describe(rows []gantt.Row) string {
	var out strings.Builder
	out.WriteString("\n")
	for _, r := range rows {
		fmt.Fprintln(&out, r.Credential)
		for _, s := range r.Lines() {
			line := fmt.Sprintf("  %s %s %s - %s", s.Kind, s.Who, s.From.Format("01-02 15:04"), s.To.Format("01-02 15:04"))
			if s.Open {
				line += " open"
			}
			if s.Code != "" {
				line += " " + string(s.Code)
			}
			fmt.Fprintln(&out, line)
		}
	}
	return out.String()
}

func TestGolden(t *testing.T) {
	for _, r := range gantt.Ranges {
		t.Run(string(r), func(t *testing.T) {
			now := monday.Add(80 * time.Hour)
			w := r.Around(monday.Add(30 * time.Hour))
			got := string(gantt.Draw(w, now, gantt.Fold(w, now, pair, slices.Values(story)), words))
			wellFormed(t, got)
			file := filepath.Join("testdata", string(r)+".svg")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the chart is not %s (see -update)", file)
			}
		})
	}
}

// wellFormed fails on what is no XML, and on what a strict
// Content-Security-Policy would leave out.
func wellFormed(t *testing.T, svg string) (texts []string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		if err != nil {
			t.Fatalf("%v in %.2000s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if !slices.Contains([]string{"svg", "title", "desc", "defs", "pattern", "rect", "circle", "path", "text"}, token.Name.Local) {
				t.Errorf("an element %s", token.Name.Local)
			}
			for _, a := range token.Attr {
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("an attribute %s", a.Name.Local)
				}
			}
		case xml.CharData:
			texts = append(texts, string(token))
		}
	}
}

func TestNamesAreOnlyText(t *testing.T) {
	for _, name := range []string{`<script>alert(1)</script>`, `"><b>`, "\u202egnp.exe", "a\u2069b", "אבג", "&lt;"} {
		w := gantt.Day.Around(monday)
		c := custody.Credential{Name: name, Primary: name, Backup: "tech-b"}
		rows := gantt.Fold(w, w.To, []custody.Credential{c}, slices.Values([]custody.Event{
			at(1, "x", custody.RotationPromoted{Credential: name, Holder: name}),
		}))
		mine := words
		mine.Title = name
		svg := string(gantt.Draw(w, w.To, rows, mine))
		texts := strings.Join(wellFormed(t, svg), "\n")
		shown := strings.NewReplacer("\u202e", "", "\u2069", "").Replace(name)
		if !strings.Contains(strings.ReplaceAll(texts, "\u2069", ""), shown) || strings.Contains(svg, "\u202e") {
			t.Errorf("%q is shown as %q", name, texts)
		}
		if strings.Count(svg, "\u2068") != strings.Count(svg, "\u2069") {
			t.Errorf("%q turns the writing of the rest", name)
		}
	}
}

func TestAround(t *testing.T) {
	for _, test := range []struct {
		r        gantt.Range
		at       string
		from, to string
	}{
		{gantt.Day, "2026-03-02 00:00", "2026-03-02", "2026-03-03"},
		{gantt.Day, "2026-12-31 23:59", "2026-12-31", "2027-01-01"},
		{gantt.Week, "2026-03-02 00:00", "2026-03-02", "2026-03-09"},
		{gantt.Week, "2026-03-01 23:59", "2026-02-23", "2026-03-02"},
		{gantt.Quarter, "2026-03-31 12:00", "2026-01-01", "2026-04-01"},
		{gantt.Quarter, "2026-12-01 12:00", "2026-10-01", "2027-01-01"},
		{"nonsense", "2026-03-04 12:00", "2026-03-02", "2026-03-09"},
	} {
		instant, err := time.ParseInLocation("2006-01-02 15:04", test.at, shanghai)
		if err != nil {
			t.Fatal(err)
		}
		w := test.r.Around(instant)
		if from, to := w.From.Format(time.DateOnly), w.To.Format(time.DateOnly); from != test.from || to != test.to {
			t.Errorf("%s around %s: %s to %s", test.r, test.at, from, to)
		}
		if b, a := w.Range.Around(w.Before()), w.Range.Around(w.After()); !b.To.Equal(w.From) || !a.From.Equal(w.To) {
			t.Errorf("%s around %s: the windows beside it are %v and %v", test.r, test.at, b, a)
		}
	}
}

// TestClocksChange: a day of 23 hours is drawn as one, and both zones are named.
func TestClocksChange(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err) // Go brings the zones itself
	}
	w := gantt.Day.Around(time.Date(2026, 3, 29, 12, 0, 0, 0, berlin))
	if w.To.Sub(w.From) != 23*time.Hour || w.Zone() != "UTC+01:00 / UTC+02:00" {
		t.Errorf("%v, %s", w.To.Sub(w.From), w.Zone())
	}
	if svg := string(gantt.Draw(w, w.From, nil, words)); !strings.Contains(svg, ">03:00<") || !strings.Contains(svg, "UTC+01:00 / UTC+02:00") {
		t.Errorf("the axis: %s", svg)
	}
}

// TestSpans: whatever happened, in whatever order, the spans of a row are in the
// window, in order, and no two overlap.
func TestSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.SampledFrom(gantt.Ranges).Draw(t, "range").Around(monday)
		now := monday.Add(time.Duration(rapid.IntRange(-100, 3000).Draw(t, "now")) * time.Hour)
		var events []custody.Event
		hour := -200.0
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			hour += rapid.Float64Range(0, 40).Draw(t, "pause")
			events = append(events, at(hour, "tech-a", anyFact(t)))
		}
		end := w.To
		if now.Before(end) {
			end = now
		}
		for _, row := range gantt.Fold(w, now, pair, slices.Values(events)) {
			for name, spans := range map[string][]gantt.Span{"custody": row.Custody, "refused": row.Refused, "tech-a": ofPerson(row.Away, "tech-a"), "tech-b": ofPerson(row.Away, "tech-b")} {
				last := w.From
				for _, s := range spans {
					if s.From.Before(last) || s.To.After(end) || s.To.Before(s.From) || s.From.Equal(s.To) != (s.Kind == gantt.Refused) {
						t.Fatalf("%s of %s: %+v after %v, before %v", name, row.Credential, s, last, end)
					}
					last = s.To
				}
			}
		}
	})
}

func ofPerson(spans []gantt.Span, who string) []gantt.Span {
	return slices.DeleteFunc(slices.Clone(spans), func(s gantt.Span) bool { return s.Who != who })
}

func anyFact(t *rapid.T) custody.Fact {
	name := rapid.SampledFrom([]string{"db01", "db02", "other"}).Draw(t, "credential")
	who := rapid.SampledFrom([]string{"tech-a", "tech-b"}).Draw(t, "who")
	id := rapid.SampledFrom([]string{"handover-1", "handover-2"}).Draw(t, "handover")
	names := []string{"db01", "db02"}
	return rapid.SampledFrom([]custody.Fact{
		custody.CredentialAdded{Credential: name}, custody.CredentialRetired{Credential: name},
		custody.RotationStarted{Credential: name}, custody.RotationOverdue{Credential: name},
		custody.RotationPromoted{Credential: name, Holder: who},
		custody.HandoverAccepted{Handover: id, To: who, Credentials: names}, custody.HandoverReturned{Handover: id, Credentials: names},
		custody.HandoverOverdue{Handover: id}, custody.PersonAway{Person: who}, custody.PersonPresent{Person: who},
		custody.CommandRefused{On: name, Code: custody.NotHolder},
	}).Draw(t, "fact")
}

// BenchmarkQuarter is 500 credentials for 90 days: each is handed over and back
// every other day, its password then changed, and everybody goes out as often.
func BenchmarkQuarter(b *testing.B) {
	w := gantt.Quarter.Around(monday)
	credentials, events := busyQuarter(w)
	var size int
	for b.Loop() {
		size = len(gantt.Draw(w, w.To, gantt.Fold(w, w.To, credentials, events), words))
	}
	b.ReportMetric(float64(size), "bytes")
}

func busyQuarter(w gantt.Window) ([]custody.Credential, iter.Seq[custody.Event]) {
	random := rand.New(rand.NewPCG(1, 2))
	var credentials []custody.Credential
	var events []custody.Event
	add := func(at time.Time, fact custody.Fact) {
		events = append(events, custody.Event{Time: at, Actor: "tech", Fact: fact})
	}
	for i := range 500 {
		name, id := fmt.Sprintf("credential-%03d", i), fmt.Sprintf("handover-%d", i)
		a, z := fmt.Sprintf("tech-%02d", i%40), fmt.Sprintf("tech-%02d", (i+1)%40)
		credentials = append(credentials, custody.Credential{Name: name, Primary: a, Backup: z})
		add(w.From.Add(-time.Hour), custody.RotationPromoted{Credential: name, Holder: a})
		for day := range 45 {
			start := w.From.Add(time.Duration(48*day+random.IntN(12)) * time.Hour)
			add(start, custody.HandoverAccepted{Handover: id, From: a, To: z, Credentials: []string{name}})
			add(start.Add(time.Hour), custody.CommandRefused{On: name, Code: custody.NotHolder})
			add(start.Add(9*time.Hour), custody.HandoverReturned{Handover: id, Credentials: []string{name}})
			add(start.Add(10*time.Hour), custody.RotationPromoted{Credential: name, Holder: a})
		}
	}
	for person := range 40 {
		for day := range 45 {
			start := w.From.Add(time.Duration(48*day) * time.Hour)
			add(start, custody.PersonAway{Person: fmt.Sprintf("tech-%02d", person)})
			add(start.Add(20*time.Hour), custody.PersonPresent{Person: fmt.Sprintf("tech-%02d", person)})
		}
	}
	slices.SortStableFunc(events, func(a, b custody.Event) int { return a.Time.Compare(b.Time) })
	return credentials, slices.Values(events)
}
