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
// "tile/0/x001/x234/067". More than limit bytes are an error; so is nothing,
// which is fs.ErrNotExist.
type TileFetcher func(ctx context.Context, path string, limit int64) ([]byte, error)

// FetchFS gets tiles from a folder, such as a static copy of a log.
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

// TileSource is a log that is read by its tiles, whoever serves them: a Source
// and, by HashReader, the nodes. Nothing of it is to be relied on before it was
// compared with a signed root, which is what Verify and the checks of proofs do.
// It is safe for use by several goroutines.
type TileSource struct {
	size  int64
	fetch TileFetcher

	mu    sync.Mutex
	upper map[int]fetchedTile // the last one of each level above 0: 256 tiles below have it in common
}

type fetchedTile struct {
	Tile
	content []byte
}

// NewTileSource reads the first size entries of a log. It must be a size that
// the log has signed: of no other has it to have the partial tiles.
func NewTileSource(size int64, fetch TileFetcher) (*TileSource, error) {
	if size < 0 || size > maxSize {
		return nil, fmt.Errorf("audit: no log has the size %d", size)
	}
	return &TileSource{size: size, fetch: fetch, upper: map[int]fetchedTile{}}, nil
}

// Size is the size that it was made with.
func (s *TileSource) Size(context.Context) (int64, error) { return s.size, nil }

// Records gives the records in [from, to) as far as the log has them. A bundle
// that is none is a *VerifyError, for the first entry that it should have had.
func (s *TileSource) Records(ctx context.Context, from, to int64, yield func(index int64, record []byte) error) error {
	if from < 0 {
		return fmt.Errorf("audit: no entry has the index %d", from)
	}
	for to = min(to, s.size); from < to; {
		tile := Tile{Entries: true, Index: from / TileWidth}.widest(s.size)
		got, err := s.get(ctx, tile, maxBundleSize)
		if err != nil {
			return err
		}
		records, wrong := SplitBundle(got.content, got.Width)
		first := tile.Index * TileWidth
		end := min(first+int64(len(records)), to)
		for ; from < end; from++ {
			if err := yield(from, records[from-first]); err != nil {
				return err
			}
		}
		if wrong != nil {
			return &VerifyError{from, CheckEncoding, wrong}
		}
	}
	return nil
}

// HashReader reads nodes of the tree from the tiles. Those between two levels of
// tiles are worked out.
func (s *TileSource) HashReader(ctx context.Context) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) {
		end := tlog.StoredHashIndex(0, s.size)
		fetched := map[Tile]fetchedTile{}
		hashes := make([]Hash, len(indexes))
		for i, index := range indexes {
			if index < 0 || index >= end {
				return nil, fmt.Errorf("audit: the log has no node %d", index)
			}
			at := tlog.TileForIndex(tileHeight, index)
			tile := Tile{Level: at.L, Index: at.N}.widest(s.size)
			got, found := fetched[tile]
			if !found {
				var err error
				if got, err = s.hashTile(ctx, tile); err != nil {
					return nil, err
				}
				fetched[tile] = got
			}
			var err error
			if hashes[i], err = tlog.HashFromTile(got.hashes(), got.content, index); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrTile, err)
			}
		}
		return hashes, nil
	})
}

func (s *TileSource) hashTile(ctx context.Context, tile Tile) (fetchedTile, error) {
	s.mu.Lock()
	got := s.upper[tile.Level]
	s.mu.Unlock()
	if got.content != nil && got.Index == tile.Index {
		return got, nil
	}
	got, err := s.get(ctx, tile, TileWidth*tlog.HashSize)
	if err != nil {
		return got, err
	}
	if len(got.content) != got.Width*tlog.HashSize {
		return got, fmt.Errorf("%w: %s has %d bytes", ErrTile, got.Path(), len(got.content))
	}
	if tile.Level > 0 {
		s.mu.Lock()
		s.upper[tile.Level] = got
		s.mu.Unlock()
	}
	return got, nil
}

// get fetches a tile or, when there is no such partial tile any more, the full
// one that it grew to.
func (s *TileSource) get(ctx context.Context, tile Tile, limit int64) (fetchedTile, error) {
	content, err := s.fetch(ctx, tile.Path(), limit)
	if errors.Is(err, fs.ErrNotExist) && tile.Width < TileWidth {
		tile.Width = TileWidth
		content, err = s.fetch(ctx, tile.Path(), limit)
	}
	return fetchedTile{tile, content}, err
}
