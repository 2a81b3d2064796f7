package custody

import (
	"slices"
	"strings"
	"testing"
)

func TestRedactText(t *testing.T) {
	purpose := note("pa55word, typed by mistake")
	redact := func(entry int64, commitments ...string) RedactText {
		return RedactText{entry, commitments, note("a password was typed into it")}
	}
	worked := func(o *office) { o.does("ann", CheckOut{"db01", purpose}) }
	address := note("ann@example.org")
	check(t, []clause{
		{"by a manager", worked, "max", redact(9, purpose.Commitment()), "", func(o *office) bool {
			last := o.history[len(o.history)-1]
			f, is := last.Fact.(TextRedacted)
			return is && f.Entry == 9 && slices.Equal(f.Commitments, []string{purpose.Commitment()}) && last.Confirm != nil && last.Grade() == Serious
		}},
		{"by a director", worked, "dot", redact(9, purpose.Commitment()), "", nil},
		{"not by who wrote it", worked, "ann", redact(9, purpose.Commitment()), Forbidden, nil},
		{"not by an admin", worked, "ada", redact(9, purpose.Commitment()), Forbidden, nil},
		{"not by an auditor", worked, "eve", redact(9, purpose.Commitment()), Forbidden, nil},
		{"of an entry that is there", worked, "max", redact(1e6, purpose.Commitment()), NotFound, nil},
		{"not before the first", worked, "max", redact(-1, purpose.Commitment()), NotFound, nil},
		{"of something", worked, "max", redact(9), InvalidRequest, nil},
		{"of what was committed to", worked, "max", redact(9, "pa55word"), InvalidRequest, nil},
		{"not of a refused command's", worked, "max", redact(9, absent), InvalidRequest, nil},
		{"each once", worked, "max", redact(9, purpose.Commitment(), purpose.Commitment()), InvalidRequest, nil},
		{"with a reason", worked, "max", RedactText{9, []string{purpose.Commitment()}, Note{}}, InvalidRequest, nil},
		{"not an address in use", func(o *office) { o.does("ann", ChangeEmail{Person: "ann", Email: address}) }, "max", redact(9, address.Commitment()), Conflict, nil},
		{"not where an account in custody is", nil, "max", redact(9, server("db01", "", "").Target.Address.Commitment()), Conflict, nil},
		{"but where one was", db01IsRetired, "max", redact(9, server("db01", "", "").Target.Address.Commitment()), "", nil},
		{"but one that was", func(o *office) {
			o.does("ann", ChangeEmail{Person: "ann", Email: address})
			o.does("ann", ChangeEmail{Person: "ann", Email: Note{}})
		}, "max", redact(9, address.Commitment()), "", nil},
	})
}

// TestARedactionThatTheRulesDoNotKnow: an entry made up of one is refused by what is
// stated apart from the command, too.
func TestARedactionThatTheRulesDoNotKnow(t *testing.T) {
	o := newOffice(t)
	address := note("ann@example.org")
	o.does("ann", ChangeEmail{Person: "ann", Email: address})
	step := o.person("max").LastStep + 100
	for name, f := range map[string]TextRedacted{
		"of an entry to come":    {o.state.Size, []string{note("x").Commitment()}, note("why")},
		"of an entry before all": {-1, []string{note("x").Commitment()}, note("why")},
		"of nothing":             {1, nil, note("why")},
		"of an address in use":   {1, []string{address.Commitment()}, note("why")},
		"of where an account is": {1, []string{server("db01", "", "").Target.Address.Commitment()}, note("why")},
	} {
		e := Event{Time: o.state.Time, Actor: "max", Confirm: &Confirmation{"max", step}, Request: "r", Fact: f}
		if err := CheckEvent(o.state.Fork(), e); err == nil || !strings.Contains(err.Error(), "I7") {
			t.Errorf("%s: %v", name, err)
		}
	}
	right := TextRedacted{1, []string{note("x").Commitment()}, note("why")}
	for name, e := range map[string]Event{
		"by a technician": {Actor: "ann", Confirm: &Confirmation{"ann", step}},
		"by the system":   {Actor: System},
		"with no code":    {Actor: "max"},
		"as it should be": {Actor: "max", Confirm: &Confirmation{"max", step}},
	} {
		e.Time, e.Request, e.Fact = o.state.Time, "r", right
		if err := CheckEvent(o.state.Fork(), e); (err == nil) != (name == "as it should be") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
