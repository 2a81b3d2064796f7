package web_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/api/web/gantt"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/store"
)

// shuffled answers as Queries may: in no order, and some entries more than once.
type shuffled struct{ *store.Store }

func shuffle(entries []desk.StoredEntry) []desk.StoredEntry {
	if len(entries) > 0 {
		entries = append(entries, entries[rand.IntN(len(entries))])
	}
	rand.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	return entries
}

func (q shuffled) EntriesAbout(ctx context.Context, about desk.AboutQuery) ([]desk.StoredEntry, []string, error) {
	entries, cut, err := q.Store.EntriesAbout(ctx, about)
	return shuffle(entries), cut, err
}

func (q shuffled) LatestAbout(ctx context.Context, credentials, types []string, before int64) ([]desk.StoredEntry, error) {
	entries, err := q.Store.LatestAbout(ctx, credentials, types, before)
	return shuffle(entries), err
}

// drawnAs are the words of the picture's table.
var drawnAs = map[string]gantt.Kind{
	"primary (A) holds it": gantt.Primary, "backup (B) holds it": gantt.Backup, "being changed": gantt.Rotation,
	"change overdue": gantt.Late, "return overdue": gantt.Overdue, "away": gantt.Away,
}

// stretch is a line of the table, or what the ledger says: in whole seconds.
type stretch struct {
	credential string
	kind       gantt.Kind
	who        string
	from, to   string
}

// TestThePictureIsWhatTheLedgerSays, for random histories and windows, in whatever
// order the entries are found: above all, nobody is drawn as away who has returned.
func TestThePictureIsWhatTheLedgerSays(t *testing.T) {
	o := newOffice(t, func(c *setup) {
		c.Queries = shuffled{c.Queries.(*store.Store)}
		c.SignIns = edge.Limit{Every: time.Millisecond, Burst: 10_000} // the office's days pass in moments
	})
	began := o.Clock.Now()
	auditor, since := o.as("auditor", "en"), began
	requests := 0
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			who := rapid.SampledFrom([]string{"tech-a", "tech-b"}).Draw(rt, "who")
			open, err := o.Store.Handovers(t.Context(), desk.HandoverQuery{Status: []custody.HandoverStatus{custody.Offered, custody.Accepted}})
			if err != nil {
				rt.Fatal(err)
			}
			actions := []custody.Action{
				custody.GoAway{}, custody.ComeBack{}, custody.ComeBack{TakeBack: true},
				custody.Offer{All: true, Leave: true, Reason: desk.NewNote("course"), ExpectedReturn: o.Clock.Now().Add(5 * time.Hour)},
				custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("course")},
			}
			for _, h := range open {
				actions = append(actions, custody.Accept{Handover: h.ID}, custody.GiveBack{Handover: h.ID}, custody.Cancel{Handover: h.ID})
			}
			requests++
			_, err = o.Desk.Do(t.Context(), desk.By{Actor: who, Request: fmt.Sprint("random-", requests), Code: o.Code(who)}, rapid.SampledFrom(actions).Draw(rt, "action"))
			if err != nil && custody.CodeOf(err) == "" {
				rt.Fatal(err) // a refusal is part of the history
			}
			o.Clock.Add(time.Duration(rapid.IntRange(0, 10*60).Draw(rt, "minutes")) * time.Minute)
			o.Must(custody.System, custody.Tick{})
			for _, name := range []string{"db01", "db02"} {
				if o.Credential(name).Phase == custody.Rotating && rapid.Bool().Draw(rt, "changed") {
					o.Rotate(name)
				}
			}
		}
		days := int(o.Clock.Now().Sub(began)/(24*time.Hour)) + 2
		day := began.AddDate(0, 0, rapid.IntRange(-1, days).Draw(rt, "day"))
		path := "/custody?at=" + day.Format(time.DateOnly) + "&range=" + rapid.SampledFrom([]string{"day", "week", "quarter"}).Draw(rt, "range")
		if o.Clock.Now().Sub(since) > 10*time.Minute { // that a log-in lies idle is another matter
			auditor, since = o.as("auditor", "en"), o.Clock.Now()
		}
		p := auditor.get(path)
		if p.status != http.StatusOK {
			rt.Fatalf("%s: %d %s", path, p.status, p.text())
		}
		var w gantt.Window
		for _, r := range gantt.Ranges {
			if strings.HasSuffix(path, string(r)) {
				w = r.Around(day)
			}
		}
		shown, told := stretches(rt, p), o.told(rt, w)
		if !slices.Equal(shown, told) {
			rt.Fatalf("%s shows\n%v\nthe ledger says\n%v", path, shown, told)
		}
	})
}

// stretches reads the picture's table.
func stretches(t *rapid.T, p answer) (all []stretch) {
	root, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		t.Fatal(err)
	}
	for row := range root.Descendants() {
		if row.Data != "tr" {
			continue
		}
		var texts, times []string
		for n := range row.Descendants() {
			if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
				texts = append(texts, strings.TrimSpace(n.Data))
			}
			if n.Data == "time" {
				times = append(times, attr(n, "datetime"))
			}
		}
		if len(times) != 2 {
			continue
		}
		s := stretch{credential: texts[0], from: times[0], to: times[1]}
		for _, text := range texts[1:] {
			if kind, is := drawnAs[text]; is {
				s.kind = kind
			}
			if strings.HasPrefix(text, "tech-") {
				s.who = text
			}
		}
		all = append(all, s)
	}
	return arranged(all)
}

// told works out the same from every entry of the ledger, by the rules' own state.
func (o *office) told(t *rapid.T, w gantt.Window) (all []stretch) {
	state, now := custody.NewState(), map[stretch]time.Time{} // since when something is so
	end := w.To
	if o.Clock.Now().Before(end) {
		end = o.Clock.Now()
	}
	over := func(what stretch, from, to time.Time) {
		if from.Before(w.From) {
			from = w.From
		}
		if to.After(end) {
			to = end
		}
		if from.Before(to) {
			what.from, what.to = from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339)
			all = append(all, what)
		}
	}
	size := o.Size()
	err := o.Store.Records(t.Context(), 0, size, func(_ int64, record []byte) error {
		entry, err := audit.DecodeEntry(record)
		if err != nil {
			return err
		}
		e, err := custody.FromRecord(entry)
		if err != nil {
			return err
		}
		if err := custody.Replay(state, e); err != nil {
			return err
		}
		so := map[stretch]bool{}
		for c := range state.Credentials() {
			for _, person := range []string{c.Primary, c.Backup} {
				if p, _ := state.Person(person); p.Away {
					so[stretch{credential: c.Name, kind: gantt.Away, who: person}] = true
				}
			}
			h, _ := state.Handover(c.Handover)
			s := stretch{credential: c.Name, who: c.Holder}
			switch {
			case c.Phase == custody.Rotating && c.Rotation.Overdue:
				s.kind = gantt.Late
			case c.Phase == custody.Rotating:
				s.kind = gantt.Rotation
			case h.Overdue:
				s.kind = gantt.Overdue
			case c.Holder == c.Primary:
				s.kind = gantt.Primary
			default:
				s.kind = gantt.Backup
			}
			so[s] = true
		}
		for what, since := range now {
			if !so[what] {
				over(what, since, e.Time)
				delete(now, what)
			}
		}
		for what := range so {
			if _, already := now[what]; !already {
				now[what] = e.Time
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for what, since := range now {
		over(what, since, end)
	}
	return arranged(all)
}

func arranged(all []stretch) []stretch {
	slices.SortFunc(all, func(a, b stretch) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return all
}
