package rotation

import (
	"context"
	"fmt"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Desk enters what happened. It is the desk itself, *desk.Desk.
type Desk interface {
	// Do commits a report; a *custody.Refusal with the code conflict says that
	// another worker is further on.
	Do(ctx context.Context, by desk.By, a custody.Action) (desk.Outcome, error)

	// Settle moves what came with a credential to its place, where that was cut short.
	Settle(ctx context.Context, credential string) error

	// MayTell says whether a dependent may be given a password now: nil, or why not.
	MayTell(ctx context.Context, dependent string) error

	// Follow gives a channel that is closed after the next commit.
	Follow() <-chan struct{}
}

// Queue says what there is to do and who does it: a Worklist. What it says is
// committed, but may be a moment old.
type Queue interface {
	// Credentials gives all, Unfinished those for which something is to be done.
	Credentials(ctx context.Context) ([]custody.Credential, error)
	Unfinished(ctx context.Context) ([]custody.Credential, error)
	Credential(ctx context.Context, name string) (custody.Credential, error)

	// Claim takes the lease of a credential's rotation, or prolongs it for who
	// has it already; false when it is somebody else's until after now.
	// Release gives it back; no error when it is not owner's any more.
	Claim(ctx context.Context, credential, owner string, now, until time.Time) (bool, error)
	Release(ctx context.Context, credential, owner string) error
}

// Secrets is what is used of desk.Secrets, with its errors.
type Secrets interface {
	Read(ctx context.Context, path string) (desk.Versioned, error)
	ReadVersion(ctx context.Context, path string, version int64) (custody.Secret, error)
	Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error)
	Delete(ctx context.Context, path string) error
	Generate(ctx context.Context, policy string) (custody.Secret, error)
}

// RequestID is under which a rotation does everything: its entries have it, and
// the secret store's audit log. It is no random one, so that what a crash cut
// short can still be told from what nobody asked for.
func RequestID(id custody.RotationID) string {
	return fmt.Sprintf("rotation-%s-%d", id.Credential, id.Number)
}

func stagedPath(id custody.RotationID) string { return desk.StagedPath(id.Credential, id.Number) }
