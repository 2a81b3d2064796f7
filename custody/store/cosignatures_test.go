package store

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
)

// signerOf is an audit.Signer whose key is made from a word.
type signerOf string

func (s signerOf) key() ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, s)
	return ed25519.NewKeyFromSeed(seed)
}

func (s signerOf) PublicKey(context.Context) (ed25519.PublicKey, error) {
	return s.key().Public().(ed25519.PublicKey), nil
}

func (s signerOf) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(s.key(), message), nil
}

// checkpointOf is a signed one, of a log that is not there.
func checkpointOf(t *testing.T, size int64) audit.Checkpoint {
	t.Helper()
	c, err := audit.SignCheckpoint(t.Context(), "ledger.example", size, audit.Hash{byte(size)}, signerOf("log"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCosignatures(t *testing.T) { onBoth(t, cosignaturesOnBoth) }

func cosignaturesOnBoth(t *testing.T, on engine) {
	w := newScribe(t, on)
	ctx := t.Context()
	if none, err := w.store.Cosigned(ctx, 0, 10); err != nil || len(none) != 0 {
		t.Fatal(none, err)
	}
	cosign := func(size int64, witness signerOf, at time.Time) audit.Cosignature {
		t.Helper()
		made, err := audit.Cosign(ctx, checkpointOf(t, size), string(witness), at, witness)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.store.AddCosignature(ctx, checkpointOf(t, size), made); err != nil {
			t.Fatal(err)
		}
		return made
	}
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	var keys []string
	for size := int64(1); size <= 5; size++ {
		for i := range size {
			made := cosign(size, signerOf(fmt.Sprint("w", i)), noon.Add(time.Duration(i)*time.Second))
			if size == 5 {
				keys = append(keys, made.Key)
			}
		}
	}
	// A second one of the same witness, later, changes nothing.
	cosign(3, "w0", noon.Add(time.Hour))

	read := func(s *Store, before int64, limit int, want ...int64) {
		t.Helper()
		got, err := s.Cosigned(ctx, before, limit)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d checkpoints, %v", len(got), err)
		}
		for i, c := range got {
			want := checkpointOf(t, want[i])
			if c.Size != want.Size || c.Root != want.Root || c.Origin != want.Origin || !bytes.HasPrefix(c.Text, want.Text) {
				t.Errorf("%+v, not %+v", c, want)
			}
			made, err := c.Cosignatures(keys...)
			if err != nil || int64(len(made)) != c.Size {
				t.Errorf("%d: %d cosignatures, %v", c.Size, len(made), err)
			}
			for j, m := range made {
				if !m.Time.Equal(noon.Add(time.Duration(j) * time.Second)) {
					t.Errorf("%d: cosigned at %s", c.Size, m.Time)
				}
			}
		}
	}
	for _, s := range []*Store{w.store, w.open(t)} {
		read(s, 0, 10, 5, 4, 3, 2, 1)
		read(s, 0, 2, 5, 4)
		read(s, 4, 2, 3, 2)
		read(s, 1, 2)
	}
}
