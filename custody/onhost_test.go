package custody

import (
	"testing"
	"time"
)

// ada, the only admin, lost everything: her log-in is asked for on the server's machine.

func adaIsSought(o *office) { founded(o); o.does(System, SeekRecovery{"ada"}) }

func waited(d time.Duration) func(*office) {
	return both(adaIsSought, func(o *office) { o.passes(d) })
}

func anotherAdmin(o *office) { o.hires("abe", Admin) }

func TestASoleAdminWhoLostEverything(t *testing.T) {
	reset, no := ResetOnHost{Person: "ada", Account: 2}, StopRecovery{"ada", note("she is here")}
	stopped := func(o *office) bool {
		_, err := o.do(System, reset)
		return CodeOf(err) == Conflict
	}
	check(t, []clause{
		{"it is asked for on the machine", founded, System, SeekRecovery{"ada"}, "", func(o *office) bool {
			ada := o.person("ada")
			return ada.Enrolled && ada.Recovery.Due.Equal(o.now.Add(72*time.Hour))
		}},
		{"by no person", founded, "max", SeekRecovery{"ada"}, Forbidden, nil},
		{"of nobody", founded, System, SeekRecovery{"mallory"}, NotFound, nil},
		{"of nobody who has left", both(founded, func(o *office) { o.does("max", gone("ada")) }), System, SeekRecovery{"ada"}, Conflict, nil},
		{"of nobody whom an admin can help", founded, System, SeekRecovery{"max"}, Forbidden, nil},
		{"and of no admin beside another", both(anotherAdmin, founded), System, SeekRecovery{"ada"}, Forbidden, nil},
		{"once", adaIsSought, System, SeekRecovery{"ada"}, Conflict, nil},
		{"again when it was not used", waited(72*time.Hour + 7*24*time.Hour), System, SeekRecovery{"ada"}, "", nil},

		{"not at once", founded, System, reset, Conflict, nil},
		{"not before three days", waited(72*time.Hour - time.Millisecond), System, reset, Conflict, nil},
		{"after them", waited(72 * time.Hour), System, reset, "", func(o *office) bool {
			ada := o.person("ada")
			return !ada.Enrolled && ada.Account == 2 && ada.Recovery == Recovery{}
		}},
		{"until a week later", waited(72*time.Hour + 7*24*time.Hour - time.Millisecond), System, reset, "", nil},
		{"and not from then on", waited(72*time.Hour + 7*24*time.Hour), System, reset, Conflict, nil},
		{"once for each time that it is asked for", both(waited(72*time.Hour), func(o *office) { o.does(System, reset) }), System, reset, Conflict, nil},
		{"not of who has another beside them by now", both(waited(72*time.Hour), anotherAdmin2), System, reset, Forbidden, nil},
		{"before the founding nobody waits", nil, System, reset, "", nil},

		{"a manager says no", adaIsSought, "max", no, "", stopped},
		{"a director does", adaIsSought, "dot", no, "", stopped},
		{"she does herself, who has not lost everything", adaIsSought, "ada", no, "", stopped},
		{"also when the three days are over", waited(72 * time.Hour), "max", no, "", stopped},
		{"nobody else does", adaIsSought, "ann", no, Forbidden, nil},
		{"nor an auditor", adaIsSought, "eve", no, Forbidden, nil},
		{"with a reason", adaIsSought, "max", StopRecovery{Person: "ada"}, InvalidRequest, nil},
		{"to what there is", founded, "max", no, Conflict, nil},
		{"of somebody", founded, "max", StopRecovery{"mallory", note("x")}, NotFound, nil},
	})
}

// anotherAdmin2 is added when there is a founding.
func anotherAdmin2(o *office) {
	o.agreed("ben", AddPerson{Username: "abe", Name: "Abe", Roles: []Role{Admin}, TOTPPeriod: 30})
	o.state = clone(o.state)
	o.state.editPerson("abe", func(p *Person) { p.Enrolled, p.Admission = true, Admission{} })
}

func TestWhatNobodyForgesOfARecovery(t *testing.T) {
	at := stateAfter(t)
	before, sought, left := at(founded), at(adaIsSought), at(founded, func(o *office) { o.does("max", gone("ada")) })
	two := at(adaIsSought, anotherAdmin2)
	in := func(s *State) time.Time { return s.Time.Add(recoveryWait) }
	reset := EnrolmentReset{Person: "ada", OnHost: true}
	for name, e := range map[string]struct {
		state     *State
		event     Event
		invariant string
	}{
		"asked for by an admin":           {before, forgedBy(before, "ada", RecoverySought{"ada", in(before)}), "I6"},
		"asked for of nobody":             {before, forgedBy(before, System, RecoverySought{"mallory", in(before)}), "I10"},
		"asked for of a manager":          {before, forgedBy(before, System, RecoverySought{"max", in(before)}), "I10"},
		"asked for of who has left":       {left, forgedBy(left, System, RecoverySought{"ada", in(left)}), "I10"},
		"asked for twice":                 {sought, forgedBy(sought, System, RecoverySought{"ada", in(sought)}), "I10"},
		"asked for with another notice":   {before, forgedBy(before, System, RecoverySought{"ada", before.Time.Add(time.Hour)}), "I10"},
		"stopped by a technician":         {sought, forgedBy(sought, "ann", RecoveryStopped{Person: "ada"}), "I6"},
		"stopped without a code":          {sought, withoutCode(forgedBy(sought, "max", RecoveryStopped{Person: "ada"})), "I6"},
		"stopped, what nobody asked for":  {before, forgedBy(before, "max", RecoveryStopped{Person: "ada"}), "I10"},
		"reset without asking":            {before, forgedBy(before, System, reset), "I10"},
		"reset too early":                 {sought, laterBy(forgedBy(sought, System, reset), recoveryWait-time.Millisecond), "I10"},
		"reset too late":                  {sought, laterBy(forgedBy(sought, System, reset), recoveryWait+recoveryTTL), "I10"},
		"reset beside another admin":      {two, laterBy(forgedBy(two, System, reset), recoveryWait), "I10"},
		"reset of a manager after asking": {sought, laterBy(forgedBy(sought, System, EnrolmentReset{Person: "max", OnHost: true}), recoveryWait), "I10"},
	} {
		if err := CheckEvent(e.state, e.event); !violation(err, e.invariant, "") {
			t.Errorf("%s: got %v, want %s", name, err, e.invariant)
		}
	}
	if err := CheckEvent(sought, laterBy(forgedBy(sought, System, reset), recoveryWait)); err != nil {
		t.Errorf("reset in its time: %v", err)
	}
}
