package soak

import (
	"context"
	"errors"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
)

// A fuse stands before each port of the worker, and before the desk's database.

// fusedStore is a desk.Store.
type fusedStore struct {
	desk.Store
	fuse *fuse
}

func (s fusedStore) Write(ctx context.Context, fn func(desk.Tx) error) error {
	return s.fuse.around(ctx, "database.write", desk.ErrStoreUnavailable, func() error { return s.Store.Write(ctx, fn) })
}

// fusedDesk is a rotation.Desk.
type fusedDesk struct {
	rotation.Desk
	fuse  *fuse
	notes *notes
}

func (d fusedDesk) Do(ctx context.Context, by desk.By, a custody.Action) (outcome desk.Outcome, err error) {
	switch a.(type) {
	case custody.ReportVerified:
		d.notes.write(note{What: reportsVerified})
	case custody.ReportPromoted:
		d.notes.write(note{What: reportsPromoted})
	}
	err = d.fuse.around(ctx, "desk.do", desk.ErrStoreUnavailable, func() error {
		outcome, err = d.Desk.Do(ctx, by, a)
		return err
	})
	return outcome, err
}

// fusedQueue is a rotation.Queue that knows whether the worker is at work.
type fusedQueue struct {
	rotation.Queue
	fuse *fuse
	busy chan bool // holds one value
}

func (q fusedQueue) Unfinished(ctx context.Context) (found []custody.Credential, err error) {
	err = q.fuse.around(ctx, "queue.unfinished", desk.ErrStoreUnavailable, func() error {
		found, err = q.Queue.Unfinished(ctx)
		return err
	})
	return found, err
}

func (q fusedQueue) Credential(ctx context.Context, name string) (c custody.Credential, err error) {
	err = q.fuse.around(ctx, "queue.credential", desk.ErrStoreUnavailable, func() error {
		c, err = q.Queue.Credential(ctx, name)
		return err
	})
	return c, err
}

func (q fusedQueue) Claim(ctx context.Context, credential, owner string, now, until time.Time) (ok bool, err error) {
	err = q.fuse.around(ctx, "queue.claim", desk.ErrStoreUnavailable, func() error {
		ok, err = q.Queue.Claim(ctx, credential, owner, now, until)
		return err
	})
	if ok && err == nil {
		q.set(true)
	}
	return ok, err
}

func (q fusedQueue) Release(ctx context.Context, credential, owner string) error {
	defer q.set(false)
	return q.fuse.around(ctx, "queue.release", desk.ErrStoreUnavailable, func() error {
		return q.Queue.Release(ctx, credential, owner)
	})
}

func (q fusedQueue) set(busy bool) {
	<-q.busy
	q.busy <- busy
}

func (q fusedQueue) isBusy() bool {
	busy := <-q.busy
	q.busy <- busy
	return busy
}

// fusedSecrets is a rotation.Secrets.
type fusedSecrets struct {
	rotation.Secrets
	fuse  *fuse
	notes *notes
}

func (s fusedSecrets) Read(ctx context.Context, path string) (got desk.Versioned, err error) {
	err = s.fuse.around(ctx, "secrets.read", desk.ErrSecretsUnavailable, func() error {
		got, err = s.Secrets.Read(ctx, path)
		return err
	})
	return got, err
}

func (s fusedSecrets) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (version int64, err error) {
	err = s.fuse.around(ctx, "secrets.write", desk.ErrSecretsUnavailable, func() error {
		version, err = s.Secrets.Write(ctx, path, value, cas, labels)
		return err
	})
	return version, err
}

func (s fusedSecrets) Delete(ctx context.Context, path string) error {
	return s.fuse.around(ctx, "secrets.delete", desk.ErrSecretsUnavailable, func() error { return s.Secrets.Delete(ctx, path) })
}

func (s fusedSecrets) Generate(ctx context.Context, policy string) (made custody.Secret, err error) {
	err = s.fuse.around(ctx, "secrets.generate", desk.ErrSecretsUnavailable, func() error {
		made, err = s.Secrets.Generate(ctx, policy)
		s.notes.made(made)
		return err
	})
	return made, err
}

// fusedTarget is a rotation.Target.
type fusedTarget struct {
	rotation.Target
	fuse  *fuse
	notes *notes
}

func (t fusedTarget) Verify(ctx context.Context, secret custody.Secret) error {
	return t.fuse.around(ctx, "target.verify", rotation.ErrUnreachable, func() error {
		err := t.Target.Verify(ctx, secret)
		switch {
		case err == nil:
			t.notes.write(note{letIn, digest(secret)})
		case errors.Is(err, rotation.ErrRefused):
			t.notes.write(note{refused, digest(secret)})
		}
		return err
	})
}

func (t fusedTarget) Change(ctx context.Context, old, next custody.Secret) error {
	return t.fuse.around(ctx, "target.change", rotation.ErrUnreachable, func() error { return t.Target.Change(ctx, old, next) })
}

func (t fusedTarget) Reconcile(ctx context.Context, next custody.Secret) error {
	return t.fuse.around(ctx, reconciling, rotation.ErrUnreachable, func() error { return t.Target.Reconcile(ctx, next) })
}

// fusedMaker is a rotation.Maker.
type fusedMaker struct{ fusedTarget }

func (m fusedMaker) Make(ctx context.Context) (made custody.Secret, err error) {
	err = m.fuse.around(ctx, "target.make", rotation.ErrUnreachable, func() error {
		made, err = m.Target.(rotation.Maker).Make(ctx)
		m.notes.made(made)
		return err
	})
	return made, err
}

// guarded is an Opener of such targets.
func guarded(open rotation.Opener, f *fuse, n *notes) rotation.Opener {
	return func(t custody.Target, admin custody.Secret) (rotation.Target, error) {
		opened, err := open(t, admin)
		if err != nil {
			return nil, err
		}
		wrapped := fusedTarget{opened, f, n}
		if _, makes := opened.(rotation.Maker); makes {
			return fusedMaker{wrapped}, nil
		}
		return wrapped, nil
	}
}
