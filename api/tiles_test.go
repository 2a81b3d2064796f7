package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/rfc6962"
	tessera "github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/remote"
	"github.com/tandem-custody/tandem/custody"
)

// bearing is a transport that logs in as somebody.
type bearing string

func (b bearing) RoundTrip(q *http.Request) (*http.Response, error) {
	q = q.Clone(q.Context())
	q.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(q)
}

// serveMany is a world with more than two tiles of entries.
func serveMany(t *testing.T) served {
	t.Helper()
	s := serve(t)
	for i := 0; len(s.records) < 600; i++ {
		s.must(t, custody.System, "", custody.AddPerson{
			Username: fmt.Sprint("person-", i), Name: "x", Roles: []custody.Role{custody.Technician}, TOTPPeriod: 30,
		})
	}
	return s
}

// The ledger is a tlog-tiles log, which we verify like anybody's.
func TestTheTilesAreTheLedger(t *testing.T) {
	s, ctx := serveMany(t), t.Context()
	l, err := remote.New(s.URL+"/api/v1/ledger", bearing("token-of-auditor"))
	if err != nil {
		t.Fatal(err)
	}
	signed := ok(l.Checkpoint(ctx))(t)
	key := ok(s.LedgerKey(ctx))(t)
	head, err := audit.OpenCheckpoint(signed, key)
	if err != nil {
		t.Fatal(err)
	}
	source, err := audit.NewTileSource(head.Size, l.Fetch)
	if err != nil {
		t.Fatal(err)
	}
	report, err := audit.Verify(ctx, source, audit.VerifyOptions{
		Checkpoints: [][]byte{signed}, Keys: []string{key}, StoredNodes: source.HashReader(ctx),
	})
	if err != nil || report.Signed() != int64(len(s.records)) || report.Nodes < report.Size {
		t.Errorf("%+v, %v", report, err)
	}
}

// Tessera's fsck reads it too.
func TestFsckFindsNothing(t *testing.T) {
	s, ctx := serveMany(t), t.Context()
	verifier, err := note.NewVerifier(ok(s.LedgerKey(ctx))(t))
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(s.URL + "/api/v1/ledger/")
	if err != nil {
		t.Fatal(err)
	}
	fetcher, err := client.NewHTTPFetcher(at, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	fetcher.SetAuthorizationHeader("Bearer token-of-auditor")
	leaves := func(bundle []byte) (hashes [][]byte, err error) {
		var b tessera.EntryBundle
		err = b.UnmarshalText(bundle)
		for _, entry := range b.Entries {
			hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
		}
		return hashes, err
	}
	if err := fsck.New(origin, verifier, fetcher, leaves, fsck.Opts{N: 2}).Check(ctx); err != nil {
		t.Error(err)
	}
}

func TestATileIsForEver(t *testing.T) {
	s := serveMany(t)
	for _, path := range []string{"0/000", "0/000.p/17", "1/000.p/2", "entries/000", "entries/002.p/1"} {
		for _, encoding := range []string{"identity", "gzip"} {
			answer, _, body := s.ask(t, "GET", "/api/v1/ledger/tile/"+path, "", "Authorization", "Bearer token-of-auditor", "Accept-Encoding", encoding)
			h := answer.Header
			if answer.StatusCode != 200 || h.Get("Content-Type") != "application/octet-stream" || h.Get("Cache-Control") != "private, max-age=31536000, immutable" || body == "" {
				t.Errorf("%s: %d %v", path, answer.StatusCode, h)
			}
			packed := encoding == "gzip" && strings.HasPrefix(path, "entries/")
			if (h.Get("Content-Encoding") == "gzip") != packed || (h.Get("Vary") != "") != strings.HasPrefix(path, "entries/") {
				t.Errorf("%s, %s: %v", path, encoding, h)
			}
		}
	}
}

func TestNoSuchTile(t *testing.T) {
	s := serveMany(t)
	for _, path := range []string{
		"", "0", "0/", "0/003", "0/002", "0/002.p/255", "1/000", "1/000.p/3", "2/000.p/1", "8/000", "0/000.p/0", "0/x000/000", "00/000", "entries/003",
		"entries/000/", "0/../0/000", "0/%2e%2e/0/000", "data/000", strings.Repeat("x", 10_000),
	} {
		answer, _, body := s.ask(t, "GET", "/api/v1/ledger/tile/"+path, "", "Authorization", "Bearer token-of-auditor")
		if answer.StatusCode != 404 && !(len(path) > 64 && answer.StatusCode == 422) {
			t.Errorf("%.60q: %d %s", path, answer.StatusCode, body)
		}
		if answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%.60q: %v", path, answer.Header)
		}
	}
}

// While the signing key cannot be used there is no head to speak for.
func TestATileNeedsAHead(t *testing.T) {
	s := serveMany(t)
	s.fail = custody.Invalid("x", "empty")
	answer, _, _ := s.ask(t, "GET", "/api/v1/ledger/tile/entries/000", "", "Authorization", "Bearer token-of-auditor")
	if answer.StatusCode == 200 || answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", answer.StatusCode, answer.Header)
	}
}
