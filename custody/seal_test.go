package custody

import (
	"slices"
	"testing"
	"time"
)

const (
	firstKey  = "0123abcd"
	secondKey = "4567cdef"
	thirdKey  = "89abcdef"
)

func TestChangeSealKey(t *testing.T) {
	once := func(o *office) { o.does("dot", ChangeSealKey{firstKey, secondKey}) }
	check(t, []clause{
		{"by a manager", nil, "max", ChangeSealKey{firstKey, secondKey}, "", func(o *office) bool {
			last := o.history[len(o.history)-1]
			return last.Fact == SealKeyChanged{firstKey, secondKey} && last.Grade() == Serious && last.Confirm.Person == "max" &&
				slices.Equal(o.state.SealKeys(), []SealKey{{firstKey, 0}, {secondKey, o.state.Size}})
		}},
		{"by a director", nil, "dot", ChangeSealKey{firstKey, secondKey}, "", nil},
		{"not by an admin", nil, "ada", ChangeSealKey{firstKey, secondKey}, Forbidden, nil},
		{"not by a technician", nil, "ann", ChangeSealKey{firstKey, secondKey}, Forbidden, nil},
		{"not by an auditor", nil, "eve", ChangeSealKey{firstKey, secondKey}, Forbidden, nil},
		{"not by nobody", nil, System, ChangeSealKey{firstKey, secondKey}, Forbidden, nil},
		{"once more", once, "max", ChangeSealKey{secondKey, thirdKey}, "", func(o *office) bool { return len(o.state.SealKeys()) == 3 }},
		{"not of one that counts no more", once, "max", ChangeSealKey{firstKey, thirdKey}, Conflict, nil},
		{"not of one that never counted", once, "max", ChangeSealKey{thirdKey, "00000000"}, Conflict, nil},
		{"not by the first again", once, "max", ChangeSealKey{secondKey, firstKey}, Conflict, nil},
		{"not by itself", once, "max", ChangeSealKey{secondKey, secondKey}, Conflict, nil},
		{"not by the first of itself", nil, "max", ChangeSealKey{firstKey, firstKey}, Conflict, nil},
		{"of a key", nil, "max", ChangeSealKey{"", secondKey}, Conflict, nil},
		{"by a key", nil, "max", ChangeSealKey{firstKey, "4567CDEF"}, Conflict, nil},
		{"by a key's whole id", nil, "max", ChangeSealKey{firstKey, "4567cdef0"}, Conflict, nil},
	})
}

// TestWhoReplacesTheKeyOfTheSealsGivesACode, and one that was not used.
func TestWhoReplacesTheKeyOfTheSealsGivesACode(t *testing.T) {
	o := newOffice(t)
	for want, proof := range map[Code]Proof{InvalidRequest: noCode(), TOTPInvalid: wrongCode()} {
		c := o.with("max", ChangeSealKey{firstKey, secondKey})
		c.Proof = proof
		if _, err := o.run(c); CodeOf(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if keys := o.state.SealKeys(); len(keys) > 0 {
		t.Errorf("replaced all the same: %+v", keys)
	}
}

// TestAForgedChangeOfTheKeyOfTheSeals: an entry that no command led to is refused by
// what is stated apart from it.
func TestAForgedChangeOfTheKeyOfTheSeals(t *testing.T) {
	o := newOffice(t)
	o.does("max", ChangeSealKey{firstKey, secondKey})
	step := o.person("max").LastStep + 100
	good := func() Event {
		return Event{Time: o.state.Time.Add(time.Second), Actor: "max", Request: "r", Confirm: &Confirmation{"max", step}, Fact: SealKeyChanged{secondKey, thirdKey}}
	}
	if err := Replay(o.state.Fork(), good()); err != nil {
		t.Fatal(err)
	}
	for name, forge := range map[string]func(e *Event){
		"of one that counts no more": func(e *Event) { e.Fact = SealKeyChanged{firstKey, thirdKey} },
		"of one that never counted":  func(e *Event) { e.Fact = SealKeyChanged{"00000000", thirdKey} },
		"by one that had counted":    func(e *Event) { e.Fact = SealKeyChanged{secondKey, firstKey} },
		"by itself":                  func(e *Event) { e.Fact = SealKeyChanged{secondKey, secondKey} },
		"of what is no key":          func(e *Event) { e.Fact = SealKeyChanged{"", thirdKey} },
		"by what is no key":          func(e *Event) { e.Fact = SealKeyChanged{secondKey, "../../x"} },
		"by an admin":                func(e *Event) { e.Actor, e.Confirm.Person = "ada", "ada" },
		"by nobody":                  func(e *Event) { e.Actor, e.Confirm = System, nil },
		"without a code":             func(e *Event) { e.Confirm = nil },
	} {
		e := good()
		forge(&e)
		if err := Replay(o.state.Fork(), e); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestTheKeyOfABatch: the batch in which it was replaced is under the old one, and
// what begins behind it is under the new one.
func TestTheKeyOfABatch(t *testing.T) {
	o := newOffice(t)
	if id := o.state.SealKeyAt(o.state.Size); id != "" {
		t.Errorf("before: %q", id)
	}
	fork := o.state.Fork()
	at := fork.Size
	if err := Replay(fork, Event{Time: o.now, Actor: "max", Confirm: &Confirmation{"max", o.person("max").LastStep + 100}, Fact: SealKeyChanged{firstKey, secondKey}}); err != nil {
		t.Fatal(err)
	}
	if id := o.state.SealKeyAt(at + 1); id != "" {
		t.Errorf("where the fork is dropped: %q", id)
	}
	again := fork.Fork()
	if err := Replay(again, Event{Time: o.now, Actor: "max", Confirm: &Confirmation{"max", o.person("max").LastStep + 200}, Fact: SealKeyChanged{secondKey, thirdKey}}); err != nil {
		t.Fatal(err)
	}
	if id := fork.SealKeyAt(at + 2); id != secondKey {
		t.Errorf("a fork's change is seen in what it was made from: %q", id)
	}
	before := o.state.Image()
	fork.Merge(again)
	o.state.Merge(fork)
	for from, want := range map[int64]string{0: firstKey, at: firstKey, at + 1: secondKey, at + 2: thirdKey, at + 1000: thirdKey} {
		if id := o.state.SealKeyAt(from); id != want {
			t.Errorf("a batch from %d on: %q, want %q", from, id, want)
		}
	}
	was, _ := before.Digest()
	image := o.state.Image()
	image.Size, image.People = before.Size, before.People
	if is, _ := image.Digest(); is == was {
		t.Error("the image of the state does not have them")
	}
	loaded := NewState()
	loaded.Size = o.state.Size
	all := slices.Clone(o.state.SealKeysChanged())
	slices.Reverse(all)
	loaded.RestoreSealKeys(all)
	if !slices.Equal(loaded.SealKeys(), o.state.SealKeys()) {
		t.Errorf("restored: %+v", loaded.SealKeys())
	}
}

// TestKeysOfTheSealsThatNoEntryBrought: a state has none.
func TestKeysOfTheSealsThatNoEntryBrought(t *testing.T) {
	for name, c := range map[string]struct {
		keys  []SealKey
		wrong bool
	}{
		"none":                    {nil, false},
		"as it has to be":         {[]SealKey{{firstKey, 0}, {secondKey, 3}, {thirdKey, 9}}, false},
		"one that replaced none":  {[]SealKey{{firstKey, 0}}, true},
		"none from the beginning": {[]SealKey{{firstKey, 1}, {secondKey, 3}}, true},
		"twice":                   {[]SealKey{{firstKey, 0}, {firstKey, 3}}, true},
		"two at once":             {[]SealKey{{firstKey, 0}, {secondKey, 3}, {thirdKey, 3}}, true},
		"one to come":             {[]SealKey{{firstKey, 0}, {secondKey, 11}}, true},
		"what is no key":          {[]SealKey{{firstKey, 0}, {"x", 3}}, true},
	} {
		s := NewState()
		s.Size = 10
		s.RestoreSealKeys(c.keys)
		if err := Check(s); violation(err, "I7", "key of the seals") != c.wrong {
			t.Errorf("%s: %v", name, err)
		}
	}
}
