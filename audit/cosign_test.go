package audit

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	peer "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// cosignedAt is when the witnesses of these tests cosign.
var cosignedAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// testWitness is the key of a witness, by its name.
func testWitness(name string) keySigner {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	return keySigner{ed25519.NewKeyFromSeed(seed)}
}

func witnessKey(t testing.TB, name string) string {
	t.Helper()
	public, _ := testWitness(name).PublicKey(t.Context())
	key, err := CosignerKey(name, public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// witnessed is the log's checkpoint with the cosignatures of these witnesses.
func witnessed(t testing.TB, l *testLog, size int64, names ...string) Checkpoint {
	t.Helper()
	c, err := OpenCheckpoint(l.checkpoint(t, size), testKey(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		made, err := Cosign(t.Context(), c, name, cosignedAt, testWitness(name))
		if err != nil {
			t.Fatal(err)
		}
		c.Text = c.With(made)
	}
	return c
}

func TestCosign(t *testing.T) {
	l := goldenLog(t)
	c := witnessed(t, l, 6, "w1.example", "w2.example")
	golden(t, "cosigned.txt", c.Text)
	if again, err := OpenCheckpoint(c.Text, testKey(t)); err != nil || again.Root != c.Root {
		t.Fatal(err)
	}
	made, err := c.Cosignatures(witnessKey(t, "w2.example"), witnessKey(t, "w1.example"), witnessKey(t, "w3.example"))
	if err != nil || len(made) != 2 || made[0].Name() != "w2.example" || made[1].Name() != "w1.example" || !made[0].Time.Equal(cosignedAt) {
		t.Fatalf("%+v, %v", made, err)
	}
	if !bytes.Equal(c.With(made...), c.Text) {
		t.Error("a cosignature is there twice")
	}
	if none, err := c.Cosignatures(); err != nil || none != nil {
		t.Error(none, err)
	}
}

// TestCosignaturePeer: transparency-dev/formats reads what we write, and we what
// it writes, Ed25519 and ML-DSA-44.
func TestCosignaturePeer(t *testing.T) {
	l := goldenLog(t)
	c := witnessed(t, l, 6, "w1.example")
	verifier, err := peer.NewVerifierForCosignatureV1(witnessKey(t, "w1.example"))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(c.Text, note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	if at, err := peer.CoSigV1Timestamp(opened.Sigs[0]); err != nil || !at.Equal(cosignedAt) {
		t.Error(at, err)
	}

	edKey, edVkey, err := note.GenerateKey(nil, "ed.example")
	if err != nil {
		t.Fatal(err)
	}
	if edVkey, err = peer.VKeyToCosignatureV1(edVkey); err != nil {
		t.Fatal(err)
	}
	mlKey, mlVkey, err := peer.GenerateMLDSAKey("ml.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{edKey, mlKey} {
		signer, err := peer.NewSignerForCosignatureV1(key)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := note.Sign(&note.Note{Text: string(c.body())}, signer)
		if err != nil {
			t.Fatal(err)
		}
		c.Text = append(c.Text, bytes.TrimPrefix(signed, append(c.body(), '\n'))...)
	}
	q := Quorum{Need: 3, Keys: []string{witnessKey(t, "w1.example"), edVkey, mlVkey}}
	if made, err := q.Check(c); err != nil || len(made) != 3 {
		t.Errorf("%d, %v", len(made), err)
	}
}

func TestQuorum(t *testing.T) {
	l := goldenLog(t)
	key := func(name string) string { return witnessKey(t, name) }
	two := witnessed(t, l, 6, "w1", "w2")
	all := []string{key("w1"), key("w2"), key("w3")}
	for _, c := range []struct {
		name string
		Quorum
		found int
		err   error
	}{
		{"none is needed", Quorum{0, nil}, 0, nil},
		{"1 of 3", Quorum{1, all}, 2, nil},
		{"2 of 3", Quorum{2, all}, 2, nil},
		{"3 of 3", Quorum{3, all}, 2, ErrQuorum},
		{"1 of 1 other", Quorum{1, []string{key("w3")}}, 0, ErrQuorum},
		{"more than there are", Quorum{4, all}, 0, ErrKey},
		{"negative", Quorum{-1, all}, 0, ErrKey},
		{"the same twice", Quorum{2, []string{key("w1"), key("w1")}}, 1, ErrKey},
		{"the same by another name", Quorum{2, []string{key("w1"), renamed(t, "w1", "other")}}, 1, ErrKey},
		{"the log's own", Quorum{1, []string{testKey(t)}}, 0, ErrKey},
	} {
		found, err := c.Check(two)
		if !errors.Is(err, c.err) || (c.err == nil || c.err == ErrQuorum) && len(found) != c.found {
			t.Errorf("%s: %d, %v", c.name, len(found), err)
		}
	}
}

// renamed is a witness's key by another name.
func renamed(t *testing.T, name, other string) string {
	t.Helper()
	public, _ := testWitness(name).PublicKey(t.Context())
	key, err := CosignerKey(other, public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestCosignatureOfAnotherCheckpoint counts for nothing.
func TestCosignatureOfAnotherCheckpoint(t *testing.T) {
	l := goldenLog(t)
	older, newer := witnessed(t, l, 5, "w1"), witnessed(t, l, 6)
	made, err := older.Cosignatures(witnessKey(t, "w1"))
	if err != nil {
		t.Fatal(err)
	}
	newer.Text = newer.With(made...)
	if made, err := newer.Cosignatures(witnessKey(t, "w1")); !errors.Is(err, ErrSignature) {
		t.Error(made, err)
	}
	// Who does not know the witness does not mind.
	if _, err := newer.Cosignatures(witnessKey(t, "w2")); err != nil {
		t.Error(err)
	}
}

// TestCosignatureEveryBit: there is no other way to write a cosignature.
func TestCosignatureEveryBit(t *testing.T) {
	c := witnessed(t, goldenLog(t), 6, "w1")
	key := witnessKey(t, "w1")
	made, err := c.Cosignatures(key)
	if err != nil {
		t.Fatal(err)
	}
	start := len(c.Text) - len(made[0].Line)
	for i := start * 8; i < len(c.Text)*8; i++ {
		bad := Checkpoint{Text: bytes.Clone(c.Text)}
		bad.Text[i/8] ^= 1 << (i % 8)
		if found, err := bad.Cosignatures(key); err == nil && len(found) > 0 {
			t.Errorf("bit %d: %q", i, bad.Text[start:])
		}
	}
}

func TestCosignRefuses(t *testing.T) {
	c := witnessed(t, goldenLog(t), 6)
	good := testWitness("w1")
	failed := errors.New("no key today")
	for name, f := range map[string]struct {
		name   string
		at     time.Time
		signer Signer
		target error
	}{
		"no name":         {"", cosignedAt, good, ErrKey},
		"name with plus":  {"a+b", cosignedAt, good, ErrKey},
		"name with space": {"a b", cosignedAt, good, ErrKey},
		"no time":         {"w1", time.Time{}, good, ErrSignature},
		"1970":            {"w1", time.Unix(0, 0), good, ErrSignature},
		"no key":          {"w1", cosignedAt, badSigner{keyErr: failed}, failed},
		"no signature":    {"w1", cosignedAt, badSigner{keySigner: good, forge: true}, ErrSignature},
	} {
		if _, err := Cosign(t.Context(), c, f.name, f.at, f.signer); !errors.Is(err, f.target) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestACosignatureThatHasNoTimeIsNone, also where the witness's key made it.
func TestACosignatureThatHasNoTimeIsNone(t *testing.T) {
	c := witnessed(t, goldenLog(t), 6)
	key := witnessKey(t, "w1")
	verifier, err := cosignerVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	for at, good := range map[uint64]bool{1: true, 0: false, math.MaxInt64 + 1: false, math.MaxUint64: false} {
		text, err := note.Sign(&note.Note{Text: string(c.body())}, cosigner{noteSigner{t.Context(), verifier, testWitness("w1")}, at})
		if err != nil {
			t.Fatal(err)
		}
		if made, err := (Checkpoint{Text: text}).Cosignatures(key); (err == nil) != good || !good && !errors.Is(err, ErrSignature) {
			t.Errorf("cosigned at %d s: %v, %v", at, made, err)
		}
	}
}

func TestCosignerKeyRefuses(t *testing.T) {
	c := witnessed(t, goldenLog(t), 6, "w1")
	good := witnessKey(t, "w1")
	parts := strings.SplitN(good, "+", 3)
	raw, _ := base64.StdEncoding.DecodeString(parts[2])
	plain, _ := testWitness("w1").PublicKey(t.Context())
	ofType1, err := VerifierKey("w1", plain)
	if err != nil {
		t.Fatal(err)
	}
	raw[0] = 9
	for _, key := range []string{
		"", "w1", "w1+", "w1++", "+" + parts[1] + "+" + parts[2], parts[0] + "+00000000+" + parts[2], parts[0] + "+" + strings.ToUpper(parts[1]) + "X+" + parts[2],
		good + "A", good[:len(good)-4], "w2+" + parts[1] + "+" + parts[2], ofType1, parts[0] + "+" + parts[1] + "+" + base64.StdEncoding.EncodeToString(raw),
	} {
		if found, err := c.Cosignatures(key); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v, %v", key, found, err)
		}
	}
}

func FuzzCosignatures(f *testing.F) {
	key := witnessKey(f, "w1")
	f.Add(witnessed(f, goldenLog(f), 6, "w1").Text, key)
	f.Add(witnessed(f, goldenLog(f), 6).Text, key)
	f.Add([]byte("a\n1\nAA==\n\n— w1 AAAA\n"), key)
	f.Fuzz(func(t *testing.T, text []byte, key string) {
		c := Checkpoint{Text: text}
		found, err := c.Cosignatures(key)
		if err != nil {
			if !errors.Is(err, ErrKey) && !errors.Is(err, ErrSignature) {
				t.Fatal(err)
			}
			return
		}
		if len(found) > 1 {
			t.Fatalf("%d cosignatures by one key", len(found))
		}
		if len(found) == 1 && !bytes.Contains(text, found[0].Line) {
			t.Fatalf("%q is not in %q", found[0].Line, text)
		}
	})
}

func TestSplitCheckpoints(t *testing.T) {
	l := goldenLog(t)
	one, two := witnessed(t, l, 3).Text, witnessed(t, l, 6, "w1", "w2").Text
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, []byte("\n")) }
	for name, c := range map[string]struct {
		text []byte
		want [][]byte
	}{
		"nothing":            {nil, nil},
		"one":                {one, [][]byte{one}},
		"two":                {join(one, two), [][]byte{one, two}},
		"with an end":        {join(one, two, nil), [][]byte{one, two}},
		"empty lines":        {join([]byte("\n\n"), one, []byte("\n"), two), [][]byte{one, two}},
		"cut in signatures":  {join(one, two[:len(two)-200]), [][]byte{one, append(bytes.Clone(two[:len(two)-200]), '\n')}},
		"cut in the body":    {join(one, two[:30]), [][]byte{one}},
		"cut, then another":  {join(one, append(bytes.Clone(two[:30]), "\n\n"...), two), [][]byte{one, two}},
		"no note":            {[]byte("hello\n\nworld\n"), nil},
		"signatures only":    {[]byte("— a b\n\n— c d\n"), nil},
		"twice the same one": {join(one, one), [][]byte{one, one}},
	} {
		got := SplitCheckpoints(c.text)
		if len(got) != len(c.want) {
			t.Errorf("%s: %d notes", name, len(got))
			continue
		}
		for i := range got {
			if !bytes.Equal(got[i], c.want[i]) {
				t.Errorf("%s: note %d is %q", name, i, got[i])
			}
		}
	}
}

func FuzzSplitCheckpoints(f *testing.F) {
	l := goldenLog(f)
	one, two := witnessed(f, l, 3).Text, witnessed(f, l, 6, "w1").Text
	f.Add(bytes.Join([][]byte{one, two, two[:40], one}, []byte("\n")))
	f.Add([]byte("a\n\n— b\n\n\n\nc"))
	f.Add([]byte("\n\n— 0"))
	f.Fuzz(func(t *testing.T, text []byte) {
		notes := SplitCheckpoints(text)
		again := SplitCheckpoints(bytes.Join(notes, []byte("\n")))
		if len(again) != len(notes) {
			t.Fatalf("%d notes of %q become %d", len(notes), text, len(again))
		}
		for i := range notes {
			if !bytes.Equal(again[i], notes[i]) {
				t.Fatalf("%q becomes %q", notes[i], again[i])
			}
		}
	})
}
