package audit

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/tlog"
)

// tilesOf gives everything that a tlog-tiles log of this size must have.
func tilesOf(size int64) []Tile {
	var tiles []Tile
	for level := 0; size>>(level*tileHeight) > 0; level++ {
		for index := int64(0); ; index++ {
			tile := Tile{Level: level, Index: index}.widest(size)
			if tile.Width <= 0 {
				break
			}
			tiles = append(tiles, tile)
			if level == 0 {
				tile.Entries = true
				tiles = append(tiles, tile)
			}
		}
	}
	return tiles
}

// folder is the log's first size entries as a static tlog-tiles log.
func (l *testLog) folder(t testing.TB, size int64) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{"checkpoint": {Data: l.checkpoint(t, size)}}
	for _, tile := range tilesOf(size) {
		content, err := l.tile(t.Context(), tile)
		if err != nil {
			t.Fatalf("%s of %d: %v", tile.Path(), size, err)
		}
		files[tile.Path()] = &fstest.MapFile{Data: content}
	}
	return files
}

func (l *testLog) tile(ctx context.Context, tile Tile) ([]byte, error) {
	if tile.Entries {
		return ReadBundle(ctx, tile, l)
	}
	return ReadTile(tile, l)
}

// TestTilesOfSpec: the example of tlog-tiles.
func TestTilesOfSpec(t *testing.T) {
	count := map[Tile]int{}
	for _, tile := range tilesOf(70_000) {
		tile.Index = 0
		count[tile]++
	}
	for tile, want := range map[Tile]int{
		{Level: 0, Width: 256}:                273,
		{Level: 0, Width: 112}:                1,
		{Level: 1, Width: 256}:                1,
		{Level: 1, Width: 17}:                 1,
		{Level: 2, Width: 1}:                  1,
		{Level: 0, Width: 256, Entries: true}: 273,
		{Level: 0, Width: 112, Entries: true}: 1,
	} {
		if count[tile] != want {
			t.Errorf("%d of %+v, not %d", count[tile], tile, want)
		}
		delete(count, tile)
	}
	if len(count) > 0 {
		t.Errorf("also %v", count)
	}
}

func TestParseTile(t *testing.T) {
	for path, want := range map[string]Tile{
		"tile/0/000":                          {Width: 256},
		"tile/0/000.p/1":                      {Width: 1},
		"tile/0/000.p/255":                    {Width: 255},
		"tile/0/x001/x234/067":                {Index: 1234067, Width: 256},
		"tile/0/x001/x234/067.p/8":            {Index: 1234067, Width: 8},
		"tile/7/000.p/16":                     {Level: 7, Width: 16},
		"tile/entries/000":                    {Entries: true, Width: 256},
		"tile/entries/x001/000.p/17":          {Entries: true, Index: 1000, Width: 17},
		"tile/0/x004/x503/x599/x627/x370/495": {Index: 1<<52 - 1, Width: 256},
	} {
		got, err := ParseTile(path)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
		if got.Path() != path {
			t.Errorf("%s becomes %s", path, got.Path())
		}
	}
	for _, path := range []string{
		"", "tile", "tile/", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile//000", "checkpoint",
		"tile/00/000", "tile/+0/000", "tile/-1/000", "tile/64/000", "tile/63/000", "tile/8/000", "tile/7/000", "tile/7/000.p/17", "tile/7/001.p/1",
		"tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000/000", "tile/0/001/000", "tile/0/x01/000", "tile/0/x001/x000", "tile/0/x001", "tile/0/X001/000",
		"tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/+1", "tile/0/000.p/-1", "tile/0/000.p/", "tile/0/000.p", "tile/0/000.p/1/2", "tile/0/.p/1",
		"tile/0/000.p/1.p/1", "tile/0/x001.p/000.p/1", "tile/0/000.P/1", "tile/0/000.p/1 ", "tile/0/００0", "tile/0/..", "tile/0/../0/000",
		"tile/8/0/000", "tile/data/000", "tile/entries", "tile/entries/", "tile/Entries/000", "tile/entries/0/000", "tile/entries/000.p/0",
		"tile/0/x004/x503/x599/x627/x370/496", "tile/0/x018/x446/x744/x073/x709/x551/615", "tile/0/" + strings.Repeat("x999/", 1000) + "999",
	} {
		if got, err := ParseTile(path); !errors.Is(err, ErrTile) {
			t.Errorf("%q: %+v, %v", path, got, err)
		}
	}
}

func FuzzParseTile(f *testing.F) {
	for _, seed := range []string{"tile/0/000", "tile/7/000.p/16", "tile/entries/x001/x234/067.p/8", "tile/0/x000/000", "tile/0/.p/1", "tile/0/a.p/b/c.p"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		tile, err := ParseTile(path)
		if err != nil {
			if !errors.Is(err, ErrTile) {
				t.Fatal(err)
			}
			return
		}
		if tile.Path() != path || !tile.In(maxSize) || tile.In(0) {
			t.Fatalf("%q is %+v, which is %q", path, tile, tile.Path())
		}
		// The first size of a log with this tile is where it begins to be there.
		if end := tile.Index*TileWidth + int64(tile.Width); !tile.In(end<<(tile.Level*tileHeight)) || tile.In(end<<(tile.Level*tileHeight)-1) {
			t.Fatalf("%q", path)
		}
	})
}

func TestReadTileRefuses(t *testing.T) {
	l := newTestLog(t, 300)
	for _, tile := range []Tile{
		{}, {Width: 257}, {Width: -1}, {Index: -1, Width: 1}, {Level: -1, Width: 1}, {Level: 8, Width: 1}, {Index: 1 << 62, Width: 1}, {Entries: true, Width: 1},
	} {
		if _, err := ReadTile(tile, l); !errors.Is(err, ErrTile) {
			t.Errorf("%+v: %v", tile, err)
		}
		tile.Entries = !tile.Entries
		if _, err := ReadBundle(t.Context(), tile, l); !errors.Is(err, ErrTile) {
			t.Errorf("%+v: %v", tile, err)
		}
	}
	// What is not there yet is the reader's error, or the bundle's.
	if _, err := ReadTile(Tile{Index: 1, Width: 45}, l); err == nil {
		t.Error("a tile of hashes that are not there")
	}
	if _, err := ReadBundle(t.Context(), Tile{Entries: true, Index: 1, Width: 45}, l); !errors.Is(err, ErrTile) {
		t.Error(err)
	}
	one := Tile{Entries: true, Width: 1}
	for name, r := range map[string]records{
		"too long":  {{0, make([]byte, MaxEntrySize+1)}},
		"wrong":     {{1, nil}},
		"too many":  {{0, nil}, {1, nil}},
		"twice":     {{0, nil}, {0, nil}},
		"not there": {},
	} {
		if _, err := ReadBundle(t.Context(), one, r); err == nil {
			t.Errorf("a bundle of records of which one is %s", name)
		}
	}
	two := Tile{Entries: true, Width: 2}
	if _, err := ReadBundle(t.Context(), two, records{{1, nil}, {0, nil}}); !errors.Is(err, ErrTile) {
		t.Errorf("a bundle of records in another order: %v", err)
	}
	if bundle, err := ReadBundle(t.Context(), one, records{{0, make([]byte, MaxEntrySize)}}); err != nil || len(bundle) != 2+MaxEntrySize {
		t.Errorf("%d bytes, %v", len(bundle), err)
	}
}

// records gives what it has, whatever it is asked for.
type records []struct {
	index  int64
	record []byte
}

func (r records) Records(_ context.Context, _, _ int64, yield func(int64, []byte) error) error {
	for _, record := range r {
		if err := yield(record.index, record.record); err != nil {
			return err
		}
	}
	return nil
}

func FuzzSplitBundle(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 0, 0}, 2)
	f.Add([]byte{0, 1, 'a', 0}, 2)
	f.Add([]byte{255, 255}, 1)
	f.Add([]byte{}, 0)
	f.Add([]byte{}, -1)
	f.Fuzz(func(t *testing.T, bundle []byte, width int) {
		got, err := SplitBundle(bundle, width)
		if err != nil {
			if !errors.Is(err, ErrTile) {
				t.Fatal(err)
			}
			return
		}
		if len(got) != max(width, 0) {
			t.Fatalf("%d records", len(got))
		}
		if width < 1 || width > TileWidth {
			return
		}
		r := make(records, width)
		for i := range got {
			r[i].index, r[i].record = int64(i), got[i]
		}
		again, err := ReadBundle(t.Context(), Tile{Entries: true, Width: width}, r)
		if err != nil || !bytes.Equal(again, bundle) {
			t.Fatalf("%x becomes %x, %v", bundle, again, err)
		}
	})
}

// TestTileSource reads logs of many sizes, entries and nodes, by their tiles.
func TestTileSource(t *testing.T) {
	l := bigLog(t)
	for _, size := range []int64{0, 1, 2, 255, 256, 257, 511, 512, 513, 65_537} {
		source, err := NewTileSource(size, FetchFS(l.folder(t, size)))
		if err != nil {
			t.Fatal(err)
		}
		opts := signedBy(t, l, size)
		opts.StoredNodes = source.HashReader(t.Context())
		report, err := Verify(t.Context(), source, opts)
		if err != nil || report.Signed() != size || report.Nodes != tlog.StoredHashCount(size) {
			t.Errorf("%d: %+v, %v", size, report, err)
		}
	}
}

// TestTileSourceOfGrownLog: the log has grown since it signed, and where it had a
// partial tile it has only the full one now.
func TestTileSourceOfGrownLog(t *testing.T) {
	l := bigLog(t)
	files := l.folder(t, 66_000)
	source, err := NewTileSource(65_700, FetchFS(files)) // in the middle of bundle 256, which 66,000 fills
	if err != nil {
		t.Fatal(err)
	}
	opts := signedBy(t, l, 65_700)
	opts.StoredNodes = source.HashReader(t.Context())
	if report, err := Verify(t.Context(), source, opts); err != nil || report.Size != 65_700 {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestTileSourceFinds what is wrong with tiles, and says where.
func TestTileSourceFinds(t *testing.T) {
	l := newTestLog(t, 600)
	for name, c := range map[string]struct {
		path   string
		change func([]byte) []byte
		index  int64
		check  Check
		target error
	}{
		"entry changed":    {"tile/entries/001", flip(2 + 10), 256, CheckNode, ErrNode},
		"bundle cut":       {"tile/entries/001", func(b []byte) []byte { return b[:len(b)-1] }, 511, CheckEncoding, ErrTile},
		"bundle longer":    {"tile/entries/001", func(b []byte) []byte { return append(b, 0) }, 512, CheckEncoding, ErrTile},
		"bundle empty":     {"tile/entries/001", func(b []byte) []byte { return nil }, 256, CheckEncoding, ErrTile},
		"bundle too large": {"tile/entries/001", func(b []byte) []byte { return make([]byte, maxBundleSize+1) }, -1, "", ErrTile},
		"no bundle":        {"tile/entries/001", nil, -1, "", fs.ErrNotExist},
		"leaf changed":     {"tile/0/001", flip(32), 257, CheckNode, ErrNode},
		"tile cut":         {"tile/0/001", func(b []byte) []byte { return b[:len(b)-1] }, 256, CheckNode, ErrNode},
		"root changed":     {"tile/1/000.p/2", flip(40), 511, CheckNode, ErrNode},
		"no tile":          {"tile/0/002.p/88", nil, 512, CheckNode, ErrNode},
	} {
		t.Run(name, func(t *testing.T) {
			files := l.folder(t, 600)
			if files[c.path] == nil {
				t.Fatal("no such tile")
			}
			if c.change == nil {
				delete(files, c.path)
			} else {
				files[c.path].Data = c.change(bytes.Clone(files[c.path].Data))
			}
			source, err := NewTileSource(600, FetchFS(files))
			if err != nil {
				t.Fatal(err)
			}
			opts := signedBy(t, l, 600)
			opts.StoredNodes = source.HashReader(t.Context())
			_, err = Verify(t.Context(), source, opts)
			if !errors.Is(err, c.target) {
				t.Fatal(err)
			}
			wrong, isVerify := errors.AsType[*VerifyError](err)
			if c.check == "" && isVerify || c.check != "" && (!isVerify || wrong.Index != c.index || wrong.Check != c.check) {
				t.Fatal(err)
			}
		})
	}
}

func flip(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		b[at] ^= 1
		return b
	}
}

func TestTileSourceRefuses(t *testing.T) {
	for _, size := range []int64{-1, maxSize + 1} {
		if _, err := NewTileSource(size, nil); err == nil {
			t.Errorf("size %d", size)
		}
	}
	l := newTestLog(t, 10)
	source, err := NewTileSource(10, FetchFS(l.folder(t, 10)))
	if err != nil {
		t.Fatal(err)
	}
	yield := func(int64, []byte) error { return nil }
	if err := source.Records(t.Context(), -1, 2, yield); err == nil {
		t.Error("negative index")
	}
	for _, index := range []int64{-1, tlog.StoredHashIndex(0, 10), 1<<63 - 1} {
		if _, err := source.HashReader(t.Context()).ReadHashes([]int64{index}); err == nil {
			t.Errorf("node %d", index)
		}
	}
	stop := errors.New("stop")
	if err := source.Records(t.Context(), 0, 10, func(int64, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := source.Records(ctx, 0, 10, yield); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func BenchmarkTileSource(b *testing.B) {
	l := newTestLog(b, 100_000)
	files := l.folder(b, 100_000)
	opts := signedBy(b, l, 100_000)
	for b.Loop() {
		source, err := NewTileSource(100_000, FetchFS(files))
		if err != nil {
			b.Fatal(err)
		}
		opts.StoredNodes = source.HashReader(b.Context())
		if _, err := Verify(b.Context(), source, opts); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
