package store

import (
	"bytes"
	"context"
	"fmt"
	"math"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Verified is what a verified database is.
type Verified struct {
	audit.Report
	custody.Tally
	Policy custody.PolicyInForce // at its end
	Texts  custody.Texts
}

// Verify checks the whole database, as it is at one moment, and changes nothing:
// the entries and the tree by audit.Verify, whose Prepare and Step replay the
// events with the rules of the domain; then every table that follows from the
// ledger, and every cosigned checkpoint that is kept beside it and one of
// opts.Keys signed. Without a key these are not looked at. Of the seals only their
// form is, unless there is an opts.CheckSeal.
//
// A ledger that is wrong is a *audit.VerifyError, a table a *Difference.
func (s *Store) Verify(ctx context.Context, opts audit.VerifyOptions) (Verified, error) {
	c, err := s.compare(ctx)
	if err != nil {
		return Verified{}, err
	}
	defer c.close()
	opts.StoredNodes = s.HashReader(ctx)
	opts.Seals = sealsOf(c.db, 0, math.MaxInt64)
	opts.Prepare = func(e audit.Entry) (any, error) { return custody.FromRecord(e) }
	opts.Step = func(_ int64, _ audit.Entry, prepared any) error {
		return c.replay(prepared.(custody.Event))
	}
	report, err := audit.Verify(ctx, c, opts)
	verified := Verified{report, c.again.Tally, c.fork.Policy(), c.counted}
	if err != nil {
		return verified, err
	}
	if err := c.finish(); err != nil {
		return verified, err
	}
	if len(opts.Keys) > 0 {
		err = c.verifyCosigned(opts.Keys, opts.StoredNodes)
	}
	return verified, err
}

// verifyCosigned checks what is kept of witnesses, at that moment too, against a
// tree whose nodes have just been found right.
func (c *comparison) verifyCosigned(keys []string, nodes tlog.HashReader) error {
	for before := int64(0); ; {
		page, err := readCosigned(c.db, before, desk.MaxPage)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return c.verifyNoOrphans()
		}
		for _, kept := range page {
			if err := c.verifyKept(kept, keys, nodes); err != nil {
				return err
			}
		}
		before = page[len(page)-1].Size
	}
}

func (c *comparison) verifyKept(kept audit.Checkpoint, keys []string, nodes tlog.HashReader) error {
	signed, err := audit.OpenAnyCheckpoint(kept.Text, keys)
	switch {
	case err != nil:
		return &audit.VerifyError{Index: -1, Check: audit.CheckSignature, Err: fmt.Errorf("cosigned checkpoint %d: %w", kept.Size, err)}
	case signed.Size != kept.Size || signed.Root != kept.Root || signed.Origin != kept.Origin:
		return &Difference{"cosigned_checkpoints", fmt.Sprint(kept.Size), "contradicts its own note"}
	case signed.Size > c.head.Size:
		return &audit.VerifyError{Index: c.head.Size, Check: audit.CheckCheckpoint, Err: fmt.Errorf("%w: it has %d entries, and %d were cosigned",
			audit.ErrMissing, c.head.Size, signed.Size)}
	}
	root, err := tlog.TreeHash(signed.Size, nodes)
	if err != nil {
		return err
	}
	if root != signed.Root {
		return &audit.VerifyError{Index: 0, Check: audit.CheckCheckpoint, Err: fmt.Errorf("%w: a checkpoint of %d entries was cosigned",
			audit.ErrOtherRoot, signed.Size)}
	}
	return c.verifyCosignatures(signed)
}

// verifyCosignatures checks each cosignature by the key that it is kept under:
// which of these keys are a witness's is for the auditor to know.
func (c *comparison) verifyCosignatures(signed audit.Checkpoint) error {
	var rows []cosignatureRow
	if err := c.db.Find(&rows, "size = ?", signed.Size).Error; err != nil {
		return unavailable("read cosignatures", err)
	}
	for _, row := range rows {
		made, err := signed.Cosignatures(row.Witness)
		if err != nil || len(made) != 1 || formatInstant(made[0].Time) != row.At || !bytes.Equal(made[0].Line, row.Line) {
			return &Difference{"cosignatures", fmt.Sprintf("%d %s", row.Size, row.Witness), "is not what that witness has signed"}
		}
	}
	return nil
}

func (c *comparison) verifyNoOrphans() error {
	var sizes []int64
	err := c.db.Raw("SELECT size FROM cosignatures WHERE size NOT IN (SELECT size FROM cosigned_checkpoints) LIMIT 1").Scan(&sizes).Error
	if err != nil {
		return unavailable("read cosignatures", err)
	}
	if len(sizes) > 0 {
		return &Difference{"cosignatures", fmt.Sprint(sizes[0]), "is of a checkpoint that is not there"}
	}
	return nil
}
