package auditor

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/certificate"
)

// Left is a leaving that is done. Times on paper are in the zone of Ended.
type Left struct {
	Person string
	Ended  time.Time
	Proofs []int64 // indexes of the entries that prove its items
}

// ErrNotLeft: the ledger has no end of a leaving of that person.
var ErrNotLeft = errors.New("the ledger does not say that this person left and that everything is done")

// CertifyLeaving gathers what a leaving rests on, each entry with its proof: the whole
// command that ended the access, what proves each item, and the end. Nothing of it has been
// checked.
func CertifyLeaving(ctx context.Context, from Prover, l Left) (certificate.Bundle, error) {
	entries, err := leavingOf(ctx, from, l)
	if err != nil {
		return certificate.Bundle{}, err
	}
	_, offset := l.Ended.Zone()
	bundle := certificate.Bundle{V: 1, Leaver: l.Person, UTCOffset: offset}
	bundle.Entries, err = prove(ctx, from, entries)
	return bundle, err
}

// LeavingPage writes the certificate of a leaving as a page, checked with the ledger's key.
func LeavingPage(ctx context.Context, w io.Writer, from Prover, l Left, key string) error {
	bundle, err := CertifyLeaving(ctx, from, l)
	if err != nil {
		return err
	}
	return certificate.WriteHTML(w, bundle, key)
}

func leavingOf(ctx context.Context, from Prover, l Left) (entries []Entry, err error) {
	about := func(subject string, facts ...custody.Fact) (all []Entry, err error) {
		for _, f := range facts {
			for entry, err := range from.About(ctx, subject, f.Type()) {
				if err != nil {
					return nil, err
				}
				all = append(all, entry)
			}
		}
		return all, nil
	}
	ends, err := about(l.Person, custody.OffboardingEnded{})
	if err != nil {
		return nil, err
	}
	if len(ends) == 0 {
		return nil, ErrNotLeft
	}
	end, begin := ends[len(ends)-1].Index, int64(-1)
	if len(ends) > 1 {
		begin = ends[len(ends)-2].Index
	}
	own, err := about(l.Person, custody.PersonAdded{}, custody.PersonDisabled{}, custody.RolesChanged{}, custody.ItemSettled{}, custody.OffboardingOverdue{}, custody.OffboardingEnded{})
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, entry := range own {
		event, err := custody.ReadRecord(entry.Record)
		if err != nil {
			return nil, err
		}
		switch f := event.Fact.(type) {
		case custody.PersonAdded:
			entries = append(entries, entry)
			continue
		case custody.PersonDisabled:
		case custody.RolesChanged:
			if !f.ChangesPost() {
				continue
			}
		default:
			if entry.Index > begin && entry.Index <= end {
				entries = append(entries, entry)
			}
			continue
		}
		if entry.Index <= begin || entry.Index > end {
			continue
		}
		command, err := commandOf(ctx, from, entry, known)
		if err != nil {
			return nil, err
		}
		entries = append(entries, command...)
	}
	for name := range known {
		added, err := about(name, custody.CredentialAdded{})
		if err != nil {
			return nil, err
		}
		added = slices.DeleteFunc(added, func(e Entry) bool { return e.Index > end })
		entries = append(entries, added[max(0, len(added)-1):]...)
	}
	for _, index := range l.Proofs {
		for entry, err := range from.Below(ctx, index+1) {
			if err != nil {
				return nil, err
			}
			entries = append(entries, entry)
			break
		}
	}
	return entries, nil
}

// commandOf gives all entries of the command of which this is one, down to its first, which
// says what was asked for. It adds the credentials whose passwords somebody knew.
func commandOf(ctx context.Context, from Prover, last Entry, known map[string]bool) (all []Entry, err error) {
	for entry, err := range from.Below(ctx, last.Index+1) {
		if err != nil {
			return nil, err
		}
		event, err := custody.ReadRecord(entry.Record)
		if err != nil {
			return nil, err
		}
		if f, is := event.Fact.(custody.SeatVacated); is && f.Changes {
			known[f.Credential] = true
		}
		all = append(all, entry)
		if event.Cause != nil {
			break
		}
	}
	return all, nil
}
