package audit

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	peer "github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Three verifiers that are not ours read the log: the proofs of
// transparency-dev/merkle, fsck of Tessera, and golang.org/x/mod/sumdb from the
// raw tiles. The last two know nothing but an address and the log's key.

// serve serves the log's first size entries, one after the other as size changes.
func (l *testLog) serve(t *testing.T, size *int64) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		path := q.URL.Path[1:]
		if path == "checkpoint" {
			_, _ = w.Write(l.checkpoint(t, *size))
			return
		}
		tile, err := ParseTile(path)
		if err != nil || !tile.In(*size) {
			http.NotFound(w, q)
			return
		}
		content, err := l.tile(q.Context(), tile)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(content)
	}))
	t.Cleanup(server.Close)
	return server
}

// bigLog is made once, and only read.
func bigLog(t *testing.T) *testLog {
	t.Helper()
	bigOnce.Do(func() { big = newTestLog(t, 100_000) })
	return big
}

var (
	bigOnce sync.Once
	big     *testLog
)

// interopSizes are all sizes up to 300, over the first border between tiles, and
// one with three levels of tiles.
func interopSizes() []int64 {
	var sizes []int64
	for size := range int64(301) {
		sizes = append(sizes, size)
	}
	return append(sizes, 100_000)
}

func TestInteropFsck(t *testing.T) {
	l := bigLog(t)
	var size int64
	server := l.serve(t, &size)
	verifier, err := note.NewVerifier(testKey(t))
	if err != nil {
		t.Fatal(err)
	}
	check := func(at int64, bundleHasher func([]byte) ([][]byte, error)) error {
		size = at
		address, err := url.Parse(server.URL + "/")
		if err != nil {
			t.Fatal(err)
		}
		fetcher, err := client.NewHTTPFetcher(address, server.Client())
		if err != nil {
			t.Fatal(err)
		}
		return fsck.New(testOrigin, verifier, fetcher, bundleHasher, fsck.Opts{N: 4}).Check(t.Context())
	}
	for _, at := range interopSizes() {
		if at == 0 {
			continue // fsck knows no empty log: TestInteropSumdb reads it
		}
		if err := check(at, peerLeaves); err != nil {
			t.Fatalf("size %d: fsck: %v", at, err)
		}
	}

	// And it would say so.
	wrong := func(bundle []byte) ([][]byte, error) {
		bundle[5] ^= 1
		return peerLeaves(bundle)
	}
	if err := check(300, wrong); err == nil {
		t.Error("fsck finds no fault in changed entries")
	}
}

// peerLeaves hashes a bundle as Tessera does.
func peerLeaves(bundle []byte) ([][]byte, error) {
	var b api.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	var leaves [][]byte
	for _, entry := range b.Entries {
		leaves = append(leaves, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return leaves, nil
}

func TestInteropSumdb(t *testing.T) {
	l := bigLog(t)
	var size int64
	server := l.serve(t, &size)
	for _, size = range interopSizes() {
		auditor := &sumdbAuditor{t: t, prefix: server.URL}
		tree := auditor.tree(testKey(t))
		if tree.N != size || tree.Hash != rootOf(t, l, size) {
			t.Fatalf("size %d: sumdb reads another tree: %+v", size, tree)
		}
		// The reader checks each tile against the root before it uses it.
		reader := tlog.TileHashReader(tree, auditor)
		for index := int64(0); index < size; index += 1 + size/10 {
			p, err := tlog.ProveRecord(size, index, reader)
			if err != nil {
				t.Fatalf("size %d, entry %d: %v", size, index, err)
			}
			ours, err := InclusionProof(size, index, l)
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(p) != fmt.Sprint(ours) {
				t.Fatalf("size %d, entry %d: another proof", size, index)
			}
			record := auditor.record(index, size)
			if err := tlog.CheckRecord(p, tree.N, tree.Hash, index, tlog.RecordHash(record)); err != nil {
				t.Fatalf("size %d, entry %d: %v", size, index, err)
			}
			if err := CheckInclusion(ours, size, tree.Hash, index, record); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// sumdbAuditor is an auditor with golang.org/x/mod/sumdb and the text of C2SP
// tlog-tiles, without a line of ours.
type sumdbAuditor struct {
	t      *testing.T
	prefix string
}

func (a *sumdbAuditor) get(path string) []byte {
	a.t.Helper()
	answer, err := http.Get(a.prefix + "/" + path)
	if err != nil {
		a.t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		a.t.Fatalf("GET %s: %s, %v", path, answer.Status, err)
	}
	return content
}

// tree opens the checkpoint: three lines.
func (a *sumdbAuditor) tree(vkey string) tlog.Tree {
	a.t.Helper()
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		a.t.Fatal(err)
	}
	opened, err := note.Open(a.get("checkpoint"), note.VerifierList(verifier))
	if err != nil {
		a.t.Fatal(err)
	}
	var origin, root string
	var tree tlog.Tree
	if _, err := fmt.Sscanf(opened.Text, "%s\n%d\n%s\n", &origin, &tree.N, &root); err != nil {
		a.t.Fatal(err)
	}
	if origin != verifier.Name() {
		a.t.Fatalf("origin %s", origin)
	}
	if tree.Hash, err = tlog.ParseHash(root); err != nil {
		a.t.Fatal(err)
	}
	return tree
}

// record reads an entry from its bundle.
func (a *sumdbAuditor) record(index, size int64) []byte {
	a.t.Helper()
	bundle := a.get("tile/entries/" + suffix(index/256, min(size-index/256*256, 256)))
	for range index % 256 {
		bundle = bundle[2+int(bundle[0])<<8+int(bundle[1]):]
	}
	return bundle[2 : 2+int(bundle[0])<<8+int(bundle[1])]
}

// suffix writes <N>[.p/<W>] as the specification words it.
func suffix(n, width int64) string {
	text := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		text = fmt.Sprintf("x%03d/%s", n%1000, text)
	}
	if width < 256 {
		text += fmt.Sprintf(".p/%d", width)
	}
	return text
}

func (a *sumdbAuditor) Height() int                     { return 8 }
func (a *sumdbAuditor) SaveTiles([]tlog.Tile, [][]byte) {}
func (a *sumdbAuditor) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var contents [][]byte
	for _, tile := range tiles {
		contents = append(contents, a.get(fmt.Sprintf("tile/%d/%s", tile.L, suffix(tile.N, int64(tile.W)))))
	}
	return contents, nil
}

// TestInteropMerkle: proofs of ours from the tiles alone, checked by
// transparency-dev/merkle. All proofs of small trees are in TestInclusion and
// TestConsistency.
func TestInteropMerkle(t *testing.T) {
	l := bigLog(t)
	for _, size := range interopSizes() {
		source, err := NewTileSource(size, func(ctx context.Context, path string, _ int64) ([]byte, error) {
			tile, err := ParseTile(path)
			if err != nil {
				return nil, err
			}
			return l.tile(ctx, tile)
		})
		if err != nil {
			t.Fatal(err)
		}
		root := rootOf(t, l, size)
		nodes := source.HashReader(t.Context())
		for index := int64(0); index < size; index += 1 + size/20 {
			p, err := InclusionProof(size, index, nodes)
			if err != nil {
				t.Fatal(err)
			}
			leaf := rfc6962.DefaultHasher.HashLeaf(l.records[index])
			if err := peer.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(size), leaf, asBytes(p), root[:]); err != nil {
				t.Fatalf("size %d, entry %d: merkle: %v", size, index, err)
			}
			old := rootOf(t, l, index)
			if p, err = ConsistencyProof(size, index, nodes); err != nil {
				t.Fatal(err)
			}
			if err := peer.VerifyConsistency(rfc6962.DefaultHasher, uint64(index), uint64(size), asBytes(p), old[:], root[:]); err != nil {
				t.Fatalf("size %d after %d: merkle: %v", size, index, err)
			}
		}
	}
}
