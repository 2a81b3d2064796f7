package audit

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/tlog"
)

// maxProofHashes bounds a proof: a tree has at most one level for each bit of
// its size.
const maxProofHashes = 63

// maxProofText bounds the text form, in bytes: the hashes, the checkpoint and
// the few lines between them.
const maxProofText = maxProofHashes*len("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n") + maxCheckpointSize + 64

// ErrProof means that a proof does not prove what it should.
var ErrProof = errors.New("audit: proof failed")

var errTreeSize = fmt.Errorf("%w: no tree has this size", ErrProof)

// Proof is an RFC 6962 Merkle proof, from the bottom of the tree to its top.
type Proof []Hash

// InclusionProof proves that the entry at index is in the tree of the given
// size, 0 <= index < size (RFC 6962, section 2.1.1). It reads at most
// 2 * log2(size) nodes in one call of r.
func InclusionProof(size, index int64, r tlog.HashReader) (Proof, error) {
	if size > maxSize {
		return nil, errTreeSize
	}
	p, err := tlog.ProveRecord(size, index, r)
	return Proof(p), err
}

// CheckInclusion checks that the tree of this size and root has this record at
// index. The error is ErrProof.
func CheckInclusion(p Proof, size int64, root Hash, index int64, record []byte) error {
	if size > maxSize {
		return errTreeSize
	}
	if err := tlog.CheckRecord(tlog.RecordProof(p), size, root, index, tlog.RecordHash(record)); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}

// ConsistencyProof proves that the tree of the given size starts with all
// entries of the tree of oldSize, 0 <= oldSize <= size (RFC 6962, section
// 2.1.2). The proof from the empty tree, which every tree starts with, is empty.
func ConsistencyProof(size, oldSize int64, r tlog.HashReader) (Proof, error) {
	if size > maxSize {
		return nil, errTreeSize
	}
	if oldSize == 0 && size >= 0 {
		return Proof{}, nil
	}
	p, err := tlog.ProveTree(size, oldSize, r)
	return Proof(p), err
}

// CheckConsistency checks that the tree of this size and root starts with all
// entries of the tree of oldSize and oldRoot. The error is ErrProof.
func CheckConsistency(p Proof, size int64, root Hash, oldSize int64, oldRoot Hash) error {
	if size > maxSize {
		return errTreeSize
	}
	if oldSize == 0 && size >= 0 {
		empty, err := tlog.TreeHash(0, nil)
		if err != nil || oldRoot != empty || len(p) != 0 || size == 0 && root != empty {
			return fmt.Errorf("%w: not the empty tree", ErrProof)
		}
		return nil
	}
	if err := tlog.CheckTree(tlog.TreeProof(p), size, root, oldSize, oldRoot); err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	return nil
}

// EntryProof is all that is needed, besides the log's key, to prove offline that
// an entry is in the log.
type EntryProof struct {
	Index      int64
	Hashes     Proof
	Checkpoint []byte // signed note; the hashes lead from the entry to its root
}

// Check opens the checkpoint with vkey and checks that the record is the entry
// at p.Index of the tree that it states. Errors are those of OpenCheckpoint and
// CheckInclusion.
func (p EntryProof) Check(record []byte, vkey string) (Checkpoint, error) {
	c, err := OpenCheckpoint(p.Checkpoint, vkey)
	if err != nil {
		return Checkpoint{}, err
	}
	return c, CheckInclusion(p.Hashes, c.Size, c.Root, p.Index, record)
}

// FormatProof writes a proof as C2SP tlog-proof@v1, without extra data. The
// error is ErrProof, for what ParseProof would not read.
func FormatProof(p EntryProof) ([]byte, error) {
	if p.Index < 0 {
		return nil, fmt.Errorf("%w: negative index", ErrProof)
	}
	text := marshalProof(p)
	if _, err := ParseProof(text); err != nil {
		return nil, err
	}
	return text, nil
}

// ParseProof reads a C2SP tlog-proof@v1, in the one form that FormatProof
// writes. It proves nothing yet: see EntryProof.Check. Extra data, which nothing
// would authenticate, is refused. The error is ErrProof.
func ParseProof(text []byte) (EntryProof, error) {
	if len(text) > maxProofText {
		return EntryProof{}, fmt.Errorf("%w: more than %d bytes", ErrProof, maxProofText)
	}
	var t proof.TLogProof
	if err := t.Unmarshal(text); err != nil {
		return EntryProof{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	if t.Index > maxSize || len(t.Hashes) > maxProofHashes || len(t.Checkpoint) == 0 {
		return EntryProof{}, fmt.Errorf("%w: out of range", ErrProof)
	}
	p := EntryProof{Index: int64(t.Index), Hashes: make(Proof, len(t.Hashes)), Checkpoint: t.Checkpoint}
	for i, hash := range t.Hashes {
		p.Hashes[i] = hash
	}
	// The library reads line by line and is not strict; the text has one form.
	if !bytes.Equal(marshalProof(p), text) {
		return EntryProof{}, fmt.Errorf("%w: text is not in the one form that it has", ErrProof)
	}
	return p, nil
}

func marshalProof(p EntryProof) []byte {
	t := proof.TLogProof{Index: uint64(p.Index), Checkpoint: p.Checkpoint}
	for _, hash := range p.Hashes {
		t.Hashes = append(t.Hashes, hash)
	}
	return t.Marshal()
}
