package custody

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// seen is a report of a configuration with these dependents, each by a word that says
// what it is: "b" is another "b" than "b2".
func seen(dependents ...string) ReportConfiguration {
	var all []Setting
	for _, name := range dependents {
		key := DependentSetting(name[:1])
		all = append(all, Setting{key, strings.Repeat(hexOf(name), 32), note("what " + name + " is")})
	}
	return ReportConfiguration{append(all, Setting{"notify", strings.Repeat("00", 32), note("mail.example.org")})}
}

func hexOf(name string) string {
	sum := 0
	for _, b := range []byte(name) {
		sum += int(b)
	}
	return string("0123456789abcdef"[sum/16%16]) + string("0123456789abcdef"[sum%16])
}

func (o *office) acknowledgement() AcknowledgeConfiguration {
	return AcknowledgeConfiguration{o.state.Configuration().Digest()}
}

// changed is a founded office that runs with another "b" than is in force.
func changed(o *office) {
	founded(o)
	o.does(System, seen("a", "b"))
	o.does(System, seen("a", "b2"))
}

func TestConfigurationOnRecord(t *testing.T) {
	last := func(o *office) Event { return o.history[len(o.history)-1] }
	pending := func(o *office, keys ...string) bool {
		return slices.Equal(o.state.Configuration().Changed(), keys)
	}
	check(t, []clause{
		{"the first is in force", founded, System, seen("a"), "", func(o *office) bool {
			return pending(o) && last(o).Grade() == Ordinary && o.state.Configuration().InForceAs("dependents.a", seen("a").Settings[0].Digest)
		}},
		{"the same again is nothing", func(o *office) { founded(o); o.does(System, seen("a")) }, System, seen("a"), "", func(o *office) bool {
			_, is := last(o).Fact.(ServiceStarted)
			return is && len(o.history) > 0 && pending(o) && countOf[ServiceStarted](o) == 1
		}},
		{"another one before the founding is in force", func(o *office) { o.does(System, seen("a")) }, System, seen("a2"), "", func(o *office) bool {
			return pending(o) && last(o).Grade() == Ordinary
		}},
		{"another one is serious, and what was changed is named", func(o *office) { founded(o); o.does(System, seen("a", "b")) }, System, seen("a", "b2"), "", func(o *office) bool {
			return pending(o, "dependents.b") && last(o).Grade() == Serious
		}},
		{"so is one more", func(o *office) { founded(o); o.does(System, seen("a")) }, System, seen("a", "c"), "", func(o *office) bool { return pending(o, "dependents.c") }},
		{"and one less", func(o *office) { founded(o); o.does(System, seen("a", "b")) }, System, seen("a"), "", func(o *office) bool { return pending(o, "dependents.b") }},
		{"what goes back is over", changed, System, seen("a", "b"), "", func(o *office) bool { return pending(o) && last(o).Grade() == Ordinary }},
		{"a change of a change is one from what is in force", changed, System, seen("a2", "b"), "", func(o *office) bool { return pending(o, "dependents.a") }},
		{"nobody reports it", changed, "ada", seen("a"), Forbidden, nil},
		{"not out of order", founded, System, ReportConfiguration{[]Setting{seen("b").Settings[0], seen("a").Settings[0]}}, InvalidRequest, nil},
		{"not twice", founded, System, seen("a", "a"), InvalidRequest, nil},
		{"not without anything", founded, System, ReportConfiguration{}, InvalidRequest, nil},
		{"not with no digest", founded, System, ReportConfiguration{[]Setting{{"notify", "abc", note("x")}}}, InvalidRequest, nil},
		{"not with words in the key", founded, System, ReportConfiguration{[]Setting{{"what it is", strings.Repeat("0", 64), note("x")}}}, InvalidRequest, nil},
		{"not with nothing said", founded, System, ReportConfiguration{[]Setting{{"notify", strings.Repeat("0", 64), Note{}}}}, InvalidRequest, nil},
		{"not more than fit", founded, System, many(MaxSettings + 1), InvalidRequest, nil},
		{"as many as fit", founded, System, many(MaxSettings), "", nil},
	})
}

func many(n int) (a ReportConfiguration) {
	for i := range n {
		a.Settings = append(a.Settings, Setting{"dependents.d" + string(rune('a'+i/26)) + string(rune('a'+i%26)), strings.Repeat("0", 64), note("x")})
	}
	return a
}

func countOf[F Fact](o *office) (n int) {
	for _, e := range o.history {
		if _, is := e.Fact.(F); is {
			n++
		}
	}
	return n
}

func TestAcknowledgeConfiguration(t *testing.T) {
	o := newOffice(t)
	changed(o)
	right := o.acknowledgement()
	gone := func(o *office) { changed(o); o.state.editPerson("max", func(p *Person) { p.Away = true }) }
	check(t, []clause{
		{"by a manager", changed, "max", right, "", func(o *office) bool {
			c := o.state.Configuration()
			return len(c.Changed()) == 0 && reflect.DeepEqual(c.InForce, c.Seen) && o.history[len(o.history)-1].Confirm.Person == "max"
		}},
		{"not by a director while a manager is there", changed, "dot", right, NotEligible, nil},
		{"by a director while none is", gone, "dot", right, "", nil},
		{"not by an admin", changed, "ada", right, NotEligible, nil},
		{"not by a technician", changed, "ann", right, NotEligible, nil},
		{"not by an auditor", changed, "eve", right, NotEligible, nil},
		{"not by the system", changed, System, right, Forbidden, nil},
		{"not of another than they looked at", func(o *office) { changed(o); o.does(System, seen("a", "b2", "c")) }, "max", right, Conflict, nil},
		{"not of none", changed, "max", AcknowledgeConfiguration{}, Conflict, nil},
		{"not twice", func(o *office) { changed(o); o.does("max", right) }, "max", right, Conflict, nil},
		{"not where nothing is", founded, "max", AcknowledgeConfiguration{Configuration{}.Digest()}, Conflict, nil},
	})
	for want, proof := range map[Code]Proof{InvalidRequest: noCode(), TOTPInvalid: wrongCode()} {
		c := o.with("max", right)
		c.Proof = proof
		if _, err := o.run(c); CodeOf(err) != want || len(o.state.Configuration().Changed()) == 0 {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestAnAcknowledgedDependentIsTold: what had failed for the change is tried at once, and
// nothing else is tried before its time.
func TestAnAcknowledgedDependentIsTold(t *testing.T) {
	o := newOffice(t)
	changed(o)
	later := o.now.Add(time.Hour)
	o.state.editCredential("db01", func(c *Credential) {
		c.Updates = []Update{{Dependent: "a", NextTry: later, Attempts: 1}, {Dependent: "b", NextTry: later, Attempts: 2}}
	})
	before, _ := o.state.Credential("db01")
	o.does("max", o.acknowledgement())
	after, _ := o.state.Credential("db01")
	if want := []Update{{Dependent: "a", NextTry: later, Attempts: 1}, {Dependent: "b", Attempts: 2}}; !reflect.DeepEqual(after.Updates, want) {
		t.Errorf("%+v, want %+v", after.Updates, want)
	}
	if before.Updates[1].NextTry.IsZero() {
		t.Error("another state was changed with it")
	}
}

// TestAForgedConfiguration: an entry that no command led to is refused by what is stated
// apart from it.
func TestAForgedConfiguration(t *testing.T) {
	o := newOffice(t)
	changed(o)
	started := func() Event {
		return Event{Time: o.now, Actor: System, Fact: ServiceStarted{Settings: seen("a", "c").Settings, Changed: []string{"dependents.b", "dependents.c"}}}
	}
	acknowledged := func() Event {
		c := o.state.Configuration()
		return Event{Time: o.now, Actor: "max", Confirm: &Confirmation{"max", o.person("max").LastStep + 100}, Fact: ConfigurationAcknowledged{c.Digest(), c.Changed()}}
	}
	for name, c := range map[string]struct {
		good  func() Event
		forge func(*Event)
	}{
		"started as nothing new": {started, func(e *Event) {
			e.Fact = ServiceStarted{Settings: o.state.Configuration().Seen, Changed: []string{"dependents.b"}}
		}},
		"started as if it were in force": {started, func(e *Event) { e.Fact = ServiceStarted{Settings: seen("a", "c").Settings} }},
		"started with less changed": {started, func(e *Event) {
			e.Fact = ServiceStarted{Settings: seen("a", "c").Settings, Changed: []string{"dependents.c"}}
		}},
		"started with nothing":        {started, func(e *Event) { e.Fact = ServiceStarted{Changed: []string{"dependents.a"}} }},
		"started by somebody":         {started, func(e *Event) { e.Actor = "ada" }},
		"acknowledged by an admin":    {acknowledged, func(e *Event) { e.Actor, e.Confirm.Person = "ada", "ada" }},
		"acknowledged by a director":  {acknowledged, func(e *Event) { e.Actor, e.Confirm.Person = "dot", "dot" }},
		"acknowledged by nobody":      {acknowledged, func(e *Event) { e.Actor, e.Confirm = System, nil }},
		"acknowledged without a code": {acknowledged, func(e *Event) { e.Confirm = nil }},
		"acknowledged as another": {acknowledged, func(e *Event) {
			e.Fact = ConfigurationAcknowledged{Configuration{}.Digest(), o.state.Configuration().Changed()}
		}},
		"acknowledged with nothing changed": {acknowledged, func(e *Event) { e.Fact = ConfigurationAcknowledged{o.state.Configuration().Digest(), nil} }},
		"acknowledged with more changed": {acknowledged, func(e *Event) {
			e.Fact = ConfigurationAcknowledged{o.state.Configuration().Digest(), []string{"dependents.a", "dependents.b"}}
		}},
	} {
		e := c.good()
		if err := Replay(o.state.Fork(), e); err != nil {
			t.Fatalf("%s: the genuine one: %v", name, err)
		}
		if c.forge(&e); Replay(o.state.Fork(), e) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, c := range map[string]Configuration{
		"in force and never seen": {InForce: seen("a").Settings},
		"seen out of order":       {Seen: []Setting{seen("b").Settings[0], seen("a").Settings[0]}},
	} {
		s := o.state.Fork()
		if s.RestoreConfiguration(c); Check(s) == nil {
			t.Errorf("a state with one %s passes", name)
		}
	}
}

// TestConfigurationInForks: a fork's change is not seen in what it was made from before
// the merge, and an image has it.
func TestConfigurationInForks(t *testing.T) {
	o := newOffice(t)
	founded(o)
	o.does(System, seen("a"))
	before, _ := o.state.Image().Digest()
	fork := o.state.Fork()
	Apply(fork, Event{Time: o.now, Actor: System, Fact: ServiceStarted{seen("b").Settings, []string{"dependents.a", "dependents.b"}}})
	if len(o.state.Configuration().Changed()) > 0 || len(fork.Configuration().Changed()) != 2 {
		t.Errorf("%v and %v", o.state.Configuration().Changed(), fork.Configuration().Changed())
	}
	o.state.Merge(fork)
	for _, s := range append(o.state.Configuration().Seen, o.state.Configuration().InForce...) {
		if _, known := s.Said.Words(); known || s.Said.IsZero() {
			t.Errorf("the state has what is said of %s, or no commitment to it", s.Key)
		}
	}
	image := o.state.Image()
	image.Size--
	if after, _ := image.Digest(); after == before || len(o.state.Configuration().Changed()) != 2 {
		t.Error("the merge, or the image, leaves it out")
	}
	if DependentOf("dependents.b") != "b" || DependentOf("notify") != "" {
		t.Error("which dependent a setting is of is not told")
	}
}
