package custody

import (
	"fmt"
	"testing"
	"time"
)

// fleet has so many credentials, each of two of forty technicians, and so many absences of
// them that lie within a quarter.
func fleet(credentials, absences int) *State {
	s := NewState()
	name := func(n int) string { return fmt.Sprintf("tech-%02d", n%40) }
	for n := range 40 {
		s.people[name(n)] = &Person{Username: name(n), Roles: []Role{Technician}, Enrolment: Enrolment{Number: 1, Enrolled: true, TOTPPeriod: 30}}
	}
	for n := range credentials {
		c := Credential{Name: fmt.Sprintf("host-%04d", n), Primary: name(n), Backup: name(n + 1 + n/40%7), Phase: Held, Holder: name(n), Version: 1}
		s.credentials[c.Name] = &c
		s.charge(c.Primary, c.Name)
		s.charge(c.Backup, c.Name)
	}
	for n := range absences {
		from := epoch.AddDate(0, 0, 1+n/40*9).Add(time.Duration(n%40) * 5 * time.Hour)
		p := *s.people[name(n)]
		p.Plans = append(p.Plans, Plan{ID: absenceID(int64(n)), From: from, Until: from.Add(4 * time.Hour), Revision: 1})
		s.people[name(n)] = &p
	}
	policy := PolicyInForce{Version: 1, Values: testPolicy()}
	s.policy = &policy
	return s
}

// BenchmarkPlanAbsence: whether somebody may be away beside all whom they share with, of
// 1,000 credentials and 400 absences.
func BenchmarkPlanAbsence(b *testing.B) {
	s := fleet(1000, 400)
	from := epoch.AddDate(0, 0, 200)
	c := Command{Actor: "tech-07", Action: between(from, from.Add(time.Hour)), Proof: rightCode(*s.people["tech-07"])}
	for b.Loop() {
		if _, err := Decide(s, c, epoch); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCoverage: of all pairs over a quarter.
func BenchmarkCoverage(b *testing.B) {
	s := fleet(1000, 400)
	people, credentials, _ := s.Changes()
	for b.Loop() {
		if covers := Coverage(people, credentials, epoch, epoch, epoch.AddDate(0, 3, 0)); len(covers) < 40 {
			b.Fatal(len(covers))
		}
	}
}

// BenchmarkRescheduleWithPlans: what the clock costs while nothing is due.
func BenchmarkRescheduleWithPlans(b *testing.B) {
	s := fleet(1000, 400)
	for b.Loop() {
		s.Reschedule()
	}
}
