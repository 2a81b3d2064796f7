package vault

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/hashicorp/vault/api"

	"github.com/tandem-custody/tandem/custody/desk"
)

// maxReason is how much of one of Vault's reasons is repeated, in bytes.
const maxReason = 200

// answer is an answer of Vault's that is not the one hoped for.
type answer struct {
	status  int
	reasons []string
}

func (a *answer) Error() string {
	if len(a.reasons) == 0 {
		return fmt.Sprintf("Vault answered %d", a.status)
	}
	return fmt.Sprintf("Vault answered %d: %s", a.status, strings.Join(a.reasons, "; "))
}

// Status is the answer's HTTP status.
func (a *answer) Status() int { return a.status }

// says whether one of the reasons holds these words.
func (a *answer) says(words string) bool {
	for _, reason := range a.reasons {
		if strings.Contains(reason, words) {
			return true
		}
	}
	return false
}

// explain makes an error of Vault's client one that is fit to be shown. ctx is
// the caller's, without the timeout of the request.
func explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("vault: %w", ctx.Err())
	}
	if response, ok := errors.AsType[*api.ResponseError](err); ok {
		a := &answer{status: response.StatusCode}
		// What is not in Vault's own form comes from something between, and
		// that may repeat the request, headers and all.
		if !response.RawError {
			for _, reason := range response.Errors {
				reason = strings.Join(strings.Fields(reason), " ")
				a.reasons = append(a.reasons, reason[:min(len(reason), maxReason)])
			}
		}
		return a
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer from Vault in time")
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		if a, ok := failed.Err.(*answer); ok { // a redirect, see carrier
			return a
		}
		return fmt.Errorf("cannot reach Vault: %w", failed.Err)
	}
	return err
}

// status is that of Vault's answer, 0 when err is none.
func status(err error) int {
	if a, ok := errors.AsType[*answer](err); ok {
		return a.status
	}
	return 0
}

// unavailable is for a failed call that changed nothing, or may be repeated.
func unavailable(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, desk.ErrSecretsUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", desk.ErrSecretsUnavailable, err)
}

// unwritten is for a failed write: unavailable when it is certain that Vault
// did nothing, and an error of no kind when it is not.
func unwritten(err error) error {
	if err == nil {
		return nil
	}
	if a, ok := errors.AsType[*answer](err); ok {
		switch {
		case a.status >= 400 && a.status < 500, a.says("Vault is sealed"):
			return unavailable(err)
		}
	}
	if network, ok := errors.AsType[*net.OpError](err); ok && network.Op == "dial" {
		return unavailable(err)
	}
	if errors.Is(err, desk.ErrSecretsUnavailable) {
		return err // no request was sent
	}
	return fmt.Errorf("vault: whether it was written is unknown: %w", err)
}

// refusedCAS tells the one 400 that means another version from all others.
// Vault has no code for it (vault-plugin-secrets-kv, validateCheckAndSetOption).
func refusedCAS(err error) bool {
	a, ok := errors.AsType[*answer](err)
	return ok && a.status == http.StatusBadRequest && a.says("check-and-set parameter did not match")
}

// notFound says that the engine is there and answered that nothing is at the
// path. Where no engine is mounted Vault answers 404 too, but with a reason.
func notFound(err error) bool {
	a, ok := errors.AsType[*answer](err)
	return ok && a.status == http.StatusNotFound && len(a.reasons) == 0
}
