package auditor

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/certificate"
)

// Handed is a handover that was accepted. Times on paper are in the zone of Accepted.
type Handed struct {
	ID, From, To      string
	Credentials       []string
	Offered, Accepted time.Time
}

// Entry is an entry of a ledger, as whoever keeps it gives it.
type Entry struct {
	Index  int64
	Time   time.Time
	Type   string
	Record []byte
	Texts  map[string]custody.Words // that the record commits to, as far as they are there
}

// Prover gives entries, and the proof that each is in the ledger.
type Prover interface {
	// About gives those about a person, credential or handover; of one type, if any.
	About(ctx context.Context, subject, only string) iter.Seq2[Entry, error]
	// Below gives the entries below an index, the newest first, until the caller has enough.
	Below(ctx context.Context, index int64) iter.Seq2[Entry, error]
	// EntryProofText gives a C2SP tlog-proof.
	EntryProofText(ctx context.Context, index int64) ([]byte, error)
}

// Certify gathers the entries of a handover, of its two persons and its credentials,
// each with its proof. Nothing of it has been checked.
func Certify(ctx context.Context, from Prover, h Handed) (certificate.Bundle, error) {
	entries, err := entriesOf(ctx, from, h)
	if err != nil {
		return certificate.Bundle{}, err
	}
	_, offset := h.Accepted.Zone()
	bundle := certificate.Bundle{V: 1, Handover: h.ID, UTCOffset: offset}
	entries = slices.DeleteFunc(entries, func(entry Entry) bool { // an account of the same name, later
		return strings.HasSuffix(entry.Type, ".added") && entry.Time.After(h.Offered)
	})
	bundle.Entries, err = prove(ctx, from, entries)
	return bundle, err
}

// prove gives entries in the ledger's order, each once and with its proof.
func prove(ctx context.Context, from Prover, entries []Entry) (proved []certificate.Proved, err error) {
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Index, b.Index) })
	for _, entry := range slices.CompactFunc(entries, func(a, b Entry) bool { return a.Index == b.Index }) {
		proof, err := from.EntryProofText(ctx, entry.Index)
		if err != nil {
			return nil, err
		}
		proved = append(proved, certificate.Proved{Record: string(entry.Record), Proof: string(proof), Texts: entry.Texts})
	}
	return proved, nil
}

func entriesOf(ctx context.Context, from Prover, h Handed) (entries []Entry, err error) {
	type query struct{ subject, only string }
	added, credential := custody.PersonAdded{}.Type(), custody.CredentialAdded{}.Type()
	queries := []query{{h.ID, ""}, {h.From, added}, {h.To, added}}
	for _, name := range h.Credentials {
		queries = append(queries, query{name, credential})
	}
	for _, q := range queries {
		for entry, err := range from.About(ctx, q.subject, q.only) {
			if err != nil {
				return nil, err
			}
			if entry.Type != (custody.CommandRefused{}).Type() { // what did not happen is no step of it
				entries = append(entries, entry)
			}
		}
	}
	return entries, nil
}
