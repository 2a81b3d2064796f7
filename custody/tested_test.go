package custody

import (
	"testing"
	"time"
)

// TestATestOfATargetIsConfirmedAndBounded: five within ten minutes, by an admin with a code
// for each.
func TestATestOfATargetIsConfirmedAndBounded(t *testing.T) {
	try := TestTarget{server("db09", "ann", "ben").Target}
	five := func(o *office) {
		for range maxTests {
			o.does("ada", try)
			o.now = o.now.Add(time.Minute)
		}
	}
	check(t, []clause{
		{"an admin may", nil, "ada", try, "", func(o *office) bool { return len(o.person("ada").Tests) == 1 }},
		{"not a technician", nil, "ann", try, Forbidden, nil},
		{"not a manager", nil, "max", try, Forbidden, nil},
		{"not an auditor", nil, "eve", try, Forbidden, nil},
		{"not the system", nil, System, try, Forbidden, nil},
		{"not of nowhere", nil, "ada", TestTarget{}, InvalidRequest, nil},
		{"not a sixth within ten minutes", five, "ada", try, Conflict, func(o *office) bool { return len(o.person("ada").Tests) == maxTests }},
		{"again when the first is ten minutes ago", func(o *office) { five(o); o.now = o.now.Add(testWindow - maxTests*time.Minute) }, "ada", try, "",
			func(o *office) bool { return len(o.person("ada").Tests) == maxTests }},
		{"not a millisecond before", func(o *office) { five(o); o.now = o.now.Add(testWindow - maxTests*time.Minute - time.Millisecond) }, "ada", try, Conflict, nil},
	})
	o := newOffice(t)
	five(o)
	last := o.person("ada")
	sixth := Event{Time: o.now, Actor: "ada", Request: "r", Confirm: &Confirmation{"ada", last.LastStep + 1}, Fact: TargetTested(try)}
	if err := CheckEvent(o.state, sixth); !violation(err, "I7", "more tests") {
		t.Errorf("a sixth, as an entry: %v", err)
	}
	sixth.Confirm = nil
	if err := CheckEvent(o.state, sixth); !violation(err, "I6", "not confirmed") {
		t.Errorf("without a code: %v", err)
	}
}
