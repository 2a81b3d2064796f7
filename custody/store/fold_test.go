package store

import (
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// wander draws a command that may make sense now.
func (s *scribe) wander(t *rapid.T, d *draft) step {
	people := []string{"tech-a", "tech-b", "tech-c"}
	actor := rapid.SampledFrom(people).Draw(t, "actor")
	name := rapid.SampledFrom([]string{"db01", "web01"}).Draw(t, "credential")
	handover := fmt.Sprintf("handover-%d", rapid.Int64Range(max(1, d.state.Handovers-2), max(1, d.state.Handovers)).Draw(t, "handover"))
	c, _ := d.state.Credential(name)
	id := custody.RotationID{Credential: name, Number: c.Rotation.Number}
	if c.Phase == custody.Rotating && rapid.IntRange(0, 2).Draw(t, "worker") > 0 {
		reports := map[custody.RotationStep]custody.Action{
			custody.StepPending:  custody.ReportStaged{Rotation: id},
			custody.StepStaged:   custody.ReportApplied{Rotation: id},
			custody.StepApplied:  custody.ReportVerified{Rotation: id, OldRefused: true},
			custody.StepVerified: custody.ReportPromoted{Rotation: id, Version: c.Version + 1},
		}
		if rapid.IntRange(0, 5).Draw(t, "fails") == 0 {
			return step{custody.System, custody.ReportFailed{Rotation: id, Failure: "unreachable", NextTry: s.now.Add(time.Minute)}}
		}
		return step{custody.System, reports[c.Rotation.Step]}
	}
	return step{actor, rapid.SampledFrom([]custody.Action{
		custody.CheckOut{Credential: name, Purpose: desk.NewNote("ticket 4711")},
		custody.CheckIn{Credential: name},
		custody.Offer{All: true, Leave: rapid.Bool().Draw(t, "leave"), Reason: desk.NewNote("leaving \"early\", 午饭"), ExpectedReturn: s.now.Add(8 * time.Hour)},
		custody.Offer{Credentials: []string{name}, Reason: desk.NewNote("lunch")},
		custody.Accept{Handover: handover},
		custody.Accept{Handover: handover},
		custody.Decline{Handover: handover, Reason: desk.NewNote("no")},
		custody.Cancel{Handover: handover},
		custody.GiveBack{Handover: handover},
		custody.GiveBack{Handover: handover},
		custody.GoAway{Until: s.now.Add(time.Hour), Reason: desk.NewNote("dentist")},
		custody.ComeBack{TakeBack: rapid.Bool().Draw(t, "take back")},
		custody.RequestRotation{Credential: name, Reason: desk.NewNote("age")},
		custody.SignIn{},
		custody.SignOut{},
	}).Draw(t, "action")}
}

// random writes batches of random commands, with time passing in between.
func (s *scribe) random(t *testing.T, rt *rapid.T, batches int) {
	for range batches {
		s.now = s.now.Add(time.Duration(rapid.IntRange(0, 5).Draw(rt, "hours")) * time.Hour / 2)
		d := s.draft()
		if err := s.decide(d, step{custody.System, custody.Tick{}}); err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 12).Draw(rt, "commands") {
			if err := s.decide(d, s.wander(rt, d)); err != nil {
				rt.Fatal(err)
			}
		}
		if err := s.commit(t.Context(), d); err != nil {
			rt.Fatal(err)
		}
	}
}

// TestLoadIsTheFold: what a start reads from the tables is what folding the
// whole ledger gives, and a rebuild leaves every byte of every table as it was.
func TestLoadIsTheFold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newOffice(t)
		s.random(t, rt, rapid.IntRange(1, 25).Draw(rt, "batches"))

		folded := custody.NewState()
		for _, e := range s.events {
			custody.Apply(folded, e)
		}
		loaded, frontier, err := s.store.Load(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		// Until it is worked out afresh, the time when something is due may be
		// too early, and is not in the tables.
		folded.Reschedule()
		loaded.Reschedule()
		if !reflect.DeepEqual(folded, loaded) {
			rt.Fatalf("the tables give\n%+v\nand the ledger\n%+v", loaded, folded)
		}
		if !reflect.DeepEqual(frontier, s.frontier) {
			rt.Fatal("another tree was loaded than was written")
		}
		if err := s.store.Diff(t.Context()); err != nil {
			rt.Fatal(err)
		}
		before := dump(t, s.store)
		if err := s.store.Rebuild(t.Context()); err != nil {
			rt.Fatal(err)
		}
		if after := dump(t, s.store); after != before {
			rt.Fatalf("rebuilt\n%s\nbefore\n%s", after, before)
		}
		if err := s.store.Close(); err != nil {
			rt.Fatal(err)
		}
		os.Remove(s.path)
	})
}
