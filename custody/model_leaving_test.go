package custody

import (
	"fmt"
	"slices"
)

// The part of the model in which somebody leaves.

// triesOfLeaving lists the commands of those who stay and of whoever has left, of what
// can stand in the way of a leaving, and of those who fill the vacant seat.
func (m *model) triesOfLeaving(s *State) []Command {
	var commands []Command
	add := adding(s, &commands)
	later := s.Time.Add(far)
	left := 0
	for _, who := range technicians {
		add(who, CheckOut{"x", note("ticket 1")}, CheckIn{"x"}, GoAway{Until: later, Reason: note("leave")}, ComeBack{}, Take{"x"},
			Offer{Credentials: []string{"x"}, Reason: note("leave"), ExpectedReturn: later}, Offer{All: true, Leave: true, Reason: note("leave"), ExpectedReturn: later})
		for h := range s.OpenHandovers() {
			add(who, Accept{h.ID}, GiveBack{h.ID})
		}
		if p, _ := s.Person(who); p.Disabled {
			left++
		}
	}
	for _, who := range technicians {
		if left == 0 {
			add(boss, Disable{who, note("left")})
		}
		add("b", Disable{who, note("left")})
	}
	add(boss, Disable{boss, note("left")}, Disable{"stranger", note("left")})
	for _, primary := range technicians {
		for _, backup := range technicians {
			add(boss, asking(pairOf("x", primary, backup)))
		}
	}
	add(boss, asking(Park{"x"}), Park{"x"}, RequestRotation{Credential: "x", Reason: note("worn")}, CancelRotation{"x", note("no")}, asking(m.servers[0]))
	c, _ := s.Credential("x")
	id := RotationID{Credential: "x", Number: c.Rotation.Number}
	add(System, ReportArrived{"x"}, ReportStaged{Rotation: id}, ReportApplied{id}, ReportVerified{Rotation: id, OldRefused: c.Version > 0}, ReportPromoted{id, c.Version + 1})
	return commands
}

// leftWith looks at what whoever has left still has of a credential.
func leftWith(before, after *State, was, is Credential) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	for p := range after.People() {
		if !p.Disabled {
			continue
		}
		knows := slices.Contains(is.Exposure, p.Username) || slices.Contains(is.Rotation.ShownTo, p.Username)
		waits := slices.ContainsFunc(p.Leaving.Items, func(i Item) bool { return i.Credential == is.Name && i.Done.IsZero() })
		switch {
		case is.Phase != Retired && is.HasCustodian(p.Username) || is.HeldFor() == p.Username:
			complain("%s has left, and has %s", p.Username, is.Name)
		case is.Phase != Retired && knows && is.Phase != Rotating:
			complain("%s has left, and knows %s", p.Username, is.Name)
		case is.Phase != Retired && knows != waits && (knows || is.Phase != Rotating):
			complain("%s has left, and what is said of %s is wrong", p.Username, is.Name)
		}
	}
	vacated := was.Name != "" && !was.SeatVacant() && is.Phase != Retired && is.SeatVacant()
	if here := func(name string) bool {
		p, _ := before.Person(name)
		q, _ := after.Person(name)
		return !p.Disabled && q.Disabled
	}; vacated &&
		!here(was.Primary) && !here(was.Backup) {
		complain("a seat of %s is vacant, and nobody left", is.Name)
	}
	if is.Phase == Parked && (is.Holder != "" || is.Lease.ID != "" || is.Version < 1) {
		complain("%s is parked, and %q has it", is.Name, is.Holder)
	}
	if was.Phase == Parked && is.Phase == Held && !is.MayHold(is.Holder) {
		complain("%s was parked, and taken by %s", is.Name, is.Holder)
	}
	return complaints
}
