package main

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/store"
)

type zzQueue struct{ *store.Store }

func (q zzQueue) Rotating(ctx context.Context) ([]custody.Credential, error) {
	all, err := q.Store.Credentials(ctx)
	var out []custody.Credential
	for _, c := range all {
		if c.Phase == custody.Rotating {
			out = append(out, c)
		}
	}
	return out, err
}
