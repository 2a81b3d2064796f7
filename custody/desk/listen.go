package desk

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// settle is between hearing of a commit and the look at what it was: those that follow
	// soon are taken in with it, under one lock of the head.
	settle = 100 * time.Millisecond

	listenPause = time.Second // after trouble, the first time
	listenMost  = time.Minute // and at most
)

// listen hears of what other processes commit, until the desk is closed. Without it they
// are found out too, a second later.
func (d *Desk) listen() {
	defer close(d.heard)
	ctx, cancel := d.whileOpen()
	defer cancel()
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = listenPause, listenMost
	for ctx.Err() == nil {
		began := time.Now()
		err := d.Store.Listen(ctx, func() {
			select {
			case d.woken <- struct{}{}:
			default: // it is to look already
			}
		})
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > listenMost {
			pause.Reset()
		}
		d.Log.Info("what others commit is looked for each second, and not heard of", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(pause.NextBackOff()):
		}
	}
}

// lookForMore takes in what others have committed, and was not taken in yet. It is the
// committer's.
func (d *Desk) lookForMore() {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	if d.trusted() != nil {
		return
	}
	if size, err := d.Store.Size(ctx); err == nil && size != d.state.Size {
		d.commit(nil)
	}
}
