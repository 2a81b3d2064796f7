package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// readyTimeout is how long the database and the secret store each may take.
const readyTimeout = 4 * time.Second

// NotReady says why the desk cannot do its work now: each cause by itself.
type NotReady struct{ Causes []Cause }

// Cause is one reason, for a program and for a person.
type Cause struct {
	Code string // store_unavailable, vault_unavailable, ...: see codeOf
	Err  error
}

func (n *NotReady) Error() string {
	var lines []string
	for _, c := range n.Causes {
		lines = append(lines, c.Err.Error())
	}
	return strings.Join(lines, "\n")
}

func (n *NotReady) Unwrap() []error {
	var all []error
	for _, c := range n.Causes {
		all = append(all, c.Err)
	}
	return all
}

// codes has the code of each kind of cause, those that say more first.
var codes = []struct {
	kind error
	code string
}{
	{ErrLedgerSuspect, "ledger_suspect"},
	{ErrClockWrong, "clock_wrong"},
	{ErrWrapKey, "wrap_key"},
	{ErrOtherOrigin, "other_origin"},
	{ErrOtherLedgerKey, "other_ledger_key"},
	{ErrOtherSecrets, "other_secret_store"},
	{ErrSecretsLost, "secrets_lost"},
	{ErrRightsMissing, "rights_missing"},
	{ErrSecretsUnavailable, "vault_unavailable"},
	{ErrStoreReplaced, "store_replaced"},
	{ErrDiskFull, "disk_full"},
}

// otherwise is the code of what is none of them: a database that does not do its work.
const otherwise = "store_unavailable"

func codeOf(err error) string {
	for _, c := range codes {
		if errors.Is(err, c.kind) {
			return c.code
		}
	}
	return otherwise
}

// Causes gives every code that a Cause can have.
func Causes() (all []string) {
	for _, c := range codes {
		all = append(all, c.code)
	}
	return append(all, otherwise)
}

// Ready says whether everything would work now: a commit, and a read of each kind
// of secret. The error is a *NotReady.
func (d *Desk) Ready(ctx context.Context) error {
	secrets := make(chan []error, 1)
	go func() { secrets <- d.secretsReady(ctx) }()
	limited, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	all := append([]error{d.trusted(), d.clockReady(), d.Store.Ready(limited)}, <-secrets...)
	not := &NotReady{}
	for _, err := range all {
		if err != nil {
			not.Causes = append(not.Causes, Cause{codeOf(err), err})
		}
	}
	if len(not.Causes) == 0 {
		return nil
	}
	return not
}

// clockReady says what is wrong with the clock, if anything is: of two reasons the one that
// stops more.
func (d *Desk) clockReady() error {
	if err := d.ClockWrong(); err != nil {
		return err
	}
	return d.ClockApart()
}

// secretsReady gives all that is wrong with the secret store.
func (d *Desk) secretsReady(ctx context.Context) []error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	ready := d.Secrets.Ready(ctx)
	switch {
	case errors.Is(ready, ErrSuspect):
		return []error{d.judge(ctx, ready)}
	case ready != nil && !errors.Is(ready, ErrRightsMissing):
		return []error{secretsUnavailable(ready)} // to ask for more would say the same again
	}
	if err := d.judge(ctx, ready); err != nil {
		return []error{ready, err}
	}
	if d.trusted() != nil { // who and what there is cannot be believed
		return []error{ready}
	}
	return []error{ready, d.sample(ctx)}
}

// sample looks for the secrets of one credential and one person, others each time:
// a store that is there can have lost what was in it.
func (d *Desk) sample(ctx context.Context) error {
	turn := int(d.samples.Add(1))
	d.mu.RLock()
	var passwords, seeds, accounts []kept
	for c := range d.state.Credentials() {
		if c.AtRest() && c.Version > 0 {
			passwords = append(passwords, kept{CredentialPath(c.Name), c.Version})
		}
	}
	for p := range d.state.People() {
		if p.CanConfirm() {
			seeds = append(seeds, kept{SeedPath(p.Username), 0})
			if p.Account > 0 {
				accounts = append(accounts, kept{AccountPath(p.Username), p.Account})
			}
		}
	}
	d.mu.RUnlock()
	for _, all := range [][]kept{passwords, seeds, accounts} {
		if len(all) == 0 {
			continue
		}
		one := all[turn%len(all)]
		switch err := d.Secrets.Has(ctx, one.path, one.version); {
		case errors.Is(err, ErrNoSecret):
			return fmt.Errorf("%w: there is none at %s", ErrSecretsLost, one.path)
		case err != nil:
			return secretsUnavailable(err)
		}
	}
	return nil
}

// kept is a secret that must be there; version 0: any.
type kept struct {
	path    string
	version int64
}
