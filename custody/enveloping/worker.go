package enveloping

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/envelope"
)

// Desk is what is used of the desk, *desk.Desk.
type Desk interface {
	Do(ctx context.Context, by desk.By, a custody.Action) (desk.Outcome, error)
	Envelopes(ctx context.Context) (desk.Envelopes, error)
	Keyholders(ctx context.Context) ([]custody.Keyholder, error)
	Credential(ctx context.Context, name string) (custody.Credential, error)

	// MayWriteEnvelopes says whether the folder of this process is in force.
	MayWriteEnvelopes(ctx context.Context) error
	ClockWrong() error

	// Follow gives a channel that is closed after the next commit.
	Follow() <-chan struct{}
}

// Secrets is what is used of desk.Secrets.
type Secrets interface {
	ReadVersion(ctx context.Context, path string, version int64) (custody.Secret, error)
}

// Leases say which of several processes writes: those of rotations, under another name.
type Leases interface {
	Claim(ctx context.Context, name, owner string, now, until time.Time) (bool, error)
	Release(ctx context.Context, name, owner string) error
}

// lease is what this work is called among the leases: no credential can be called so.
const lease = ":envelopes"

// Config is what a worker needs. Of the numbers, zero means the one named.
type Config struct {
	Desk    Desk
	Secrets Secrets
	Leases  Leases
	Folder  envelope.Folder // Path "": none is configured
	Origin  string          // of the ledger
	Clock   desk.Clock
	Log     *slog.Logger
	Owner   string // of the lease; empty: a random name

	Interval   time.Duration // between two looks when nothing wakes the worker: 1 min
	Settle     time.Duration // how long a look is put off after a commit: commits come in bursts; 500 ms
	CheckEvery time.Duration // how often the files in force are looked at: 24 h
	Lease      time.Duration // a claim holds this long when its worker dies: 1 min
	Timeout    time.Duration // for each thing asked of the desk, the secret store, a plug-in: 30 s
	BackoffMax time.Duration // the longest pause after a failure: 15 min

	// Hook is called between each two steps, for tests that crash there: intended, read,
	// written, sealed. nil in production.
	Hook func(step string)
}

func (c Config) hook(step string) {
	if c.Hook != nil {
		c.Hook(step)
	}
}

// Worker makes envelopes.
type Worker struct {
	Config
	pause   *backoff.ExponentialBackOff
	resume  time.Time     // nothing is tried before
	checked time.Time     // when the files were looked at last, all of them
	closing chan struct{} // has a place while a plug-in is at work: one that hangs holds up the next, and no more
	waiting bool          // for a manager to acknowledge the folder, and that was logged
}

// New makes one; Run sets it to work.
func New(c Config) *Worker {
	c.Owner = cmp.Or(c.Owner, "envelopes-"+rand.Text())
	c.Interval = cmp.Or(c.Interval, time.Minute)
	c.Settle = cmp.Or(c.Settle, 500*time.Millisecond)
	c.CheckEvery = cmp.Or(c.CheckEvery, 24*time.Hour)
	c.Lease = cmp.Or(c.Lease, time.Minute)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.BackoffMax = cmp.Or(c.BackoffMax, 15*time.Minute)
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = min(5*time.Second, c.BackoffMax), c.BackoffMax
	return &Worker{Config: c, pause: pause, closing: make(chan struct{}, 1)}
}

// Run works until ctx ends, and returns its error.
func (w *Worker) Run(ctx context.Context) error {
	look := time.NewTimer(0)
	defer look.Stop()
	for {
		committed := w.Desk.Follow() // before looking, so that no commit falls between
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
		w.Look(ctx)
		look.Reset(w.Interval)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-committed:
			look.Reset(w.Settle)
		case <-look.C:
			look.Reset(0)
		}
	}
}

// Look does what there is to do now. What goes wrong is on record where somebody can put it
// right, and in the log.
func (w *Worker) Look(ctx context.Context) {
	if w.Clock.Now().Before(w.resume) {
		return
	}
	err := w.look(ctx)
	switch {
	case err == nil:
		w.pause.Reset()
		w.resume = time.Time{}
	case ctx.Err() != nil:
	default:
		wait := w.pause.NextBackOff()
		w.resume = w.Clock.Now().Add(wait)
		w.Log.Warn("envelopes could not be made", "error", err, "next_in", wait)
	}
}

func (w *Worker) look(ctx context.Context) error {
	if able, err := w.keyholders(ctx); err != nil || len(able) == 0 || w.Desk.ClockWrong() != nil {
		return err // where nobody has a key every commit would have all credentials looked at
	}
	now, err := w.known(ctx)
	if err != nil {
		return err
	}
	lacking := slices.DeleteFunc(slices.Clone(now.Of), func(c desk.Enveloped) bool { return !c.Lacks })
	due := !w.Clock.Now().Before(w.checked.Add(w.CheckEvery))
	if len(lacking) == 0 && !due {
		return nil
	}
	if w.Folder.Path == "" {
		return w.failed(ctx, envelope.ErrFolderMissing)
	}
	if err := w.mayWrite(ctx); err != nil {
		return err
	}
	if w.waiting {
		return nil
	}
	if mine, err := w.claim(ctx); err != nil || !mine {
		return err
	}
	defer w.release(ctx)
	if due {
		if err := w.check(ctx, now); err != nil {
			return err
		}
		w.checked = w.Clock.Now()
		if now, err = w.known(ctx); err != nil {
			return err
		}
		lacking = slices.DeleteFunc(slices.Clone(now.Of), func(c desk.Enveloped) bool { return !c.Lacks })
	}
	used, claimed := now.Used(), w.Clock.Now()
	for _, c := range lacking {
		if now := w.Clock.Now(); !now.Before(claimed.Add(w.Lease / 4)) { // each claim is a write of its own
			if mine, err := w.claim(ctx); err != nil || !mine {
				return err
			}
			claimed = now
		}
		if err := w.make(ctx, c.Name, c.Version, used); err != nil {
			return err
		}
	}
	return nil
}

// mayWrite waits for a manager where the folder is another than is in force. That is said
// by the configuration; here it is only logged, once.
func (w *Worker) mayWrite(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	err := w.Desk.MayWriteEnvelopes(ctx)
	if errors.Is(err, desk.ErrUnacknowledged) {
		if !w.waiting {
			w.Log.Warn("envelopes are not written", "error", err)
		}
		w.waiting = true
		return nil
	}
	w.waiting = false
	return err
}

func (w *Worker) known(ctx context.Context) (desk.Envelopes, error) {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	return w.Desk.Envelopes(ctx)
}

func (w *Worker) keyholders(ctx context.Context) ([]custody.Keyholder, error) {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	return w.Desk.Keyholders(ctx)
}

func (w *Worker) claim(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	now := w.Clock.Now()
	return w.Leases.Claim(ctx, lease, w.Owner, now, now.Add(w.Lease))
}

func (w *Worker) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.Timeout)
	defer cancel()
	if err := w.Leases.Release(ctx, lease, w.Owner); err != nil {
		w.Log.Debug("the lease on envelopes could not be released; it ends by itself", "error", err)
	}
}

// check looks at every file that is in force. All are looked at before any is made anew, so
// that a folder that lost them all is one alarm.
func (w *Worker) check(ctx context.Context, now desk.Envelopes) error {
	for _, c := range now.Of {
		if !c.InForce {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		sealed := c.Envelope.Sealed
		err := w.Folder.Check(desk.EnvelopeFile(c.Name, sealed.Number), sealed.Digest)
		var why custody.Why
		switch {
		case err == nil:
			continue
		case errors.Is(err, envelope.ErrFileMissing):
			why = custody.WhyFileMissing
		case errors.Is(err, envelope.ErrFileChanged):
			why = custody.WhyFileChanged
		default:
			return w.failed(ctx, err)
		}
		w.Log.Warn("an envelope is not what was written", "credential", c.Name, "envelope", sealed.Number, "why", why)
		if err := w.enter(ctx, rand.Text(), custody.FailEnvelope{Credential: c.Name, Envelope: sealed.Number, Why: why}); err != nil {
			return err
		}
	}
	return nil
}

// make makes one envelope. nil: it is there, or is not to be made any more.
func (w *Worker) make(ctx context.Context, name string, version int64, used bool) error {
	if err := w.Folder.Ready(used); err != nil { // before a password is read for nothing
		return w.failed(ctx, err)
	}
	request := "envelope-" + name + "-" + rand.Text()
	if err := w.enter(ctx, request, custody.IntendEnvelope{Credential: name, Version: version}); err != nil {
		return ifNotLate(err)
	}
	w.hook("intended")
	c, holders, err := w.of(ctx, name)
	if err != nil || c.Version != version {
		return err
	}
	content, proof, err := w.closed(desk.WithRequest(ctx, request), c, holders)
	if err != nil {
		return w.failed(ctx, err)
	}
	if err := w.Folder.Write(desk.EnvelopeFile(name, c.Envelope.Number), content, used); err != nil {
		return w.failed(ctx, err)
	}
	w.hook("written")
	err = w.enter(ctx, request, custody.SealEnvelope{
		Credential: name, Envelope: c.Envelope.Number, Digest: envelope.Digest(content), Proof: envelope.Digest([]byte(proof.Reveal())),
	})
	if err != nil {
		return ifNotLate(err)
	}
	w.hook("sealed")
	w.Log.Info("an envelope was made", "credential", name, "version", version, "envelope", c.Envelope.Number)
	return nil
}

// ifNotLate drops a refusal: meanwhile the password was changed, or others hold the keys.
func ifNotLate(err error) error {
	if custody.CodeOf(err) == custody.Conflict {
		return nil
	}
	return err
}

// of gives a credential with where it is, and for whom its envelope is.
func (w *Worker) of(ctx context.Context, name string) (custody.Credential, []envelope.Keyholder, error) {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	c, err := w.Desk.Credential(ctx, name)
	if err != nil {
		return custody.Credential{}, nil, err
	}
	able, err := w.Desk.Keyholders(ctx) // as they are since it was entered
	var holders []envelope.Keyholder
	for _, k := range able {
		holders = append(holders, envelope.Keyholder{Name: k.Person, Recipient: k.Recipient})
	}
	return c, holders, err
}

// closed reads the password and closes it. A plug-in that hangs is waited for no longer than
// the timeout, and nothing else is begun beside it.
func (w *Worker) closed(ctx context.Context, c custody.Credential, holders []envelope.Keyholder) ([]byte, custody.Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	password, err := w.Secrets.ReadVersion(ctx, desk.CredentialPath(c.Name), c.Version)
	if err != nil {
		return nil, custody.Secret{}, err
	}
	w.hook("read")
	proof := custody.SecretString(rand.Text())
	letter := envelope.Letter{Kind: c.Target.Kind, Address: c.Target.Address.String(), Account: c.Target.Account.String(), Password: password, Proof: proof}
	label := envelope.Label{Origin: w.Origin, Credential: c.Name, Version: c.Version, Number: c.Envelope.Number, Made: w.Clock.Now()}
	select {
	case w.closing <- struct{}{}:
	case <-ctx.Done():
		return nil, custody.Secret{}, fmt.Errorf("%w: a plug-in does not answer", envelope.ErrRecipient)
	}
	type sealed struct {
		content []byte
		err     error
	}
	done := make(chan sealed, 1)
	go func() {
		defer func() { <-w.closing }()
		content, err := envelope.Seal(label, letter, holders)
		done <- sealed{content, err}
	}()
	select {
	case s := <-done:
		return s.content, proof, s.err
	case <-ctx.Done():
		return nil, custody.Secret{}, fmt.Errorf("%w: a plug-in does not answer", envelope.ErrRecipient)
	}
}

// whys are the reasons of the folder's, as the ledger has them.
var whys = []struct {
	err error
	why custody.Why
}{
	{envelope.ErrFolderMissing, custody.WhyFolderMissing},
	{envelope.ErrFolderLink, custody.WhyFolderLink},
	{envelope.ErrFull, custody.WhyFolderFull},
	{envelope.ErrNotWritable, custody.WhyNotWritable},
	{envelope.ErrRecipient, custody.WhyRecipient},
}

// failed enters why no envelope can be made, and gives the error: the rest is tried later.
// What the secret store or the desk said is their own alarm.
func (w *Worker) failed(ctx context.Context, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var why custody.Why
	for _, known := range whys {
		if errors.Is(cause, known.err) {
			why = known.why
		}
	}
	if why == "" {
		if errors.Is(cause, desk.ErrSecretsUnavailable) || errors.Is(cause, desk.ErrNoSecret) {
			return cause
		}
		why = custody.WhyDisk
	}
	return errors.Join(cause, w.enter(ctx, rand.Text(), custody.FailEnvelope{Why: why}))
}

func (w *Worker) enter(ctx context.Context, request string, a custody.Action) error {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	_, err := w.Desk.Do(ctx, desk.By{Actor: custody.System, Request: request}, a)
	return err
}

// Superseded gives the files in the folder that are not in force, by name: to be destroyed.
func (w *Worker) Superseded(ctx context.Context) ([]string, error) {
	if w.Folder.Path == "" {
		return nil, nil
	}
	now, err := w.known(ctx)
	if err != nil || !now.Used() {
		return nil, err
	}
	names, err := w.Folder.List()
	if err != nil {
		return nil, err
	}
	kept := map[string]bool{}
	for _, c := range now.Of {
		kept[desk.EnvelopeFile(c.Name, c.Envelope.Sealed.Number)] = c.InForce || c.Envelope.Sealed.Version == c.Version && c.Lacks
		if c.Envelope.Number > c.Envelope.Sealed.Number { // it is being made
			kept[desk.EnvelopeFile(c.Name, c.Envelope.Number)] = true
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return kept[name] }), nil
}
