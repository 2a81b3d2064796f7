package custody

import (
	"fmt"

	"github.com/go-json-experiment/json"
)

// Command is what somebody wants. Decide answers it with events or a Refusal.
type Command struct {
	Actor   string // username, or System
	Request string // id of the request, unique: it binds the entries of one command together
	Session string // log-in by which it came: hex of the SHA-256 of its token; "": not said
	Proof   Proof
	Action  Action
}

// Proof is what became of the TOTP code that came with a command. The code and
// the seed stay outside: the domain only learns which of the person's steps the
// code belongs to.
type Proof struct {
	Given     bool    // a code came with the command
	Steps     []int64 // the steps within the allowed skew whose code it is; none: a wrong code
	Enrolment int64   // with the seed of which of the person's enrolments it was looked at
}

// Action is one command. Its decide is the only place that knows when it is
// refused and what it leads to. Its JSON form stands in the ledger, so that an
// auditor can carry it out again: a field is only ever added, with omitzero.
type Action interface {
	// Verb names the command in the ledger.
	Verb() string
	// Subject is the credential, handover or person it is about, as submitted.
	Subject() string

	givers() givers
	decide(*decision) error

	// bare gives what of a refused command may stand in the ledger: names of what
	// exists, and nothing else that was typed, which now and then is a password.
	// It is refused as the command was.
	bare(*State) Action
}

// absent stands for a text that was typed.
const absent = "absent"

// nameOr gives a submitted name if something is called so, and otherwise one that
// nothing is called.
func (s *State) nameOr(name string) string {
	if s.known(name) != "" {
		return name
	}
	other := absent
	for n := 1; s.known(other) != ""; n++ {
		other = fmt.Sprintf("%s-%d", absent, n)
	}
	return other
}

// namesOr is nameOr for several, up to the first that nothing is called: what is done
// to several in their order is refused there.
func (s *State) namesOr(names []string) (all []string) {
	for _, name := range names {
		all = append(all, s.nameOr(name))
		if s.known(name) == "" {
			break
		}
	}
	return all
}

// givers says who can give a command at all. The zero value is nobody: what is
// forgotten refuses.
type givers int

const (
	_ givers = iota
	people
	theSystem // nobody commanded it: the rotation worker, the desk
	peopleAndSystem
	theClock           // nobody commanded it, and nobody is believed: the rules say what time leads to
	byProposal         // whoever asks for it, once others have approved
	byProposalOrSystem // that, or nobody: whoever operates the machine, before the founding
)

func (g givers) include(actor string) *Refusal {
	switch {
	case g == peopleAndSystem, g == people && actor != System, (g == theSystem || g == theClock || g == byProposalOrSystem) && actor == System:
		return nil
	case g == people: // the system is no person: it holds nothing, goes nowhere and has no code
		return refuseForbidden(onlyPerson)
	case g == byProposal, g == byProposalOrSystem:
		return refuseApprovalNeeded()
	}
	return refuseForbidden(onlySystem)
}

// observed says that a command is an observation: the system says what it saw or
// was told, and what it saw cannot be carried out again. Its place and its form are
// checked and its truth is believed. So are all commands of the system that do not
// say otherwise.
func (c Cause) observed(actor string) bool {
	return actor == System && c.Action.givers() != theClock
}

// commands reads the arguments of every command that there is, by its verb.
var commands = map[string]func(args []byte) (Action, error){}

// action enters a command in the registry. Each is one line in the file of its
// subject.
func action[A Action](a A) A {
	if _, twice := commands[a.Verb()]; twice {
		panic(fmt.Sprintf("custody: two commands are called %s", a.Verb()))
	}
	commands[a.Verb()] = func(args []byte) (Action, error) {
		var a A
		if err := json.Unmarshal(args, &a, json.RejectUnknownMembers(true)); err != nil {
			return nil, fmt.Errorf("custody: arguments of %s: %w", a.Verb(), err)
		}
		return a, nil
	}
	return a
}
