package api

import (
	"bytes"
	"compress/gzip"
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/negotiation"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody/desk"
)

// tilePath is where the tiles are: with .../ledger/checkpoint beside them, the
// ledger is a C2SP tlog-tiles log whose prefix is .../ledger.
const tilePath = prefix + "/ledger/tile/"

// tiles registers the tiles. A tile's path has more than one part, which the
// router calls *tile and OpenAPI has no name for.
func (s *Server) tiles() {
	o := op("GET", "/ledger/tile/*tile", "tile", "Part of the ledger, a C2SP tlog-tiles tile or entry bundle, such as 0/x001/067.p/8 or entries/000")
	o.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}}
	register(s, o, s.tile)
	paths := s.huma.OpenAPI().Paths
	paths[tilePath+"{tile}"] = paths[o.Path]
	delete(paths, o.Path)
}

type tileOf struct {
	Tile           string `path:"tile" maxLength:"64"`
	AcceptEncoding string `header:"Accept-Encoding"`
}

// tileReply never changes: what is in the ledger stays. Only the reader's own
// cache may keep it, because not everybody may read the ledger.
type tileReply struct {
	ContentType     string `header:"Content-Type"`
	ContentEncoding string `header:"Content-Encoding"`
	CacheControl    string `header:"Cache-Control"`
	Vary            string `header:"Vary"`
	Body            []byte
}

func (s *Server) tile(ctx context.Context, in *tileOf) (*tileReply, error) {
	if err := WholeLedger(edge.Of(ctx).Person); err != nil {
		return nil, err
	}
	tile, err := audit.ParseTile("tile" + in.Tile) // gin's *tile begins with a slash
	if err != nil {
		return nil, desk.ErrNotFound
	}
	head, err := s.Desk.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	if !tile.In(head.Size) {
		return nil, desk.ErrNotFound
	}
	reply := &tileReply{ContentType: "application/octet-stream", CacheControl: "private, max-age=31536000, immutable"}
	if !tile.Entries {
		reply.Body, err = audit.ReadTile(tile, s.Queries.HashReader(ctx))
		return reply, err
	}
	if reply.Body, err = audit.ReadBundle(ctx, tile, records{s.Queries}); err != nil {
		return nil, err
	}
	reply.Vary = "Accept-Encoding"
	if negotiation.SelectQValue(in.AcceptEncoding, []string{"gzip"}) == "gzip" {
		reply.ContentEncoding = "gzip"
		reply.Body, err = compress(reply.Body)
	}
	return reply, err
}

// records reads the ledger's records for a bundle.
type records struct{ Queries }

func (r records) Records(ctx context.Context, from, to int64, yield func(index int64, record []byte) error) error {
	entries, err := r.Entries(ctx, desk.EntryQuery{From: from, Limit: int(to - from)})
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := yield(entry.Index, entry.Record); err != nil {
			return err
		}
	}
	return nil
}

func compress(content []byte) ([]byte, error) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	err := w.Close()
	return packed.Bytes(), err
}
