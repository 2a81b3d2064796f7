package custody

import "testing"

// An auditor says in the ledger what they went through; nobody else can, and of nothing
// that is not there.
func TestAnAuditorSignsWhatTheyWentThrough(t *testing.T) {
	review := func(from, to int64) SignReview { return SignReview{from, to, note("nothing unusual")} }
	size := newOffice(t).state.Size
	signed := func(o *office) bool { return o.history[len(o.history)-1].Fact.Type() == "review.signed" }
	check(t, []clause{
		{"from the first entry to the last", nil, "eve", review(0, size), "", signed},
		{"one entry", nil, "eve", review(size-1, size), "", signed},
		{"not more than is there", nil, "eve", review(0, size+1), InvalidRequest, nil},
		{"not what comes later", nil, "eve", review(size, size+1), InvalidRequest, nil},
		{"not nothing", nil, "eve", review(3, 3), InvalidRequest, nil},
		{"not backwards", nil, "eve", review(3, 2), InvalidRequest, nil},
		{"not from before the first", nil, "eve", review(-1, 2), InvalidRequest, nil},
		{"not without a word", nil, "eve", SignReview{0, size, note("")}, InvalidRequest, nil},
		{"not by who is looked at: a manager", nil, "max", review(0, size), Forbidden, nil},
		{"a technician", nil, "ann", review(0, size), Forbidden, nil},
		{"an admin", nil, "ada", review(0, size), Forbidden, nil},
	})
}

func TestAForgedReview(t *testing.T) {
	o := newOffice(t)
	right := o.does("eve", SignReview{0, 2, note("fine")})[0]
	for name, edit := range map[string]func(*Event, *ReviewSigned){
		"of entries that were not there": func(_ *Event, f *ReviewSigned) { f.To = o.state.Size + 1 },
		"of none":                        func(_ *Event, f *ReviewSigned) { f.To = f.From },
		"from before the first":          func(_ *Event, f *ReviewSigned) { f.From = -1 },
		"by a manager":                   func(e *Event, _ *ReviewSigned) { e.Actor, e.Confirm.Person = "max", "max" },
		"without a code":                 func(e *Event, _ *ReviewSigned) { e.Confirm = nil },
	} {
		e, f := right, right.Fact.(ReviewSigned)
		confirm := *right.Confirm
		confirm.Step++
		e.Confirm, e.Request = &confirm, "forged"
		edit(&e, &f)
		e.Fact = f
		if err := Replay(o.state.Fork(), e); err == nil {
			t.Errorf("%s: passes", name)
		}
	}
	e := right
	confirm := *right.Confirm
	confirm.Step++
	e.Confirm, e.Request = &confirm, "another"
	if err := Replay(o.state.Fork(), e); err != nil {
		t.Errorf("as it is: %v", err)
	}
}
