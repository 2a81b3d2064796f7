package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
)

// Batch is the entries [From, Size) of a log, which were appended in one
// transaction, with the roots of the tree before and after them.
type Batch struct {
	From     int64
	FromRoot Hash
	Size     int64
	Root     Hash
}

// Text is what a seal of the batch is made of: six lines of UTF-8, so that no
// other batch and no other log has the same text. An origin has no white space,
// see VerifierKey.
func (b Batch) Text(origin string) []byte {
	return fmt.Appendf(nil, "tandem ledger seal\n%s\n%d\n%s\n%d\n%s\n", origin,
		b.From, base64.StdEncoding.EncodeToString(b.FromRoot[:]), b.Size, base64.StdEncoding.EncodeToString(b.Root[:]))
}

// Seal is what a log keeps of a batch's seal. The mark is a MAC of Batch.Text by
// a key that this package never sees: who may check it, and with what, is for
// VerifyOptions.CheckSeal to know.
type Seal struct {
	From, Size int64 // of the batch, see Batch
	Mark       string
}

// ErrUnsealed: entries that no seal covers, or seals that do not follow on each
// other.
var ErrUnsealed = errors.New("audit: the entries and their seals do not fit together")

// sealChecker takes the seals of a log in order, beside its entries.
type sealChecker struct {
	next  func() (Seal, error, bool)
	stop  func()
	check func(Batch, string) error // nil: their form only

	pending Seal // the next one, if there is any
	more    bool
	last    Batch // the last one that was reached
	count   int64
}

func newSealChecker(seals iter.Seq2[Seal, error], check func(Batch, string) error) (*sealChecker, error) {
	c := &sealChecker{check: check}
	c.last.Root, _ = new(Frontier).Root()
	c.next, c.stop = iter.Pull2(seals)
	return c, c.advance()
}

// advance reads the next seal.
func (c *sealChecker) advance() (err error) {
	if c.pending, err, c.more = c.next(); !c.more || err != nil {
		return err
	}
	if c.pending.From != c.last.Size || c.pending.Size <= c.pending.From {
		return &VerifyError{c.last.Size, CheckSeal, fmt.Errorf("%w: a seal of [%d, %d) where one from %d on is next",
			ErrUnsealed, c.pending.From, c.pending.Size, c.last.Size)}
	}
	return nil
}

// reached looks at the seal that ends at the frontier, if one does.
func (c *sealChecker) reached(f *Frontier) (err error) {
	if !c.more || c.pending.Size != f.Size() {
		return nil
	}
	now := Batch{From: c.last.Size, FromRoot: c.last.Root, Size: f.Size()}
	if c.check != nil {
		if now.Root, err = f.Root(); err != nil {
			return err
		}
		if err := c.check(now, c.pending.Mark); err != nil {
			return &VerifyError{now.From, CheckSeal, err}
		}
	}
	c.last = now
	c.count++
	return c.advance()
}

// end says whether every entry of a log of this size is under a seal.
func (c *sealChecker) end(size int64) error {
	if c.more || c.last.Size != size {
		return &VerifyError{c.last.Size, CheckSeal, fmt.Errorf("%w: of %d entries %d are sealed", ErrUnsealed, size, max(c.last.Size, c.pending.Size))}
	}
	return nil
}
