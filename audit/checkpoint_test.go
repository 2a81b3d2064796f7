package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
)

// goldenLog is the log of testdata/entries.jsonl.
func goldenLog(t testing.TB) *testLog {
	t.Helper()
	l := new(testLog)
	for _, e := range goldenEntries() {
		record, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		l.append(t, record)
	}
	return l
}

func TestGoldenCheckpoint(t *testing.T) {
	l := goldenLog(t)
	text := l.checkpoint(t, 6)
	golden(t, "checkpoint.txt", text)
	golden(t, "log.vkey", []byte(testKey(t)+"\n"))

	c, err := OpenCheckpoint(text, testKey(t))
	if err != nil {
		t.Fatal(err)
	}
	root, err := l.tree.Root()
	if err != nil {
		t.Fatal(err)
	}
	if c.Origin != testOrigin || c.Size != 6 || c.Root != root || !bytes.Equal(c.Text, text) {
		t.Errorf("opened %+v", c)
	}

	// The peers' own reader finds the same.
	verifier, err := note.NewVerifier(testKey(t))
	if err != nil {
		t.Fatal(err)
	}
	peer, rest, _, err := log.ParseCheckpoint(text, testOrigin, verifier)
	if err != nil || len(rest) != 0 || peer.Size != 6 || !bytes.Equal(peer.Hash, root[:]) {
		t.Errorf("transparency-dev/formats reads %+v, %q, %v", peer, rest, err)
	}
}

// TestCheckpointOfEmptyLog: also nothing can be signed.
func TestCheckpointOfEmptyLog(t *testing.T) {
	text := new(testLog).checkpoint(t, 0)
	c, err := OpenCheckpoint(text, testKey(t))
	if err != nil || c.Size != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestWitnessedCheckpoint: signatures by other keys neither help nor hinder.
func TestWitnessedCheckpoint(t *testing.T) {
	text := goldenLog(t).checkpoint(t, 6)
	skey, witnessKey, err := note.GenerateKey(nil, "witness.example")
	if err != nil {
		t.Fatal(err)
	}
	witness, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	logVerifier, err := note.NewVerifier(testKey(t))
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(text, note.VerifierList(logVerifier))
	if err != nil {
		t.Fatal(err)
	}
	witnessed, err := note.Sign(n, witness)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := OpenCheckpoint(witnessed, testKey(t)); err != nil || !bytes.Equal(c.Text, witnessed) {
		t.Errorf("%+v, %v", c, err)
	}
	// The witness' key is no key of this log.
	if _, err := OpenCheckpoint(witnessed, witnessKey); !errors.Is(err, ErrCheckpoint) {
		t.Error(err)
	}
}

// signNote signs any text with the log's key.
func signNote(t *testing.T, text string) []byte {
	t.Helper()
	verifier, err := note.NewVerifier(testKey(t))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: text}, noteSigner{t.Context(), verifier, testSigner})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestOpenCheckpointRefuses(t *testing.T) {
	good := string(goldenLog(t).checkpoint(t, 6))
	text, _, _ := strings.Cut(good, "\n\n")
	text += "\n"
	root := strings.Split(text, "\n")[2]
	otherKey, err := VerifierKey(testOrigin, ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	otherOrigin, err := VerifierKey("other.example", testSigner.key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		text string
		vkey string // "" for the log's
		want error
	}{
		{"nothing", "", "", ErrCheckpoint},
		{"no signature", text, "", ErrCheckpoint},
		{"no signature line", text + "\n", "", ErrCheckpoint},
		{"another key", good, otherKey, ErrSignature},
		{"another origin", good, otherOrigin, ErrSignature},
		{"no key", good, "x", ErrKey},
		{"another size", strings.Replace(good, "\n6\n", "\n7\n", 1), "", ErrSignature},
		{"carriage returns", strings.ReplaceAll(good, "\n", "\r\n"), "", ErrCheckpoint},
		{"something behind", good + "x", "", ErrCheckpoint},
		{"too large", strings.Repeat("x\n", maxCheckpointSize), "", ErrCheckpoint},
		{"signed: no checkpoint", "hello\n", "", ErrCheckpoint},
		{"signed: other origin", "other.example\n6\n" + root + "\n", "", ErrCheckpoint},
		{"signed: extension line", text + "more\n", "", ErrCheckpoint},
		{"signed: leading zero", testOrigin + "\n06\n" + root + "\n", "", ErrCheckpoint},
		{"signed: negative size", testOrigin + "\n-6\n" + root + "\n", "", ErrCheckpoint},
		{"signed: size that would hang tlog", testOrigin + "\n4611686018427387905\n" + root + "\n", "", ErrCheckpoint},
		{"signed: size beyond int64", testOrigin + "\n9223372036854775808\n" + root + "\n", "", ErrCheckpoint},
		{"signed: short root", testOrigin + "\n6\n" + base64.StdEncoding.EncodeToString(make([]byte, 31)) + "\n", "", ErrCheckpoint},
		{"signed: root in two forms", testOrigin + "\n6\n" + root[:42] + "B=\n", "", ErrCheckpoint},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text, vkey := []byte(test.text), test.vkey
			if strings.HasPrefix(test.name, "signed:") {
				text = signNote(t, test.text)
			}
			if vkey == "" {
				vkey = testKey(t)
			}
			if c, err := OpenCheckpoint(text, vkey); !errors.Is(err, test.want) {
				t.Fatalf("opened %+v, error %v, want %v", c, err, test.want)
			}
		})
	}
}

// badSigner is a Signer whose answers can be wrong.
type badSigner struct {
	keySigner
	keyErr, signErr error
	forge           bool
}

func (s badSigner) PublicKey(ctx context.Context) (ed25519.PublicKey, error) {
	if s.keyErr != nil {
		return nil, s.keyErr
	}
	return s.keySigner.PublicKey(ctx)
}

func (s badSigner) Sign(ctx context.Context, message []byte) ([]byte, error) {
	if s.forge {
		message = append([]byte("x"), message...)
	}
	signature, err := s.keySigner.Sign(ctx, message)
	return signature, errors.Join(err, s.signErr)
}

func TestSignCheckpointFails(t *testing.T) {
	sealed := errors.New("sealed")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name   string
		ctx    context.Context
		origin string
		size   int64
		signer badSigner
		want   error
	}{
		{"no public key", t.Context(), testOrigin, 6, badSigner{keySigner: testSigner, keyErr: sealed}, sealed},
		{"no signature", t.Context(), testOrigin, 6, badSigner{keySigner: testSigner, signErr: sealed}, sealed},
		{"wrong signature", t.Context(), testOrigin, 6, badSigner{keySigner: testSigner, forge: true}, ErrSignature},
		{"cancelled", cancelled, testOrigin, 6, badSigner{keySigner: testSigner}, context.Canceled},
		{"no origin", t.Context(), "", 6, badSigner{keySigner: testSigner}, ErrKey},
		{"origin with a space", t.Context(), "a b", 6, badSigner{keySigner: testSigner}, ErrKey},
		{"origin with a newline", t.Context(), "a\nb", 6, badSigner{keySigner: testSigner}, ErrKey},
		{"origin with a plus", t.Context(), "a+b", 6, badSigner{keySigner: testSigner}, ErrKey},
		{"origin with a control character", t.Context(), "a\x01b", 6, badSigner{keySigner: testSigner}, ErrCheckpoint},
		{"negative size", t.Context(), testOrigin, -1, badSigner{keySigner: testSigner}, ErrCheckpoint},
		{"size beyond all trees", t.Context(), testOrigin, maxSize + 1, badSigner{keySigner: testSigner}, ErrCheckpoint},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if head, err := SignCheckpoint(test.ctx, test.origin, test.size, Hash{}, test.signer); !errors.Is(err, test.want) || head.Text != nil {
				t.Fatalf("signed %q, error %v, want %v", head.Text, err, test.want)
			}
		})
	}
}

// TestCheckpointEveryBit: no bit of a signed checkpoint can change.
func TestCheckpointEveryBit(t *testing.T) {
	good := goldenLog(t).checkpoint(t, 6)
	for i := range len(good) * 8 {
		bad := bytes.Clone(good)
		bad[i/8] ^= 1 << (i % 8)
		if c, err := OpenCheckpoint(bad, testKey(t)); err == nil {
			t.Errorf("bit %d of byte %d changed: opened %+v from %q", i%8, i/8, c, bad)
		}
	}
}

func TestVerifierKeyRefusesShortKey(t *testing.T) {
	if vkey, err := VerifierKey(testOrigin, make([]byte, 31)); !errors.Is(err, ErrKey) {
		t.Errorf("%q, %v", vkey, err)
	}
}

// FuzzOpenCheckpoint: nothing opens but what states what it says and is signed.
func FuzzOpenCheckpoint(f *testing.F) {
	l := goldenLog(f)
	vkey := testKey(f)
	for n := range int64(7) {
		f.Add(l.checkpoint(f, n))
	}
	f.Add([]byte(fmt.Sprintf("%s\n6\n%s\n\n— %s AAAA\n", testOrigin, Hash{}, testOrigin)))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := OpenCheckpoint(text, vkey)
		if err != nil {
			return
		}
		// Only what the log has signed can open, so it is one of the seeds' bodies.
		if c.Size > 6 || !bytes.HasPrefix(l.checkpoint(t, c.Size), []byte(fmt.Sprintf("%s\n%d\n%s\n\n", c.Origin, c.Size, c.Root))) {
			t.Fatalf("opened %+v", c)
		}
	})
}

// TestACheckpointOpensWithWhicheverKeyFits, in whatever order they are given.
func TestACheckpointOpensWithWhicheverKeyFits(t *testing.T) {
	signed := newTestLog(t, 1).checkpoint(t, 1)
	other, err := VerifierKey(testOrigin, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize)).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	for _, keys := range [][]string{{testKey(t), other}, {other, testKey(t)}, {other, testKey(t), other}} {
		if c, err := OpenAnyCheckpoint(signed, keys); err != nil || c.Size != 1 {
			t.Errorf("%d keys: %v", len(keys), err)
		}
	}
	for _, keys := range [][]string{nil, {other}} {
		if _, err := OpenAnyCheckpoint(signed, keys); !errors.Is(err, ErrSignature) {
			t.Errorf("%d keys, none of which fits: %v", len(keys), err)
		}
	}
}
