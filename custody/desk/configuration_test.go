package desk_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// configured is what a process was given: what it is told at the next look.
type configured struct{ settings []desk.Setting }

func (c *configured) now() []desk.Setting { return c.settings }

func (c *configured) is(pairs ...string) {
	c.settings = nil
	for i := 0; i < len(pairs); i += 2 {
		c.settings = append(c.settings, desk.Setting{Key: pairs[i], Said: "says " + pairs[i+1], Whole: []byte(pairs[i+1])})
	}
}

// foundedWith is a founded office whose process was given some settings.
func foundedWith(t *testing.T, pairs ...string) (*office, *configured) {
	t.Helper()
	c := &configured{}
	c.is(pairs...)
	o := newOffice(t, func(config *desk.Config) { config.Settings = c.now })
	o.Approvers()
	f, err := o.Desk.Founding(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"manager", "director"} {
		o.Must(who, custody.ConfirmFounding{Digest: f.Digest})
	}
	return o, c
}

func (o *office) pendingIn(d *desk.Desk) desk.Configuration {
	o.T.Helper()
	c, err := d.ConfigurationSaid(o.T.Context(), o.Person("manager"))
	if err != nil {
		o.T.Fatal(err)
	}
	return c
}

// TestAStartWithAnotherConfiguration is entered, once, and waits for a manager; the same
// one is not entered again, in whatever order it comes.
func TestAStartWithAnotherConfiguration(t *testing.T) {
	o, c := foundedWith(t, "notify", "mail", "dependents.app", "old")
	if c := o.pendingIn(o.Desk); c.Pending() || len(c.Seen) != 2 {
		t.Fatalf("the first one: %+v", c)
	}
	size := o.Size()
	c.is("dependents.app", "old", "notify", "mail")
	again := o.Open()
	if o.Size() != size {
		t.Errorf("the same one was entered: %q", o.Types(size))
	}
	if err := again.MayTell(t.Context(), "app"); err != nil {
		t.Errorf("what is in force gets no password: %v", err)
	}

	c.is("notify", "mail", "dependents.app", "new", "dependents.more", "new")
	changed := o.Open()
	if types := o.Types(size); !slices.Equal(types, []string{"service.started"}) {
		t.Fatalf("entered %q", types)
	}
	pending := o.pendingIn(changed)
	if !slices.Equal(pending.Changed(), []string{"dependents.app", "dependents.more"}) || !slices.Equal(pending.By, []string{"manager"}) {
		t.Errorf("%+v waits for %v", pending.Changed(), pending.By)
	}
	var before, after string
	for _, s := range pending.InForce {
		before += s.Key + " " + s.Said.String() + "\n"
	}
	for _, s := range pending.Seen {
		after += s.Key + " " + s.Said.String() + "\n"
	}
	if !strings.Contains(before, "dependents.app says old\n") || !strings.Contains(after, "dependents.app says new\n") {
		t.Errorf("before\n%safter\n%s", before, after)
	}
	for _, name := range []string{"app", "more"} {
		if err := changed.MayTell(t.Context(), name); !errors.Is(err, desk.ErrUnacknowledged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o.Desk = changed
	o.Must("manager", custody.AcknowledgeConfiguration{Digest: pending.Digest()})
	for _, name := range []string{"app", "more"} {
		if err := changed.MayTell(t.Context(), name); err != nil {
			t.Errorf("acknowledged, and %s gets no password: %v", name, err)
		}
	}
	if err := changed.MayTell(t.Context(), "third"); !errors.Is(err, desk.ErrUnacknowledged) {
		t.Errorf("one that is not configured: %v", err)
	}
}

// TestWhatChangesWhileAServerRuns is seen when it matters: right before a password is
// given.
func TestWhatChangesWhileAServerRuns(t *testing.T) {
	o, c := foundedWith(t, "dependents.app", "old")
	size := o.Size()
	c.is("dependents.app", "new")
	if err := o.Desk.MayTell(t.Context(), "app"); !errors.Is(err, desk.ErrUnacknowledged) {
		t.Errorf("%v", err)
	}
	if types := o.Types(size); !slices.Equal(types, []string{"service.started"}) || !o.Desk.Configuration().Pending() {
		t.Errorf("entered %q", types)
	}
	c.is("dependents.app", "old")
	if err := o.Desk.MayTell(t.Context(), "app"); err != nil || o.Desk.Configuration().Pending() {
		t.Errorf("put back: %v", err)
	}
}

// TestReplicasWithOneConfiguration have the same digests, and one that differs says so
// once and gets nothing, while the others go on.
func TestReplicasWithOneConfiguration(t *testing.T) {
	o, c := foundedWith(t, "dependents.app", "one")
	other := &configured{}
	other.is("dependents.app", "two")
	o.Config.Settings = other.now
	differs := o.Open()
	size := o.Size()
	for range 3 {
		if err := o.Desk.MayTell(t.Context(), "app"); err != nil {
			t.Fatalf("the one with what is in force: %v", err)
		}
		if err := differs.MayTell(t.Context(), "app"); !errors.Is(err, desk.ErrUnacknowledged) {
			t.Fatalf("the one that differs: %v", err)
		}
	}
	if o.Size() != size {
		t.Errorf("entered again and again: %q", o.Types(size))
	}
	o.Must("manager", custody.AcknowledgeConfiguration{Digest: o.pendingIn(o.Desk).Digest()})
	if err := differs.MayTell(t.Context(), "app"); err != nil {
		t.Errorf("acknowledged: %v", err)
	}
	if err := o.Desk.MayTell(t.Context(), "app"); !errors.Is(err, desk.ErrUnacknowledged) || !slices.Equal(o.Desk.Configuration().Here, []string{"dependents.app"}) {
		t.Errorf("the one that is behind by now: %v, %+v", err, o.Desk.Configuration().Here)
	}
	_ = c
}

// TestAProcessWithoutSettings gives nothing away where an installation has some on record.
func TestAProcessWithoutSettings(t *testing.T) {
	o := newOffice(t)
	if err := o.Desk.MayTell(t.Context(), "app"); err != nil {
		t.Errorf("where nothing is on record: %v", err)
	}
	o, _ = foundedWith(t, "dependents.app", "one")
	o.Config.Settings = nil
	if err := o.Open().MayTell(t.Context(), "app"); !errors.Is(err, desk.ErrUnacknowledged) {
		t.Errorf("where something is: %v", err)
	}
}

// TestTheDigestOfASettingSaysNothingOfIt: it is of a key that only the secret store has.
func TestTheDigestOfASettingSaysNothingOfIt(t *testing.T) {
	a, _ := foundedWith(t, "dependents.app", "https://hooks.example.org/?token=1234")
	b, _ := foundedWith(t, "dependents.app", "https://hooks.example.org/?token=1234")
	if a.pendingIn(a.Desk).Seen[0].Digest == b.pendingIn(b.Desk).Seen[0].Digest {
		t.Error("two installations have the same digest of one text: anybody can try texts")
	}
}

// TestTheRelayInForceIsKept, and is given to whoever runs with another one.
func TestTheRelayInForceIsKept(t *testing.T) {
	o, c := foundedWith(t, "notify", "one")
	if kept, other, err := o.Desk.Relay(t.Context(), "notify"); err != nil || other || !kept.IsZero() {
		t.Fatalf("before anything was kept: %v, %v", other, err)
	}
	for range 2 {
		if err := o.Desk.KeepRelay(t.Context(), custody.SecretString("by one")); err != nil {
			t.Fatal(err)
		}
	}
	if v, err := o.Secrets.Read(t.Context(), desk.RelayPath); err != nil || v.Version != 1 {
		t.Errorf("version %d, %v", v.Version, err)
	}
	c.is("notify", "two")
	if kept, other, err := o.Desk.Relay(t.Context(), "notify"); err != nil || !other || kept.Reveal() != "by one" {
		t.Errorf("after a change: %v, %v", other, err)
	}
	o.Must("manager", custody.AcknowledgeConfiguration{Digest: o.pendingIn(o.Desk).Digest()})
	if _, other, err := o.Desk.Relay(t.Context(), "notify"); err != nil || other {
		t.Errorf("acknowledged: %v, %v", other, err)
	}
	if err := o.Desk.KeepRelay(t.Context(), custody.SecretString("by two")); err != nil {
		t.Fatal(err)
	}
	if v, err := o.Secrets.Read(t.Context(), desk.RelayPath); err != nil || v.Value.Reveal() != "by two" {
		t.Errorf("%v", err)
	}
}

// TestWhatIsUsedIsInForceOrNot, whatever stands in the files by now: who puts another room
// into a file, has it read, and puts the first one back, has not put theirs in force.
func TestWhatIsUsedIsInForceOrNot(t *testing.T) {
	o, c := foundedWith(t, "notify.channels.ops", "one")
	one, two := desk.Setting{Key: "notify.channels.ops", Whole: []byte("one")}, desk.Setting{Key: "notify.channels.ops", Whole: []byte("two")}
	in := func(s desk.Setting, want bool) {
		t.Helper()
		if got, err := o.Desk.InForce(t.Context(), s); err != nil || got != want {
			t.Errorf("%s: %v, %v", s.Whole, got, err)
		}
	}
	in(one, true)
	in(two, false)
	c.is("notify.channels.ops", "two")
	in(two, false)
	if !o.Desk.Configuration().Pending() {
		t.Error("a change that nobody hears of")
	}
	in(one, true)
	o.Must("manager", custody.AcknowledgeConfiguration{Digest: o.pendingIn(o.Desk).Digest()})
	in(two, true)
	in(one, false)
	in(desk.Setting{Key: "notify.channels.other", Whole: []byte("two")}, false)
	o.Config.Settings = nil
	if got, err := o.Open().InForce(t.Context(), two); err != nil || got {
		t.Errorf("a process that was given no settings: %v, %v", got, err)
	}
}

// TestAChannelInForceIsKept: each by itself, and written once.
func TestAChannelInForceIsKept(t *testing.T) {
	o, _ := foundedWith(t, "notify.channels.ops", "one")
	if kept, err := o.Desk.Channel(t.Context(), "ops"); err != nil || !kept.IsZero() {
		t.Fatalf("before anything was kept: %v, %v", kept.IsZero(), err)
	}
	for range 2 {
		if err := o.Desk.KeepChannel(t.Context(), "ops", custody.SecretString("room one")); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := o.Desk.Channel(t.Context(), "ops"); err != nil || kept.Reveal() != "room one" {
		t.Errorf("%v", err)
	}
	if v, err := o.Secrets.Read(t.Context(), desk.ChannelPath("ops")); err != nil || v.Version != 1 {
		t.Errorf("version %d, %v", v.Version, err)
	}
	if kept, err := o.Desk.Channel(t.Context(), "other"); err != nil || !kept.IsZero() {
		t.Errorf("another channel has it too: %v", err)
	}
}
