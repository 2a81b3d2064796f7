package audit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/tlog"
)

// TileWidth is how many hashes a full tile has, and how many entries a full
// bundle: C2SP tlog-tiles.
const (
	TileWidth  = 1 << tileHeight
	tileHeight = 8 // levels of the tree from one level of tiles to the next
)

const (
	maxTilePath   = 64 // bytes; the path of a tile beyond maxSize is not longer
	maxBundleSize = TileWidth * (2 + MaxEntrySize)
)

// ErrTile means that a path names nothing that a log has, or that its content is
// not what a log would have there.
var ErrTile = errors.New("audit: not a tile")

// Tile names one resource of a tlog-tiles log: either Width hashes of the tree
// or, with Entries, the bundle of the entries below the hashes of level 0.
type Tile struct {
	Entries bool
	Level   int   // hash i of level L is the root of 256^L entries; 0 with Entries
	Index   int64 // its first hash is number Index * TileWidth of its level
	Width   int   // 1 to TileWidth; a tile that is not full is called partial
}

// ParseTile reads the path of a tile below the log's prefix, in the one form that
// tlog-tiles gives it: "tile/0/x001/x234/067", "tile/entries/000.p/17". The error
// is ErrTile, also for a tile that no log of any size has.
func ParseTile(path string) (Tile, error) {
	rest, isTile := strings.CutPrefix(path, "tile/")
	if !isTile || len(path) > maxTilePath {
		return Tile{}, fmt.Errorf("%w: no such path", ErrTile)
	}
	level, index, _ := strings.Cut(rest, "/")
	t := Tile{Entries: level == "entries"}
	if t.Entries {
		level = "0"
	}
	l, n, partial, err := layout.ParseTileLevelIndexPartial(level, index)
	if err != nil || n > maxSize {
		return Tile{}, fmt.Errorf("%w: no such path", ErrTile)
	}
	t.Level, t.Index, t.Width = int(l), int64(n), int(partial)
	if partial == 0 {
		t.Width = TileWidth
	}
	// The library also takes needless zeros.
	if !t.In(maxSize) || t.Path() != path {
		return Tile{}, fmt.Errorf("%w: no such path", ErrTile)
	}
	return t, nil
}

// Path is the path of the tile below the log's prefix.
func (t Tile) Path() string {
	partial := uint8(t.Width % TileWidth) // the library's 0 is a full tile
	if t.Entries {
		return layout.EntriesPath(uint64(t.Index), partial)
	}
	return layout.TilePath(uint64(t.Level), uint64(t.Index), partial)
}

// In says whether a log of this many entries has the whole tile.
func (t Tile) In(size int64) bool {
	if t.Level < 0 || t.Level > 63/tileHeight || t.Entries && t.Level != 0 ||
		t.Index < 0 || t.Index > maxSize/TileWidth || t.Width < 1 || t.Width > TileWidth {
		return false
	}
	return t.Index*TileWidth+int64(t.Width) <= size>>(t.Level*tileHeight)
}

// widest is the tile with all the hashes that a log of this size has for it. It
// has none if the width is not positive.
func (t Tile) widest(size int64) Tile {
	t.Width = int(min(size>>(t.Level*tileHeight)-t.Index*TileWidth, TileWidth))
	return t
}

// ReadTile gives the content of a tile of hashes: 32 bytes for each. It reads
// that many nodes in one call of r.
func ReadTile(t Tile, r tlog.HashReader) ([]byte, error) {
	if t.Entries || !t.In(maxSize) {
		return nil, fmt.Errorf("%w: no hashes", ErrTile)
	}
	return tlog.ReadTileData(t.hashes(), r)
}

func (t Tile) hashes() tlog.Tile {
	return tlog.Tile{H: tileHeight, L: t.Level, N: t.Index, W: t.Width}
}

// RecordReader is the part of Source that gives records.
type RecordReader interface {
	Records(ctx context.Context, from, to int64, yield func(index int64, record []byte) error) error
}

// ReadBundle gives the content of an entry bundle: each record behind its length
// as two bytes, the greater first. The error is that of r, or ErrTile if a record
// is missing or in the wrong place.
func ReadBundle(ctx context.Context, t Tile, r RecordReader) ([]byte, error) {
	if !t.Entries || !t.In(maxSize) {
		return nil, fmt.Errorf("%w: no entries", ErrTile)
	}
	var bundle []byte
	from := t.Index * TileWidth
	next, to := from, from+int64(t.Width)
	err := r.Records(ctx, from, to, func(index int64, record []byte) error {
		if index != next || index >= to {
			return fmt.Errorf("%w: record %d where %d is next", ErrTile, index, next)
		}
		if len(record) > MaxEntrySize {
			return ErrEntryTooLarge
		}
		next++
		bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(record)))
		bundle = append(bundle, record...)
		return nil
	})
	if err == nil && next != to {
		err = fmt.Errorf("%w: record %d is missing", ErrTile, next)
	}
	if err != nil {
		return nil, err
	}
	return bundle, nil
}

// SplitBundle gives the records of an entry bundle, which must be this many and
// fill it. They share its memory. With an error, which is ErrTile, it still gives
// the records before the place that is wrong.
func SplitBundle(bundle []byte, width int) ([][]byte, error) {
	var records [][]byte
	for len(records) < width {
		if len(bundle) < 2 {
			return records, fmt.Errorf("%w: a bundle of %d entries, not of %d", ErrTile, len(records), width)
		}
		n := 2 + int(binary.BigEndian.Uint16(bundle))
		if n > len(bundle) {
			return records, fmt.Errorf("%w: entry %d of a bundle is cut off", ErrTile, len(records))
		}
		records = append(records, bundle[2:n:n])
		bundle = bundle[n:]
	}
	if len(bundle) > 0 {
		return records, fmt.Errorf("%w: more bytes behind the %d entries of a bundle", ErrTile, width)
	}
	return records, nil
}
