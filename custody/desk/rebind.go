package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// Rebinding is the way back for a ledger whose secret store is not what it was: put back
// from before, or set up anew. No server may run meanwhile.
type Rebinding struct {
	New         bool       // the store has nothing in it
	Size        int64      // entries of the ledger
	Root        audit.Hash // of those
	People      []string   // whose log-in is lost; of a new store that of everybody, and nobody is named
	Credentials []string   // whose present password is lost; likewise

	desk      *Desk
	bound     Binding
	confirmed []custody.ConfirmedBy
}

// ErrNothingLost: the secret store has everything that is on record.
var ErrNothingLost = errors.New("the secret store has everything that is on record: there is nothing to rebind")

// PlanRebinding finds what of that is on record the secret store does not have, and changes
// nothing. The error says why it cannot be told now, that the store is another
// installation's, or that the ledger is suspect by itself.
func PlanRebinding(ctx context.Context, c Config) (*Rebinding, error) {
	d := newDesk(c)
	if err := d.load(ctx); err != nil {
		return nil, err
	}
	if err := d.trusted(); err != nil {
		return nil, err
	}
	bound, err := d.Store.Binding(ctx)
	if err != nil {
		return nil, err
	}
	if !bound.Bound {
		return nil, errors.New("this database has not met its secret store yet: start the server, and nothing has to be rebound")
	}
	if bound.Origin != d.Origin {
		return nil, fmt.Errorf("%w: this database's ledger is %q, the configuration says %q", ErrOtherOrigin, bound.Origin, d.Origin)
	}
	r := &Rebinding{desk: d, bound: bound}
	here, err := d.hereNow()
	if err != nil {
		return nil, err
	}
	r.Size, r.Root = here.Size, here.Root
	switch kept, err := d.Secrets.Read(ctx, SentinelPath); {
	case errors.Is(err, ErrNoSecret):
		// No seal can be looked at: each entry has to follow from its command, and the
		// tables from the entries. That nothing is missing, a kept checkpoint says.
		r.New = true
		return r, d.carryOutAgain(ctx, anchor{point: here.point, State: here.State, Since: here.point}, here)
	case errors.Is(err, ErrNotOurs):
		return nil, fmt.Errorf("%w: %w", ErrWrapKey, err)
	case err != nil:
		return nil, secretsUnavailable(err)
	case kept.Value.Reveal() != bound.inSecrets():
		return nil, fmt.Errorf("%w: it keeps another sentinel than this database knows, at %s", ErrOtherSecrets, SentinelPath)
	}
	if err := d.sameKey(ctx, bound); err != nil {
		return nil, err
	}
	if err := d.assure(ctx); err != nil {
		return nil, err
	}
	if err := r.look(ctx); err != nil {
		return nil, err
	}
	if len(r.People) == 0 && len(r.Credentials) == 0 {
		return nil, ErrNothingLost
	}
	return r, nil
}

// look finds what an older store does not have.
func (r *Rebinding) look(ctx context.Context) error {
	d := r.desk
	missing := func(err error) (bool, error) {
		if errors.Is(err, ErrNoSecret) {
			return true, nil
		} else if err != nil {
			err = secretsUnavailable(err)
		}
		return false, err
	}
	for c := range d.state.Credentials() {
		if !c.Active() {
			continue
		}
		lost, err := false, error(nil)
		if c.Version > 0 {
			lost, err = missing(d.Secrets.Has(ctx, CredentialPath(c.Name), c.Version))
		}
		if err == nil && !lost && c.Phase == custody.Rotating && c.Rotation.Step != custody.StepPending {
			lost, err = missing(d.Secrets.Has(ctx, StagedPath(c.Name, c.Rotation.Number), 0))
		}
		if err != nil {
			return err
		}
		if lost {
			r.Credentials = append(r.Credentials, c.Name)
		}
	}
	for p := range d.state.People() {
		if !p.Enrolled {
			continue
		}
		_, err := d.seed(ctx, p)
		lost, err := missing(err)
		if err == nil && !lost && p.Account > 0 {
			lost, err = missing(d.Secrets.Has(ctx, AccountPath(p.Username), p.Account))
		}
		if err != nil {
			return err
		}
		if lost {
			r.People = append(r.People, p.Username)
		}
	}
	slices.Sort(r.People)
	slices.Sort(r.Credentials)
	return nil
}

// LedgerKey is the key that signed the ledger's checkpoints until now: a new store has
// another, and what was kept of before is checked by this one.
func (r *Rebinding) LedgerKey() (string, error) {
	return audit.VerifierKey(r.bound.Origin, r.bound.LedgerKey)
}

// Confirm takes the code of somebody who confirms that an older store goes on.
func (r *Rebinding) Confirm(ctx context.Context, username, code string) error {
	by, err := r.desk.confirmsOnHost(ctx, username, code)
	if err == nil {
		r.confirmed = append(r.confirmed, by)
	}
	return err
}

// confirmsOnHost takes the code of somebody who confirms what is done to a ledger that
// nobody serves.
func (d *Desk) confirmsOnHost(ctx context.Context, username, code string) (custody.ConfirmedBy, error) {
	person, known := d.person(username)
	var steps []int64
	var err error
	if known {
		if steps, err = d.match(ctx, person, code); err != nil {
			return custody.ConfirmedBy{}, err
		}
	}
	by := custody.ConfirmedBy{Person: username}
	for _, step := range steps {
		by.Step = max(by.Step, step)
	}
	if refusal := d.state.MayConfirmRecovery(by); refusal != nil {
		return custody.ConfirmedBy{}, refusal
	}
	return by, nil
}

// CarryOut enters it, and has database and secret store belong together again. Whatever
// cuts this short is found at the next start, and done again.
func (r *Rebinding) CarryOut(ctx context.Context, reason, request string) (err error) {
	d := r.desk
	// Who does it sees the clock; only behind the ledger it cannot be right.
	d.time.trust()
	if err := d.ClockWrong(); err != nil {
		return err
	}
	action := custody.RebindSecrets{Reason: NewNote(reason), Confirmed: r.confirmed, New: r.New}
	if r.New {
		if err := d.macs.make(ctx, d.Secrets); err != nil {
			return secretsUnavailable(err)
		}
		first, err := d.macs.inForce(ctx, d.Secrets, "")
		if err != nil {
			return err
		}
		if len(d.state.SealKeys()) > 0 {
			action.SealKey, d.resealed = first.id, first.id
		}
	} else {
		action = action.Losing(r.People, r.Credentials)
	}
	command := custody.Command{Actor: custody.System, Request: request, Action: action}
	if _, err := custody.Decide(d.state, command, d.Clock.Now()); err != nil { // before anything is written
		return err
	}
	if r.New {
		// What accounts and mailboxes were called by under the salt that is lost stays, and
		// tells them from each other; from what comes it does once each is said again.
		if _, err := makeOnce(ctx, d.Secrets, IdentityPath); err != nil {
			return secretsUnavailable(err)
		}
	}
	if err := r.clear(ctx, action); err != nil {
		return err
	}
	d.found.Store(&finding{})
	go d.run()
	d.alone()
	defer func() { err = errors.Join(err, d.Close()) }()
	if _, err := d.send(&call{ctx: ctx, command: command, answer: make(chan answer, 1)}); err != nil {
		return err
	}
	if r.New {
		return d.bind(ctx, r.bound, 0)
	}
	return nil
}

// clear has the store count the versions of what is lost from where the ledger is, each of
// those that are not there empty, so that no version ever is another's. From a new store it
// first takes whatever is there under our names: nobody comes to a password by founding an
// installation anew.
func (r *Rebinding) clear(ctx context.Context, a custody.RebindSecrets) error {
	d := r.desk
	if r.New {
		for p := range d.state.People() {
			for _, path := range []string{SeedPath(p.Username), AccountPath(p.Username)} {
				if err := d.Secrets.Delete(ctx, path); err != nil {
					return secretsUnavailable(err)
				}
			}
		}
	}
	for c := range d.state.Credentials() {
		if !c.Active() || !r.New && !a.AllLost && !slices.Contains(a.Credentials, c.Name) {
			continue
		}
		if r.New {
			for _, path := range []string{CredentialPath(c.Name), KeyPath(c.Name), StagedPath(c.Name, c.Rotation.Number)} {
				if err := d.Secrets.Delete(ctx, path); err != nil {
					return secretsUnavailable(err)
				}
			}
		}
		if err := d.countTo(ctx, CredentialPath(c.Name), c.Version); err != nil {
			return err
		}
	}
	return nil
}

// countTo writes nothing at a path until it has that version.
func (d *Desk) countTo(ctx context.Context, path string, version int64) error {
	now, err := d.Secrets.Read(ctx, path)
	if err != nil && !errors.Is(err, ErrNoSecret) {
		return secretsUnavailable(err)
	}
	for at := now.Version; at < version; at++ {
		if _, err := d.Secrets.Write(ctx, path, custody.Secret{}, at, nil); err != nil {
			return fmt.Errorf("count the versions at %s on to %d: %w", path, version, err)
		}
	}
	return nil
}
