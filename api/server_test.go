package api_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

const checkIn = "/api/v1/credentials/db01/checkin"

func TestEveryAnswerIsGuarded(t *testing.T) {
	s := serve(t, func(c *api.Config) { c.PublicURL = "https://tandem.example" })
	for _, path := range []string{"/api/v1/me", "/api/v1/nothing", "/openapi.json"} {
		answer, _, _ := s.ask(t, "GET", path, "", "X-Request-Id", "chosen-by-the-client")
		for name, value := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Strict-Transport-Security": "max-age=31536000",
		} {
			if got := answer.Header.Get(name); got != value {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if id := answer.Header.Get("X-Request-Id"); len(id) < 20 || id == "chosen-by-the-client" {
			t.Errorf("%s: request id %q", path, id)
		}
	}
}

func TestTheRequestIDReachesTheCommandAndTheLog(t *testing.T) {
	s := serve(t)
	answer, _, _ := s.ask(t, "POST", checkIn+"?", "", "X-Request-Id", mark)
	id := answer.Header.Get("X-Request-Id")
	if len(s.given) != 1 || s.given[0].Request != id || s.given[0].Actor != "tech-a" {
		t.Errorf("intents = %+v, id %s", s.given, id)
	}
	for _, part := range []string{id, `"route":"/api/v1/credentials/:name/checkin"`, `"person":"tech-a"`, `"status":409`, `"code":"conflict"`} {
		if !strings.Contains(s.log.String(), part) {
			t.Errorf("the log does not have %s: %s", part, s.log)
		}
	}
	for _, part := range []string{"token-of", "db01", mark} {
		if strings.Contains(s.log.String(), part) {
			t.Errorf("the log has %s: %s", part, s.log)
		}
	}
}

func TestTheIdempotencyKeyStandsForTheRequest(t *testing.T) {
	s, ctx := serve(t), t.Context()
	const path = "/api/v1/credentials/db01/checkout"
	for _, body := range []string{
		`{"purpose":"one","totp":"no"}`,
		` {"totp" : "not", "purpose":"\u006fne"} `, // the same, with another code
		`{"purpose":"two","totp":"no"}`,
	} {
		s.ask(t, "POST", path, body, "Idempotency-Key", "key 1")
	}
	s.ask(t, "POST", checkIn, "", "Idempotency-Key", "key 1")
	s.ask(t, "POST", checkIn, "")
	in := s.given
	if len(in) != 5 || in[0].Key != "key 1" || in[4].Key != "" || in[4].Digest != [32]byte{} {
		t.Fatalf("intents = %+v", in)
	}
	if in[0].Digest != in[1].Digest {
		t.Error("the same request has two digests")
	}
	if in[0].Digest == in[2].Digest || in[0].Digest == in[3].Digest || in[0].Digest == [32]byte{} {
		t.Error("two requests have the same digest")
	}

	tech := s.as(t, "tech-a")
	_, _ = tech.CheckIn(client.WithIdempotencyKey(ctx, "key 2"), "db01")
	if last := s.given[len(s.given)-1]; last.Key != "key 2" {
		t.Errorf("the client sent the key %q", last.Key)
	}
	s.trouble = func(context.Context) error { return desk.ErrKeyReused }
	_, err := tech.CheckIn(ctx, "db01")
	want(t, err, custody.InvalidRequest)
}

func TestRefusalsAreSaidInTheLanguageAskedFor(t *testing.T) {
	s := serve(t)
	for header, chinese := range map[string]bool{
		"": false, "en-GB, zh;q=0.5": false, "zh": true, "zh-CN,zh;q=0.9,en;q=0.8": true, "de, zh;q=0.1": true, "\x01?": false,
	} {
		if header == "\x01?" {
			header = "*;;=" // what no parser takes
		}
		_, p, _ := s.ask(t, "POST", checkIn, "", "Accept-Language", header)
		if got := strings.Contains(p.Detail, "领取"); got != chinese {
			t.Errorf("%q: %q", header, p.Detail)
		}
		_, p, _ = s.ask(t, "POST", "/api/v1/me/presence", `{"x":1}`, "Accept-Language", header)
		if got := strings.Contains(p.Detail, "字段"); got != chinese {
			t.Errorf("%q: %q", header, p.Detail)
		}
	}
}

func TestWhatIsDownIsNamed(t *testing.T) {
	s, ctx := serve(t), t.Context()
	tech := s.as(t, "tech-a")
	for cause, code := range map[error]custody.Code{
		desk.ErrSecretsUnavailable: edge.VaultUnavailable, desk.ErrStoreUnavailable: edge.StoreUnavailable,
	} {
		s.trouble = func(context.Context) error { return fmt.Errorf("dial MARKED: %w", cause) }
		_, err := tech.CheckOut(ctx, "db01", api.CheckOut{Purpose: "x", TOTP: "2"})
		if p := want(t, err, code); p.RetryAfter == 0 || p.Refused() || strings.Contains(p.Error(), "MARKED") {
			t.Errorf("problem = %+v", p)
		}
	}
	if !strings.Contains(s.log.String(), "dial MARKED") {
		t.Error("the log does not name the cause")
	}
}

func TestWhatNobodyExpectedIsOpaque(t *testing.T) {
	s := serve(t)
	for name, trouble := range map[string]func(context.Context) error{
		"an error": func(context.Context) error { return errors.New("MARKED") },
		"a panic":  func(context.Context) error { panic("MARKED") },
	} {
		s.trouble = trouble
		_, p, text := s.ask(t, "POST", checkIn, "")
		if p.Code != edge.Internal || p.Status != 500 || strings.Contains(text, "MARKED") {
			t.Errorf("%s: %s", name, text)
		}
		if log := s.log.String(); !strings.Contains(log, p.RequestID) || !strings.Contains(log, "MARKED") {
			t.Errorf("%s is not in the log: %s", name, log)
		}
	}
	s.trouble = nil
	if _, p, _ := s.ask(t, "POST", checkIn, ""); p.Code != custody.Conflict {
		t.Errorf("after a panic: %+v", p)
	}
}

func TestARequestEndsInTime(t *testing.T) {
	s := serve(t, func(c *api.Config) { c.Timeout = 20 * time.Millisecond })
	s.trouble = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	if _, p, text := s.ask(t, "POST", checkIn, ""); p.Code != edge.StoreUnavailable {
		t.Error(text)
	}
}

// The time for reading a request must not run on while it is carried out.
func TestReadingInTimeDoesNotEndTheCommand(t *testing.T) {
	s := serve(t).impatient(t)
	s.trouble = func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond): // longer than there is to read
			return nil
		}
	}
	for _, request := range [][2]string{{"checkout", `{"purpose":"x","totp":"2"}`}, {"checkin", ""}} { // on one connection
		if answer, _, text := s.ask(t, "POST", "/api/v1/credentials/db01/"+request[0], request[1]); answer.StatusCode != 200 {
			t.Errorf("%s: %d %s", request[0], answer.StatusCode, text)
		}
	}
}

func TestABodyThatDoesNotComeEnds(t *testing.T) {
	s := serve(t).impatient(t)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-of-tech-a\r\nContent-Length: 10\r\n\r\n{", checkIn)
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	if err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 400") {
		t.Errorf("%v %s", err, answer[:n])
	}
	if len(s.given) != 0 {
		t.Error("it was carried out")
	}
}

func TestWhoAsksTooOftenWaits(t *testing.T) {
	s := serve(t, func(c *api.Config) {
		c.SignIns = edge.Limit{Every: time.Hour, Burst: 2}
		c.Commands = edge.Limit{Every: time.Hour, Burst: 1}
	})
	a, b := s.as(t, "tech-a"), s.as(t, "tech-b")
	_, err := a.CheckIn(t.Context(), "db01")
	want(t, err, custody.Conflict)
	_, err = a.CheckIn(t.Context(), "db01")
	if p := want(t, err, edge.RateLimited); p.Status != 429 || p.RetryAfter == 0 || p.Refused() {
		t.Errorf("problem = %+v", p)
	}
	_, err = b.CheckIn(t.Context(), "db01")
	want(t, err, custody.Conflict)
	ok(a.Me(t.Context()))(t)

	for _, code := range []custody.Code{custody.Unauthenticated, custody.Unauthenticated, edge.RateLimited} {
		_, err := a.SignIn(t.Context(), api.SignIn{Username: "x", Password: "x", TOTP: "x"})
		want(t, err, code)
	}
}

func TestPagesAreMountedBesideTheAPI(t *testing.T) {
	s := serve(t, func(c *api.Config) {
		c.Web = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a page") })
	})
	if answer, _, text := s.ask(t, "GET", "/anything", ""); answer.StatusCode != 200 || text != "a page" {
		t.Errorf("%d %s", answer.StatusCode, text)
	}
	if _, p, _ := s.ask(t, "GET", "/api/v2/anything", ""); p.Code != custody.NotFound {
		t.Errorf("problem = %+v", p)
	}
}

func TestAReasonMayBeLeftOutWithItsBody(t *testing.T) {
	s := serve(t)
	s.must(t, "tech-a", "2", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("x")})
	if answer, _, text := s.ask(t, "POST", "/api/v1/handovers/handover-1/cancel", ""); answer.StatusCode != 200 || !strings.Contains(text, "cancelled") {
		t.Errorf("%d %s", answer.StatusCode, text)
	}
}

func TestAPublicURLIsOne(t *testing.T) {
	for _, bad := range []string{"tandem.example", "::", "/x"} {
		if _, err := api.New(api.Config{PublicURL: bad, Log: slog.Default()}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	s := serve(t, func(c *api.Config) { c.PublicURL = "https://tandem.example/" })
	if _, p, _ := s.ask(t, "POST", checkIn, "", "Origin", "https://tandem.example", "Sec-Fetch-Site", "cross-site"); p.Code != custody.Conflict {
		t.Errorf("from the public URL: %+v", p)
	}
}

func TestAClientNeedsAServer(t *testing.T) {
	for _, bad := range []string{"", "tandem:8700", "ftp://x", "http://"} {
		if _, err := client.New(client.Config{Server: bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	c := serve(t).as(t, "tech-a")
	for _, name := range []string{"", ".", ".."} {
		_, err := c.Credential(t.Context(), name)
		want(t, err, custody.NotFound)
	}
	_, err := c.Credential(t.Context(), "a/b")
	want(t, err, custody.InvalidRequest)
}

// What answers may be no Tandem at all; then its text is not passed on as ours,
// and nothing follows where it points.
func TestAClientTakesOnlyTandemsAnswers(t *testing.T) {
	elsewhere := 0
	other := serve(t, func(c *api.Config) {
		c.Web = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ })
	})
	for name, handler := range map[string]http.HandlerFunc{
		"a proxy's page": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad gateway", http.StatusBadGateway) },
		"no JSON":        func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "MARKED") },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/x", http.StatusTemporaryRedirect)
		},
	} {
		s := served{Server: listen(t, api.NewHTTPServer(handler, slog.Default()))}
		_, err := s.as(t, "tech-a").Me(t.Context())
		var p *edge.Problem
		if err == nil || errors.As(err, &p) || strings.Contains(err.Error(), "MARKED") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if elsewhere > 0 {
		t.Error("the client followed a redirect")
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	in := api.SignIn{Username: "x", Password: mark, TOTP: mark}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(format, in); strings.Contains(text, "MARKED") || strings.Contains(text, fmt.Sprintf("%x", "MARKED")) {
			t.Errorf("%s: %s", format, text)
		}
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "password", in.Password, "all", in)
	if strings.Contains(log.String(), "MARKED") {
		t.Error(log.String())
	}
}
