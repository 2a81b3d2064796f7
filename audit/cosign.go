package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	cosig "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// ErrQuorum means that fewer witnesses have cosigned a checkpoint than must.
var ErrQuorum = errors.New("audit: too few witnesses have cosigned the checkpoint")

// Cosignature is what a witness states: at Time, the checkpoint was that of the
// longest log of this origin that it knew, and consistent with all that it had
// cosigned before. C2SP tlog-cosignature.
type Cosignature struct {
	Key  string    // the witness's verifier key
	Time time.Time // whole seconds
	Line []byte    // as it stands in the checkpoint, with its newline
}

// Name is the name of the witness.
func (c Cosignature) Name() string {
	name, _, _ := strings.Cut(c.Key, "+")
	return name
}

// CosignerKey gives a witness's public key as C2SP signed-note writes it, with
// the type 0x04: name+id+base64. The error is ErrKey.
func CosignerKey(name string, public ed25519.PublicKey) (string, error) {
	plain, err := VerifierKey(name, public)
	if err != nil {
		return "", err
	}
	vkey, err := cosig.VKeyToCosignatureV1(plain)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrKey, err)
	}
	return vkey, nil
}

// cosignerVerifier reads a verifier key for cosignatures: Ed25519 (type 0x04) or
// ML-DSA-44 (0x06).
func cosignerVerifier(vkey string) (note.Verifier, error) {
	v, err := cosig.NewVerifierForCosignatureV1(vkey)
	if err != nil {
		return nil, fmt.Errorf("%w of a witness: %w", ErrKey, err)
	}
	// The library does not look at the id. This also finds a key of type 0x01,
	// which it would take for one of 0x04.
	if !strings.HasPrefix(vkey, fmt.Sprintf("%s+%08x+", v.Name(), v.KeyHash())) {
		return nil, fmt.Errorf("%w of a witness: its id is that of another key", ErrKey)
	}
	return v, nil
}

func cosignerVerifiers(vkeys []string) ([]note.Verifier, error) {
	var verifiers []note.Verifier
	seen := map[string]bool{}
	for _, vkey := range vkeys {
		v, err := cosignerVerifier(vkey)
		if err != nil {
			return nil, err
		}
		// By another name it would be the same witness once more.
		material := strings.SplitN(vkey, "+", 3)[2]
		if seen[material] {
			return nil, fmt.Errorf("%w of a witness: %s is there twice", ErrKey, v.Name())
		}
		seen[material] = true
		verifiers = append(verifiers, v)
	}
	return verifiers, nil
}

// Cosign gives the cosignature of the witness with this name and key, of type
// 0x04. Whoever calls it states what Cosignature says. Errors are ErrKey,
// ErrSignature and those of s.
func Cosign(ctx context.Context, c Checkpoint, name string, at time.Time, s Signer) (Cosignature, error) {
	public, err := s.PublicKey(ctx)
	if err != nil {
		return Cosignature{}, fmt.Errorf("audit: public key of the witness: %w", err)
	}
	vkey, err := CosignerKey(name, public)
	if err != nil {
		return Cosignature{}, err
	}
	verifier, err := cosignerVerifier(vkey)
	if err != nil {
		return Cosignature{}, err
	}
	if at.Unix() <= 0 {
		return Cosignature{}, fmt.Errorf("%w: no time", ErrSignature)
	}
	body := c.body()
	signed, err := note.Sign(&note.Note{Text: string(body)}, cosigner{noteSigner{ctx, verifier, s}, uint64(at.Unix())})
	if err != nil {
		return Cosignature{}, fmt.Errorf("audit: cosign checkpoint: %w", err)
	}
	made, err := Checkpoint{Text: signed}.Cosignatures(vkey)
	if err != nil || len(made) != 1 {
		return Cosignature{}, fmt.Errorf("audit: the signer's answer: %w", errors.Join(err, ErrSignature))
	}
	return made[0], nil
}

// cosigner signs the body of a checkpoint as of a time, in seconds since 1970.
type cosigner struct {
	noteSigner
	at uint64
}

func (s cosigner) Sign(body []byte) ([]byte, error) {
	signature, err := s.noteSigner.Sign(fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", s.at, body))
	return append(binary.BigEndian.AppendUint64(nil, s.at), signature...), err
}

// body is what is signed: the lines before the empty one.
func (c Checkpoint) body() []byte {
	end := bytes.Index(c.Text, []byte("\n\n"))
	return c.Text[:end+1]
}

// Cosignatures gives those of the witnesses with these keys, in the order of the
// keys and at most one of each. Other signatures are not looked at. A signature
// of a known key that is wrong is an error, ErrSignature: somebody has put it
// there. ErrKey is the other error, for a key that is none or comes twice.
func (c Checkpoint) Cosignatures(keys ...string) ([]Cosignature, error) {
	verifiers, err := cosignerVerifiers(keys)
	if err != nil {
		return nil, err
	}
	var found []Cosignature
	for i, verifier := range verifiers {
		made, err := c.cosignature(keys[i], verifier)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSignature, err)
		}
		if made != nil {
			found = append(found, *made)
		}
	}
	return found, nil
}

// cosignature is that of one witness, nil if there is none.
func (c Checkpoint) cosignature(key string, verifier note.Verifier) (*Cosignature, error) {
	opened, err := note.Open(c.Text, note.VerifierList(verifier))
	if _, without := errors.AsType[*note.UnverifiedNoteError](err); without {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	signature := opened.Sigs[0]
	// The library lets unused bits of the base64 be anything.
	raw, err := base64.StdEncoding.Strict().DecodeString(signature.Base64)
	if err != nil {
		return nil, err
	}
	at := binary.BigEndian.Uint64(raw[4:]) // behind the key's id; the verifier knows the length
	if at == 0 || at > math.MaxInt64 {
		return nil, fmt.Errorf("cosignature of %s has no time", signature.Name)
	}
	return &Cosignature{
		Key:  key,
		Time: time.Unix(int64(at), 0).UTC(),
		Line: fmt.Appendf(nil, "— %s %s\n", signature.Name, signature.Base64),
	}, nil
}

// With gives the text of the checkpoint with these cosignatures behind the
// signatures that it has.
func (c Checkpoint) With(cosignatures ...Cosignature) []byte {
	text := bytes.Clone(c.Text)
	for _, made := range cosignatures {
		if !bytes.Contains(text, append([]byte("\n"), made.Line...)) {
			text = append(text, made.Line...)
		}
	}
	return text
}

// Quorum is which witnesses there are and how many of them must have cosigned a
// checkpoint before it counts as witnessed.
type Quorum struct {
	Need int
	Keys []string
}

// Validate refuses, with ErrKey, a key that is none or comes twice, and a need
// that no number of witnesses can meet.
func (q Quorum) Validate() error {
	if q.Need < 0 || q.Need > len(q.Keys) {
		return fmt.Errorf("%w: %d of %d witnesses cannot be", ErrKey, q.Need, len(q.Keys))
	}
	_, err := cosignerVerifiers(q.Keys)
	return err
}

// Check gives the cosignatures of a checkpoint, and ErrQuorum if they are too
// few. Other errors are those of Validate and of Checkpoint.Cosignatures.
func (q Quorum) Check(c Checkpoint) ([]Cosignature, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	found, err := c.Cosignatures(q.Keys...)
	if err == nil && len(found) < q.Need {
		err = fmt.Errorf("%w: %d of %d, and %d must", ErrQuorum, len(found), len(q.Keys), q.Need)
	}
	return found, err
}
