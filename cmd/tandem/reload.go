package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/embedded"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/witnessing"
)

// reloader reads again, on SIGHUP, what may change while the server runs: files
// with secrets and certificates, and the log's level. Each by itself: one that
// cannot be used keeps what was there before, and keeps nothing else from changing.
type reloader struct {
	log   *slog.Logger
	parts []reloadable
	begun func() (done func()) // is told of each; nil: nobody is
}

// reloadable is one of these, by its key in the configuration.
type reloadable struct {
	key  string
	load func(ctx context.Context) error
}

// reloadTimeout bounds one part: only a log-in at Vault takes any time.
const reloadTimeout = 20 * time.Second

func (r *reloader) add(key string, load func(context.Context) error) {
	r.parts = append(r.parts, reloadable{key, load})
}

// hangups takes SIGHUP from now on: it no longer ends the process, also while that
// is starting.
func hangups() (asked chan os.Signal, stop func()) {
	asked = make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGHUP)
	return asked, func() { signal.Stop(asked) }
}

// run reads again whenever somebody asks for it, until ctx ends.
func (r *reloader) run(ctx context.Context, asked <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-asked:
			done := func() {}
			if r.begun != nil {
				done = r.begun()
			}
			r.reload(ctx)
			done()
		}
	}
}

func (r *reloader) reload(ctx context.Context) {
	r.log.Info("SIGHUP: reading certificates, secret files and the log's level again")
	kept := 0
	for _, p := range r.parts {
		limited, cancel := context.WithTimeout(ctx, reloadTimeout)
		err := p.load(limited)
		cancel()
		if err != nil {
			kept++
			r.log.Error("not read again: what was there before still counts", "key", p.key, "error", err)
			continue
		}
		r.log.Info("read again", "key", p.key)
	}
	r.log.Info("reading again has ended", "taken", len(r.parts)-kept, "kept", kept)
}

// settings reads the configuration again for the log's level. Whatever else has
// changed in it needs a new start, and is named.
func settings(now config.Config, load func() (config.Config, error), level *slog.LevelVar, log *slog.Logger) func(context.Context) error {
	return func(context.Context) error {
		next, err := load()
		if err != nil {
			return err
		}
		_ = level.UnmarshalText([]byte(next.Log.Level)) // config has checked it
		next.Log.Level = now.Log.Level
		if changed := now.Changed(next); len(changed) > 0 {
			log.Warn("these need a new start to count", "keys", strings.Join(changed, ", "))
		}
		return nil
	}
}

// openMailer makes what sends all mails; nil: no mail server is configured, and none that
// was there before is in force.
func (p *program) openMailer(ctx context.Context, n config.Notify) (*mailer, error) {
	m := &mailer{desk: p.desk, config: n, log: p.log.With("part", "notify")}
	if n.SMTP.Address == "" && p.desk.Settings == nil {
		return nil, nil
	}
	if n.SMTP.Address == "" {
		limited, cancel := context.WithTimeout(ctx, reloadTimeout)
		defer cancel()
		previous, err := m.look(limited)
		if err != nil {
			p.log.Warn("no mail server is configured, and whether one is in force cannot be told now: if there is, nobody is told by it", "error", err)
		}
		if previous == nil {
			return nil, nil
		}
		return m, nil
	}
	load := func(context.Context) error {
		sender, err := openMail(n)
		if err == nil {
			m.now.Store(sender)
			m.again()
		}
		return err
	}
	p.again.add("notify.smtp", load)
	return m, load(ctx)
}

// newest passes everything on to the last one that could be made.
type newest[T any] struct {
	now  atomic.Pointer[T]
	make func() (T, error)
}

func newNewest[T any](make func() (T, error)) (*newest[T], error) {
	n := &newest[T]{make: make}
	return n, n.load(context.Background())
}

func (n *newest[T]) load(context.Context) error {
	made, err := n.make()
	if err == nil {
		n.now.Store(&made)
	}
	return err
}

// newestRecipient is a recipient of checkpoints whose address is in a file.
type newestRecipient struct{ *newest[witnessing.Recipient] }

func (n newestRecipient) Deliver(ctx context.Context, note []byte) error {
	return (*n.now.Load()).Deliver(ctx, note)
}
func (n newestRecipient) String() string { return (*n.now.Load()).String() }

// newestDependent is a dependent whose address or token is in a file.
type newestDependent struct{ *newest[rotation.Dependent] }

func (n newestDependent) Update(ctx context.Context, c custody.Credential, current custody.Secret) error {
	return (*n.now.Load()).Update(ctx, c, current)
}

// secretsAgain reads again what opens the secret store.
func (p *program) secretsAgain(cfg config.Config) (key string, load func(context.Context) error) {
	switch store := p.secrets.(type) {
	case *vault.Store:
		return "vault.auth", store.LogInAgain
	case *embedded.Store: // it is open: the file counts at the next start
		return "embedded", func(context.Context) error {
			unlock, err := unlockOf(cfg.Embedded)
			if err != nil {
				return err
			}
			if err := store.OpensWith(unlock); err != nil {
				return fmt.Errorf("the next start could not open the secrets: %w", err)
			}
			return nil
		}
	}
	return "secrets", func(context.Context) error { return errors.New("unknown kind of secret store") }
}
