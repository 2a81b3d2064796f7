package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

func TestExitCode(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, exitDone},
		{errors.New("no route to host"), exitFailed},
		{usagef("which one?"), exitUsage},
		{fmt.Errorf("around: %w", usagef("which one?")), exitUsage},
		{&api.Problem{Code: custody.BothAway}, exitRefused},
		{&api.Problem{Code: custody.TOTPInvalid}, exitRefused},
		{&api.Problem{Code: custody.LockedOut}, exitRefused},
		{fmt.Errorf("around: %w", &api.Problem{Code: custody.NotHolder}), exitRefused},
		{&api.Problem{Code: custody.InvalidRequest}, exitUsage},
		{&api.Problem{Code: api.TooLarge}, exitUsage},
		{&api.Problem{Code: custody.NotFound}, exitFailed},
		{&api.Problem{Code: custody.Unauthenticated}, exitFailed},
		{&api.Problem{Code: api.RateLimited}, exitFailed},
		{&api.Problem{Code: api.VaultUnavailable}, exitFailed},
		{&custody.Refusal{Code: custody.Conflict}, exitRefused},
		{&custody.Refusal{Code: custody.InvalidRequest}, exitUsage},
		{&custody.Refusal{Code: custody.NotFound}, exitFailed},
		{&audit.VerifyError{Index: 7, Err: audit.ErrNode}, exitVerification},
		{verificationError{audit.ErrProof}, exitVerification},
	} {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("%v: got %d, want %d", test.err, got, test.want)
		}
	}
}
