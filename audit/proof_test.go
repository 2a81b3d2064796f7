package audit

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	peer "github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"
)

func rootOf(t *testing.T, l *testLog, size int64) Hash {
	t.Helper()
	f, err := LoadFrontier(size, l)
	if err != nil {
		t.Fatal(err)
	}
	root, err := f.Root()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func asBytes(p Proof) [][]byte {
	hashes := make([][]byte, len(p))
	for i := range p {
		hashes[i] = p[i][:]
	}
	return hashes
}

// TestInclusion: every entry of every tree up to 100, by our check and by
// transparency-dev/merkle; and no other entry, root, size, index or proof.
func TestInclusion(t *testing.T) {
	l := newTestLog(t, 100)
	for size := int64(1); size <= 100; size++ {
		root := rootOf(t, l, size)
		for index := range size {
			record := l.records[index]
			p, err := InclusionProof(size, index, l)
			if err != nil {
				t.Fatal(err)
			}
			if err := CheckInclusion(p, size, root, index, record); err != nil {
				t.Fatalf("size %d, index %d: %v", size, index, err)
			}
			leaf := rfc6962.DefaultHasher.HashLeaf(record)
			if err := peer.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(size), leaf, asBytes(p), root[:]); err != nil {
				t.Fatalf("size %d, index %d: merkle: %v", size, index, err)
			}

			for name, err := range map[string]error{
				"another record": CheckInclusion(p, size, root, index, append(slices.Clone(record), ' ')),
				"another root":   CheckInclusion(p, size, Hash{}, index, record),
				"index behind":   CheckInclusion(p, size, root, size, record),
				"negative index": CheckInclusion(p, size, root, -1, record),
				"longer proof":   CheckInclusion(append(slices.Clone(p), Hash{}), size, root, index, record),
				"no such tree":   CheckInclusion(p, maxSize+1, root, index, record),
				"endless tree":   CheckInclusion(p, 1<<63-1, root, index, record),
			} {
				if !errors.Is(err, ErrProof) {
					t.Errorf("size %d, index %d, %s: %v", size, index, name, err)
				}
			}
			for i := range p {
				bad := slices.Clone(p)
				bad[i][i%32] ^= 1
				if err := CheckInclusion(bad, size, root, index, record); !errors.Is(err, ErrProof) {
					t.Errorf("size %d, index %d, hash %d changed: %v", size, index, i, err)
				}
			}
		}
	}
}

// TestConsistency: every pair of trees from 0 to 100, by our check and by
// transparency-dev/merkle.
func TestConsistency(t *testing.T) {
	l := newTestLog(t, 100)
	for size := int64(0); size <= 100; size++ {
		root := rootOf(t, l, size)
		for oldSize := int64(0); oldSize <= size; oldSize++ {
			oldRoot := rootOf(t, l, oldSize)
			p, err := ConsistencyProof(size, oldSize, l)
			if err != nil {
				t.Fatal(err)
			}
			if err := CheckConsistency(p, size, root, oldSize, oldRoot); err != nil {
				t.Fatalf("%d in %d: %v", oldSize, size, err)
			}
			if err := peer.VerifyConsistency(rfc6962.DefaultHasher, uint64(oldSize), uint64(size), asBytes(p), oldRoot[:], root[:]); err != nil {
				t.Fatalf("%d in %d: merkle: %v", oldSize, size, err)
			}
			for name, err := range map[string]error{
				"another old root": CheckConsistency(p, size, root, oldSize, Hash{}),
				"longer proof":     CheckConsistency(append(slices.Clone(p), Hash{}), size, root, oldSize, oldRoot),
				"older than new":   CheckConsistency(p, oldSize, oldRoot, size+1, root),
				"endless tree":     CheckConsistency(p, 1<<63-1, root, oldSize, oldRoot),
			} {
				if !errors.Is(err, ErrProof) {
					t.Errorf("%d in %d, %s: %v", oldSize, size, name, err)
				}
			}
			// Every tree starts with the empty one, so its root is not looked at.
			if oldSize > 0 || size == 0 {
				if err := CheckConsistency(p, size, Hash{}, oldSize, oldRoot); !errors.Is(err, ErrProof) {
					t.Errorf("%d in %d, another root: %v", oldSize, size, err)
				}
			}
		}
	}
}

func TestProofsRefuse(t *testing.T) {
	l := newTestLog(t, 5)
	for name, prove := range map[string]func() (Proof, error){
		"index behind":     func() (Proof, error) { return InclusionProof(5, 5, l) },
		"negative index":   func() (Proof, error) { return InclusionProof(5, -1, l) },
		"negative size":    func() (Proof, error) { return InclusionProof(-1, 0, l) },
		"not so many":      func() (Proof, error) { return InclusionProof(9, 0, l) },
		"endless tree":     func() (Proof, error) { return InclusionProof(1<<63-1, 0, l) },
		"older than new":   func() (Proof, error) { return ConsistencyProof(4, 5, l) },
		"negative old":     func() (Proof, error) { return ConsistencyProof(5, -1, l) },
		"negative new":     func() (Proof, error) { return ConsistencyProof(-1, 0, l) },
		"endless new tree": func() (Proof, error) { return ConsistencyProof(1<<63-1, 1, l) },
	} {
		if p, err := prove(); err == nil {
			t.Errorf("%s: proved with %d hashes", name, len(p))
		}
	}
}

func entryProof(t testing.TB, l *testLog, index int64) EntryProof {
	t.Helper()
	size := l.tree.Size()
	hashes, err := InclusionProof(size, index, l)
	if err != nil {
		t.Fatal(err)
	}
	return EntryProof{Index: index, Hashes: hashes, Checkpoint: l.checkpoint(t, size)}
}

func TestGoldenProof(t *testing.T) {
	l := goldenLog(t)
	text, err := FormatProof(entryProof(t, l, 3))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "entry-3.tlog-proof", text)

	p, err := ParseProof(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Check(l.records[3], testKey(t))
	if err != nil || c.Size != 6 {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := p.Check(l.records[2], testKey(t)); !errors.Is(err, ErrProof) {
		t.Errorf("another record: %v", err)
	}
	p.Index = 2
	if _, err := p.Check(l.records[3], testKey(t)); !errors.Is(err, ErrProof) {
		t.Errorf("another index: %v", err)
	}
	p.Checkpoint = bytes.Replace(p.Checkpoint, []byte("\n6\n"), []byte("\n7\n"), 1)
	if _, err := p.Check(l.records[3], testKey(t)); !errors.Is(err, ErrSignature) {
		t.Errorf("another checkpoint: %v", err)
	}
}

func TestParseProofRefuses(t *testing.T) {
	good, err := FormatProof(entryProof(t, goldenLog(t), 3))
	if err != nil {
		t.Fatal(err)
	}
	text := string(good)
	hash := strings.Split(text, "\n")[2] + "\n"
	for name, bad := range map[string]string{
		"nothing":             "",
		"another version":     strings.Replace(text, "@v1", "@v2", 1),
		"extra data":          strings.Replace(text, "index", "extra aGVsbG8=\nindex", 1),
		"empty extra data":    strings.Replace(text, "index", "extra \nindex", 1),
		"no index":            strings.Replace(text, "index 3\n", "", 1),
		"leading zero":        strings.Replace(text, "index 3", "index 03", 1),
		"negative index":      strings.Replace(text, "index 3", "index -3", 1),
		"index beyond trees":  strings.Replace(text, "index 3", "index 4611686018427387905", 1),
		"index beyond uint64": strings.Replace(text, "index 3", "index 18446744073709551616", 1),
		"short hash":          strings.Replace(text, hash, hash[4:], 1),
		"hash in two forms":   strings.Replace(text, hash, hash[:42]+"B=\n", 1),
		"too many hashes":     strings.Replace(text, hash, strings.Repeat(hash, maxProofHashes+1), 1),
		"carriage returns":    strings.ReplaceAll(text, "\n", "\r\n"),
		"no final newline":    strings.TrimSuffix(text, "\n"),
		"no checkpoint":       text[:strings.Index(text, "\n\n")+2],
		"no empty line":       text[:strings.Index(text, "\n\n")+1],
		"too large":           text + strings.Repeat("x\n", maxProofText),
		"one endless line":    text + strings.Repeat("x", 70_000),
	} {
		if bad == text {
			t.Fatalf("%s: nothing was replaced", name)
		}
		if p, err := ParseProof([]byte(bad)); !errors.Is(err, ErrProof) {
			t.Errorf("%s: parsed %+v, error %v", name, p, err)
		}
	}
}

func TestFormatProofRefuses(t *testing.T) {
	good := entryProof(t, goldenLog(t), 3)
	for name, edit := range map[string]func(p *EntryProof){
		"negative index":          func(p *EntryProof) { p.Index = -1 },
		"index beyond trees":      func(p *EntryProof) { p.Index = maxSize + 1 },
		"no checkpoint":           func(p *EntryProof) { p.Checkpoint = nil },
		"checkpoint without end":  func(p *EntryProof) { p.Checkpoint = p.Checkpoint[:len(p.Checkpoint)-1] },
		"more hashes than levels": func(p *EntryProof) { p.Hashes = make(Proof, maxProofHashes+1) },
	} {
		p := good
		edit(&p)
		if text, err := FormatProof(p); !errors.Is(err, ErrProof) {
			t.Errorf("%s: wrote %q, error %v", name, text, err)
		}
	}
}

// FuzzParseProof: what parses has one form, and its check never panics.
func FuzzParseProof(f *testing.F) {
	l := goldenLog(f)
	vkey := testKey(f)
	for i := range l.tree.Size() {
		text, err := FormatProof(entryProof(f, l, i))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParseProof(text)
		if err != nil {
			return
		}
		again, err := FormatProof(p)
		if err != nil || !bytes.Equal(again, text) {
			t.Fatalf("%q parses, and is written %q, %v", text, again, err)
		}
		if _, err := p.Check(l.records[3], vkey); err == nil && p.Index != 3 {
			t.Fatalf("record 3 proved at index %d", p.Index)
		}
	})
}

// BenchmarkInclusionProof proves an entry of a tree of ten million.
func BenchmarkInclusionProof(b *testing.B) {
	nodes := tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) { return make([]Hash, len(indexes)), nil })
	for b.Loop() {
		if _, err := InclusionProof(10_000_000, 7_654_321, nodes); err != nil {
			b.Fatal(err)
		}
	}
}
