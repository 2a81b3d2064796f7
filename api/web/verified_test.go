package web_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api/web"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// forgedDesk signs another history, with a key of its own.
type forgedDesk struct {
	web.Desk
	head audit.Checkpoint
	key  string
}

func (d forgedDesk) Checkpoint(context.Context) (audit.Checkpoint, error) { return d.head, nil }
func (d forgedDesk) LedgerKey(context.Context) (string, error)            { return d.key, nil }
func (d forgedDesk) PublicKey(context.Context) (ed25519.PublicKey, error) {
	return forger.Public().(ed25519.PublicKey), nil
}
func (d forgedDesk) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(forger, message), nil
}

var forger = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{5}, ed25519.SeedSize))

// otherLedger is such a history.
type otherLedger [][]byte

func (l otherLedger) Size(context.Context) (int64, error) { return int64(len(l)), nil }

func (l otherLedger) Records(_ context.Context, from, to int64, yield func(int64, []byte) error) error {
	for i := from; i < min(to, int64(len(l))); i++ {
		if err := yield(i, l[i]); err != nil {
			return err
		}
	}
	return nil
}

// TestTheMarkMissesWhatIsNotThere: a head that is signed, and a ledger that does not
// lead to it, in whatever way.
func TestTheMarkMissesWhatIsNotThere(t *testing.T) {
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	state := custody.NewState()
	var records otherLedger
	for _, action := range []custody.Action{
		custody.AdoptPolicy{Values: custody.DefaultPolicy()},
		custody.AddPerson{Username: "tech-a", Name: "A", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period},
		custody.AddPerson{Username: "tech-b", Name: "B", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period},
	} {
		events, err := custody.Decide(state, custody.Command{Actor: custody.System, Request: "made", Action: action}, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			custody.Apply(state, e)
			entry, err := e.Record()
			if err != nil {
				t.Fatal(err)
			}
			record, err := entry.Encode()
			if err != nil {
				t.Fatal(err)
			}
			records = append(records, record)
		}
	}
	var tree audit.Frontier
	for _, record := range records {
		if _, err := tree.Append(record); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := tree.Root()
	if err != nil {
		t.Fatal(err)
	}
	other := whole
	other[0] ^= 1
	for name, c := range map[string]struct {
		root   audit.Hash
		ledger audit.Source
		want   string
	}{
		"nothing":                        {whole, records, "Verified to entry 2,"},
		"another root":                   {other, records, "THE LEDGER DOES NOT VERIFY"},
		"the last entry is missing":      {whole, records[:2], "THE LEDGER DOES NOT VERIFY"},
		"an entry says another's number": {whole, shifted{records}, "THE LEDGER DOES NOT VERIFY"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, func(s *setup) {
				d := forgedDesk{Desk: s.Desk}
				if d.head, err = audit.SignCheckpoint(t.Context(), "forged.example", tree.Size(), c.root, d); err != nil {
					t.Fatal(err)
				}
				if d.key, err = audit.VerifierKey("forged.example", forger.Public().(ed25519.PublicKey)); err != nil {
					t.Fatal(err)
				}
				s.Desk, s.Ledger = d, c.ledger
			})
			o.run(t, o.as("auditor", "en"), c.want)
		})
	}
}

// shifted numbers its entries from one.
type shifted struct{ otherLedger }

func (l shifted) Records(ctx context.Context, from, to int64, yield func(int64, []byte) error) error {
	return l.otherLedger.Records(ctx, from, to, func(index int64, record []byte) error { return yield(index+1, record) })
}

// TestTheMarkLooksAtWhatEveryEntryLeadsTo: a history whose every hash and signature
// is right, and in which one person is both custodians, or that ends with what nobody
// gave a command for, gets no mark of "verified"; tandem ledger verify does not pass it
// either.
func TestTheMarkLooksAtWhatEveryEntryLeadsTo(t *testing.T) {
	for name, c := range map[string]struct {
		forge func(last *custody.Event)
		want  string
	}{
		"nothing": {func(*custody.Event) {}, "Verified to entry 3,"},
		"one person is both custodians": {func(last *custody.Event) {
			added := last.Fact.(custody.CredentialAdded)
			added.Backup = "tech-a"
			last.Fact = added
		}, "THE LEDGER DOES NOT VERIFY"},
		"no command led to it": {func(last *custody.Event) { last.Cause = nil }, "THE LEDGER DOES NOT VERIFY"},
	} {
		o := newOffice(t, func(s *setup) {
			var ledger otherLedger
			var tree audit.Frontier
			at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
			state := custody.NewState()
			var history []custody.Event
			for _, action := range []custody.Action{
				custody.AdoptPolicy{Values: custody.DefaultPolicy()},
				custody.AddPerson{Username: "tech-a", Name: "A", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period},
				custody.AddPerson{Username: "tech-b", Name: "B", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period},
				custody.AddCredential{
					Name: "db01", Target: desktest.Identified(custody.Target{Kind: "ssh", Address: "db01:22", Account: "root"}), Primary: "tech-a", Backup: "tech-b",
				},
			} {
				events, err := custody.Decide(state, custody.Command{Actor: custody.System, Request: "forged", Action: action}, at)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range events {
					custody.Apply(state, e)
				}
				history = append(history, events...)
			}
			c.forge(&history[len(history)-1])
			for _, event := range history {
				record, err := event.Encode()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := tree.Append(record); err != nil {
					t.Fatal(err)
				}
				ledger = append(ledger, record)
			}
			root, err := tree.Root()
			if err != nil {
				t.Fatal(err)
			}
			d := forgedDesk{Desk: s.Desk}
			if d.head, err = audit.SignCheckpoint(t.Context(), "forged.example", tree.Size(), root, d); err != nil {
				t.Fatal(err)
			}
			if d.key, err = audit.VerifierKey("forged.example", forger.Public().(ed25519.PublicKey)); err != nil {
				t.Fatal(err)
			}
			s.Desk, s.Ledger = d, ledger
		})
		t.Run(name, func(t *testing.T) { o.run(t, o.as("auditor", "en"), c.want) })
	}
}
