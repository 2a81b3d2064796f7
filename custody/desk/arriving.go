package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// Secrets that come with a credential are written under a path of their request's
// own, before the request is decided: nobody waits for that, and a request that is
// refused has touched nothing but this path. The entry names the request, and the
// state keeps it until the secrets are where the rotation looks for them, which does
// not begin before. While others have to approve the account, its proposal keeps it. So whoever comes by after a crash knows what to do: what the
// ledger has is moved, and what it has not is removed.

// Arrival is a request that has put secrets under a path of its own.
type Arrival struct {
	Request string
	At      time.Time
}

// arrivalLasts is how long a request that nobody finds in the ledger may still be on
// its way there: longer than any.
const arrivalLasts = 10 * time.Minute

// moveTimeout is how long all may take that has to do with the secrets of one request.
const moveTimeout = 10 * time.Second

// arrivals are the paths of the secrets that come with a credential, each with where it belongs.
func arrivals(request, credential string) [2]struct{ from, to string } {
	return [2]struct{ from, to string }{
		{ArrivingPath(request) + "password", CredentialPath(credential)},
		{ArrivingPath(request) + "key", KeyPath(credential)},
	}
}

// bring writes what comes with a credential under the request's own path.
func (d *Desk) bring(ctx context.Context, request, credential string, secrets [2]custody.Secret) error {
	if err := d.Store.BeginArrival(ctx, request, d.Clock.Now()); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(WithRequest(ctx, request), moveTimeout)
	defer cancel()
	for i, path := range arrivals(request, credential) {
		if secrets[i].IsZero() {
			continue
		}
		if _, err := d.Secrets.Write(ctx, path.from, secrets[i], 0, map[string]string{"credential": credential}); err != nil {
			return fmt.Errorf("store a secret: %w", err)
		}
	}
	return nil
}

// Settle moves what came with a credential to its place, so that its rotation can
// begin. It does nothing where that was done, and goes on where it was cut short.
func (d *Desk) Settle(ctx context.Context, credential string) error {
	err := d.settle(ctx, credential)
	if errors.Is(err, ErrVersion) { // somebody else moves it as well: now it shows what is left to do
		err = d.settle(ctx, credential)
	}
	return err
}

func (d *Desk) settle(ctx context.Context, credential string) error {
	if err := d.catchUpNow(ctx); err != nil {
		return err
	}
	c, _ := d.credential(credential)
	request := c.Arriving
	if request == "" {
		return nil
	}
	ctx = WithRequest(ctx, request)
	var from, to [2]Versioned
	for i, path := range arrivals(request, credential) {
		var err error
		if to[i], err = d.readAny(ctx, path.to); err == nil {
			from[i], err = d.readAny(ctx, path.from)
		}
		if err != nil {
			return err
		}
	}
	// Looked at after both were read: once this has been moved by somebody else, a
	// rotation may have written there, and the version above is no longer the last.
	if err := d.catchUpNow(ctx); err != nil {
		return err
	}
	if c, _ = d.credential(credential); c.Arriving != request {
		return nil
	}
	again := c.Retargeted > 0               // what does not come now stays
	used := !again && c.Rotation.Number > 1 // its name was, and perhaps nothing came now
	if came := from[0].Version + from[1].Version; !used && came+to[0].Version+to[1].Version == 0 || again && came == 0 {
		d.Log.Error("what came with a credential is not in the secret store any more", "credential", credential, "alarm", true)
	}
	var forgotten []string // what another account of this name had, which is tried nowhere
	for i, path := range arrivals(request, credential) {
		if from[i].Version == 0 && used && !(i == 0 && c.Again) {
			forgotten = append(forgotten, path.to)
			continue
		}
		if from[i].Version == 0 || from[i].Value.Equal(to[i].Value) {
			continue
		}
		if _, err := d.Secrets.Write(ctx, path.to, from[i].Value, to[i].Version, map[string]string{"credential": credential}); err != nil {
			return fmt.Errorf("move what came with %s: %w", credential, err)
		}
	}
	// It is removed where nothing can have been written behind it: a rotation begins only
	// once this is committed, and what comes too late here is refused before it removes.
	with := bound{}
	if len(forgotten) > 0 {
		with.store = func(ctx context.Context, _ *custody.State) error {
			for _, path := range forgotten {
				if err := d.Secrets.Delete(ctx, path); err != nil {
					return fmt.Errorf("remove what %s had before: %w", credential, err)
				}
			}
			return nil
		}
	}
	_, err := d.doBound(ctx, By{Actor: custody.System, Request: request}, custody.ReportArrived{Credential: credential}, with)
	if err != nil && custody.CodeOf(err) != custody.Conflict { // another process was first
		return err
	}
	return d.drop(ctx, request)
}

// readAny gives the zero value where there is none.
func (d *Desk) readAny(ctx context.Context, path string) (Versioned, error) {
	v, err := d.Secrets.Read(ctx, path)
	if errors.Is(err, ErrNoSecret) {
		err = nil
	}
	return v, err
}

// drop removes what a request has under its own path.
func (d *Desk) drop(ctx context.Context, request string) error {
	ctx = WithRequest(ctx, request)
	for _, path := range arrivals(request, "") {
		if err := d.Secrets.Delete(ctx, path.from); err != nil {
			return err
		}
	}
	return d.Store.EndArrival(ctx, request)
}

// clearArrivals removes what came with requests that led to nothing, or is in its
// place. What is still to be moved stays: that is the rotation worker's.
func (d *Desk) clearArrivals(ctx context.Context) error {
	all, err := d.Store.Arrivals(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	if err := d.catchUpNow(ctx); err != nil {
		return err
	}
	arriving := map[string]bool{}
	d.mu.RLock()
	for c := range d.state.Credentials() {
		arriving[c.Arriving] = true
	}
	for p := range d.state.OpenProposals() { // others have to approve it yet
		arriving[p.Request] = true
	}
	d.mu.RUnlock()
	for _, a := range all {
		if arriving[a.Request] || d.Clock.Now().Sub(a.At) < arrivalLasts {
			continue
		}
		if err := d.drop(ctx, a.Request); err != nil {
			return err
		}
	}
	return nil
}
