package client

import (
	"fmt"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/audit"
)

// CheckProof checks that an entry is in the ledger that the key has signed, by a proof
// in the form of C2SP tlog-proof. It gives the checkpoint that the proof leads to.
func CheckProof(entry api.Entry, text []byte, key string) (audit.Checkpoint, error) {
	record, err := entry.Record()
	if err != nil {
		return audit.Checkpoint{}, err
	}
	proof, err := audit.ParseProof(text)
	if err != nil {
		return audit.Checkpoint{}, err
	}
	if proof.Index != entry.Index {
		return audit.Checkpoint{}, fmt.Errorf("%w: it is of entry %d", audit.ErrProof, proof.Index)
	}
	return proof.Check(record, key)
}
