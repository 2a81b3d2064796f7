package main

import (
	"context"
	"slices"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/store"
)

// queue is the store as the rotation worker asks it.
type queue struct{ *store.Store }

var _ rotation.Queue = queue{}

// Rotating implements rotation.Queue.
func (q queue) Rotating(ctx context.Context) ([]custody.Credential, error) {
	all, err := q.Credentials(ctx)
	return slices.DeleteFunc(all, func(c custody.Credential) bool { return c.Phase != custody.Rotating }), err
}
