package main

import (
	"errors"
	"fmt"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
)

// The exit codes of every verb.
const (
	exitDone         = 0
	exitFailed       = 1 // something did not work
	exitUsage        = 2 // the request makes no sense
	exitRefused      = 3 // a rule refused it
	exitVerification = 4 // the ledger, or a signature, is not what it should be
)

// usageError is a mistake on the command line.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// verificationError is evidence that does not hold.
type verificationError struct{ error }

func (e verificationError) Unwrap() error { return e.error }

// misused says that the request makes no sense, whoever found that out.
func misused(err error) bool {
	_, here := errors.AsType[usageError](err)
	_, there := errors.AsType[auditor.Misuse](err)
	return here || there
}

// exitCode is the one place that turns an error into an exit code.
func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	if misused(err) {
		return exitUsage
	}
	if _, ok := errors.AsType[verificationError](err); ok {
		return exitVerification
	}
	if _, ok := errors.AsType[*audit.VerifyError](err); ok {
		return exitVerification
	}
	if _, ok := errors.AsType[auditor.TableError](err); ok {
		return exitVerification
	}
	if _, ok := errors.AsType[auditor.MissingEntry](err); ok {
		return exitVerification
	}
	if p, ok := errors.AsType[*edge.Problem](err); ok {
		return exitOfProblem(p)
	}
	if r, ok := errors.AsType[*custody.Refusal](err); ok {
		return exitOfRefusal(r)
	}
	return exitFailed
}

// exitOfProblem is for what a server answered, exitOfRefusal for the offline
// verbs: what touched no rule of the policy was not refused by one.
func exitOfProblem(p *edge.Problem) int {
	switch {
	case p.Refused():
		return exitRefused
	case p.Code == custody.InvalidRequest, p.Code == edge.TooLarge:
		return exitUsage
	}
	return exitFailed
}

func exitOfRefusal(r *custody.Refusal) int {
	switch {
	case r.Recorded():
		return exitRefused
	case r.Code == custody.InvalidRequest:
		return exitUsage
	}
	return exitFailed
}
