package soak

import (
	"context"
	"errors"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
)

// What stands before each port of the worker, and before the desk's database:
// a fuse, and somebody who takes notes.

// database is a desk.Store.
type database struct {
	desk.Store
	fuse *fuse
}

func (d database) Write(ctx context.Context, fn func(desk.Tx) error) error {
	return d.fuse.around(ctx, "database.write", desk.ErrStoreUnavailable, func() error { return d.Store.Write(ctx, fn) })
}

// counter is a rotation.Desk.
type counter struct {
	rotation.Desk
	fuse  *fuse
	notes *notes
}

func (c counter) Do(ctx context.Context, i desk.Intent) (outcome desk.Outcome, err error) {
	switch i.Action.(type) {
	case custody.ReportVerified:
		c.notes.write(note{What: reportsVerified})
	case custody.ReportPromoted:
		c.notes.write(note{What: reportsPromoted})
	}
	err = c.fuse.around(ctx, "desk.do", desk.ErrStoreUnavailable, func() error {
		outcome, err = c.Desk.Do(ctx, i)
		return err
	})
	return outcome, err
}

// queue is a rotation.Queue that knows whether the worker is at work.
type queue struct {
	rotation.Queue
	fuse *fuse
	busy chan bool // holds one value
}

func (q queue) Unfinished(ctx context.Context) (found []custody.Credential, err error) {
	err = q.fuse.around(ctx, "queue.unfinished", desk.ErrStoreUnavailable, func() error {
		found, err = q.Queue.Unfinished(ctx)
		return err
	})
	return found, err
}

func (q queue) Credential(ctx context.Context, name string) (c custody.Credential, err error) {
	err = q.fuse.around(ctx, "queue.credential", desk.ErrStoreUnavailable, func() error {
		c, err = q.Queue.Credential(ctx, name)
		return err
	})
	return c, err
}

func (q queue) Claim(ctx context.Context, credential, owner string, now, until time.Time) (ok bool, err error) {
	err = q.fuse.around(ctx, "queue.claim", desk.ErrStoreUnavailable, func() error {
		ok, err = q.Queue.Claim(ctx, credential, owner, now, until)
		return err
	})
	if ok && err == nil {
		q.set(true)
	}
	return ok, err
}

func (q queue) Release(ctx context.Context, credential, owner string) error {
	defer q.set(false)
	return q.fuse.around(ctx, "queue.release", desk.ErrStoreUnavailable, func() error {
		return q.Queue.Release(ctx, credential, owner)
	})
}

func (q queue) set(busy bool) {
	<-q.busy
	q.busy <- busy
}

func (q queue) isBusy() bool {
	busy := <-q.busy
	q.busy <- busy
	return busy
}

// vaults is a rotation.Secrets.
type vaults struct {
	rotation.Secrets
	fuse  *fuse
	notes *notes
}

func (v vaults) Read(ctx context.Context, path string) (got desk.Versioned, err error) {
	err = v.fuse.around(ctx, "secrets.read", desk.ErrSecretsUnavailable, func() error {
		got, err = v.Secrets.Read(ctx, path)
		return err
	})
	return got, err
}

func (v vaults) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (version int64, err error) {
	err = v.fuse.around(ctx, "secrets.write", desk.ErrSecretsUnavailable, func() error {
		version, err = v.Secrets.Write(ctx, path, value, cas, labels)
		return err
	})
	return version, err
}

func (v vaults) Delete(ctx context.Context, path string) error {
	return v.fuse.around(ctx, "secrets.delete", desk.ErrSecretsUnavailable, func() error { return v.Secrets.Delete(ctx, path) })
}

func (v vaults) Generate(ctx context.Context, policy string) (made custody.Secret, err error) {
	err = v.fuse.around(ctx, "secrets.generate", desk.ErrSecretsUnavailable, func() error {
		made, err = v.Secrets.Generate(ctx, policy)
		v.notes.made(made)
		return err
	})
	return made, err
}

// target is a rotation.Target.
type target struct {
	rotation.Target
	fuse  *fuse
	notes *notes
}

func (t target) Verify(ctx context.Context, secret custody.Secret) error {
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

func (t target) Change(ctx context.Context, old, next custody.Secret) error {
	return t.fuse.around(ctx, "target.change", rotation.ErrUnreachable, func() error { return t.Target.Change(ctx, old, next) })
}

func (t target) Reconcile(ctx context.Context, next custody.Secret) error {
	return t.fuse.around(ctx, reconciling, rotation.ErrUnreachable, func() error { return t.Target.Reconcile(ctx, next) })
}

// maker is a rotation.Maker.
type maker struct{ target }

func (m maker) Make(ctx context.Context) (made custody.Secret, err error) {
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
		wrapped := target{opened, f, n}
		if _, makes := opened.(rotation.Maker); makes {
			return maker{wrapped}, nil
		}
		return wrapped, nil
	}
}
