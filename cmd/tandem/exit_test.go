package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tandem-custody/tandem/api/edge"
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
		{&edge.Problem{Code: custody.BothAway}, exitRefused},
		{&edge.Problem{Code: custody.TOTPInvalid}, exitRefused},
		{&edge.Problem{Code: custody.LockedOut}, exitRefused},
		{fmt.Errorf("around: %w", &edge.Problem{Code: custody.NotHolder}), exitRefused},
		{&edge.Problem{Code: custody.InvalidRequest}, exitUsage},
		{&edge.Problem{Code: edge.TooLarge}, exitUsage},
		{&edge.Problem{Code: custody.NotFound}, exitFailed},
		{&edge.Problem{Code: custody.Unauthenticated}, exitFailed},
		{&edge.Problem{Code: edge.RateLimited}, exitFailed},
		{&edge.Problem{Code: edge.VaultUnavailable}, exitFailed},
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
