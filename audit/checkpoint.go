package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
)

// maxCheckpointSize is the greatest length of a signed note, in bytes: room for
// the 16 signatures that C2SP signed-note asks for, post-quantum ones included.
const maxCheckpointSize = 128 << 10

// What OpenCheckpoint and SignCheckpoint refuse.
var (
	// ErrSignature: not signed by the given key, or the signature is wrong.
	ErrSignature = errors.New("audit: checkpoint has no valid signature of this key")
	// ErrCheckpoint: no signed note, or its text is no checkpoint of this log.
	ErrCheckpoint = errors.New("audit: not a checkpoint of this log")
	// ErrUnreadable: no signed note at all, as after a program that changed more
	// than the letters. It comes with ErrCheckpoint.
	ErrUnreadable = errors.New("audit: not a signed note")
	// ErrKey: the verifier key, or the origin, is not as signed-note demands.
	ErrKey = errors.New("audit: not an Ed25519 verifier key")
)

// Signer signs checkpoints with an Ed25519 key (RFC 8032) that may live
// elsewhere, such as in Vault's Transit engine.
type Signer interface {
	PublicKey(ctx context.Context) (ed25519.PublicKey, error)
	// Sign gives the 64-byte signature of message, which is not hashed before.
	Sign(ctx context.Context, message []byte) ([]byte, error)
}

// Checkpoint is a signed statement about all of the log: these many entries,
// this root.
type Checkpoint struct {
	Origin string // the log's name, and that of the key which signed
	Size   int64  // entries
	Root   Hash
	Text   []byte // the signed note, with every signature that it came with
}

// SignCheckpoint signs a C2SP tlog-checkpoint. The origin is
// also the name of the key: no white space and no plus sign. Sign only what is
// committed: a log never signs two checkpoints that contradict each other.
//
// Nothing is returned that OpenCheckpoint would not accept. Errors are ErrKey,
// ErrSignature and those of s.
func SignCheckpoint(ctx context.Context, origin string, size int64, root Hash, s Signer) (Checkpoint, error) {
	public, err := s.PublicKey(ctx)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: public key of the log: %w", err)
	}
	vkey, err := VerifierKey(origin, public)
	if err != nil {
		return Checkpoint{}, err
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if size < 0 {
		return Checkpoint{}, fmt.Errorf("%w: negative size", ErrCheckpoint)
	}
	text := log.Checkpoint{Origin: origin, Size: uint64(size), Hash: root[:]}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, noteSigner{ctx, verifier, s})
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: sign checkpoint: %w", err)
	}
	head, err := OpenCheckpoint(signed, vkey)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: the signer's answer: %w", err)
	}
	return head, nil
}

// noteSigner lends a Signer to note.Sign, whose own interface has no context.
// It holds the context of the one call that it is made for.
type noteSigner struct {
	ctx      context.Context
	verifier note.Verifier
	signer   Signer
}

func (s noteSigner) Name() string                    { return s.verifier.Name() }
func (s noteSigner) KeyHash() uint32                 { return s.verifier.KeyHash() }
func (s noteSigner) Sign(msg []byte) ([]byte, error) { return s.signer.Sign(s.ctx, msg) }

// VerifierKey gives the public key as C2SP signed-note writes it:
// origin+hash+base64. The error is ErrKey.
func VerifierKey(origin string, public ed25519.PublicKey) (string, error) {
	vkey, err := note.NewEd25519VerifierKey(origin, public)
	if err == nil {
		_, err = note.NewVerifier(vkey) // refuses an origin that cannot be a key name
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrKey, err)
	}
	return vkey, nil
}

// OpenCheckpoint gives the checkpoint in a signed note whose signature by vkey
// is valid. Signatures by other keys, such as those of witnesses, are kept in
// Text and not looked at. Extension lines are refused: this log writes none, and
// nobody could audit them.
//
// The errors are ErrKey, ErrSignature and ErrCheckpoint.
func OpenCheckpoint(text []byte, vkey string) (Checkpoint, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if len(text) > maxCheckpointSize {
		return Checkpoint{}, fmt.Errorf("%w: more than %d bytes", ErrCheckpoint, maxCheckpointSize)
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		_, unsigned := errors.AsType[*note.UnverifiedNoteError](err)
		_, forged := errors.AsType[*note.InvalidSignatureError](err)
		if unsigned || forged {
			return Checkpoint{}, fmt.Errorf("%w: %w", ErrSignature, err)
		}
		return Checkpoint{}, fmt.Errorf("%w: %w: %w", ErrCheckpoint, ErrUnreadable, err)
	}
	// The library lets unused bits of the base64 be anything.
	if _, err := base64.StdEncoding.Strict().DecodeString(opened.Sigs[0].Base64); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	var c log.Checkpoint
	_, err = c.Unmarshal([]byte(opened.Text))
	switch {
	case err != nil:
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	case !bytes.Equal(c.Marshal(), []byte(opened.Text)):
		return Checkpoint{}, fmt.Errorf("%w: its text is not in the one form that it has", ErrCheckpoint)
	case c.Origin != verifier.Name():
		return Checkpoint{}, fmt.Errorf("%w: another origin than the key's", ErrCheckpoint)
	case c.Size > maxSize || len(c.Hash) != len(Hash{}):
		return Checkpoint{}, fmt.Errorf("%w: size or root out of range", ErrCheckpoint)
	}
	return Checkpoint{
		Origin: c.Origin,
		Size:   int64(c.Size),
		Root:   Hash(c.Hash),
		Text:   bytes.Clone(text),
	}, nil
}

// SplitCheckpoints gives the signed notes in a text that has one or many, with an
// empty line between them, as a file of kept checkpoints has. What is no whole
// note, such as the beginning of one whose end was never written, is left out. It
// opens none: see OpenCheckpoint.
func SplitCheckpoints(text []byte) [][]byte {
	var notes [][]byte
	signature := []byte("— ")
	blocks := bytes.SplitAfter(text, []byte("\n\n"))
	for i := 1; i < len(blocks); i++ {
		body, signatures := bytes.TrimLeft(blocks[i-1], "\n"), bytes.TrimRight(blocks[i], "\n")
		if len(body) > 0 && !bytes.HasPrefix(body, signature) && bytes.HasPrefix(signatures, signature) {
			notes = append(notes, slices.Concat(body, signatures, []byte("\n")))
		}
	}
	return notes
}
