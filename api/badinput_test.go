package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
)

// mark stands for a password that was sent where none belongs.
const mark = "Tr0ub4dor&3-MARKED"

// ask sends a request as tech-a, as it is, and gives the problem it leads to.
func (s served) ask(t *testing.T, method, path, body string, headers ...string) (*http.Response, edge.Problem, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer token-of-tech-a")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var p edge.Problem
	if answer.StatusCode >= 400 {
		if kind := answer.Header.Get("Content-Type"); kind != "application/problem+json" {
			t.Fatalf("%s %.60s: %d as %q: %.200s", method, path, answer.StatusCode, kind, text)
		}
		if err := json.Unmarshal(text, &p); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if p.Status != answer.StatusCode || p.RequestID == "" || p.RequestID != answer.Header.Get("X-Request-Id") {
			t.Errorf("%s %.60s: status %d with %+v", method, path, answer.StatusCode, p)
		}
	}
	return answer, p, string(text)
}

// Every bad input gets a problem with the contract's code; nothing is carried
// out, and nothing that was sent is repeated, not even in the log.
func TestBadInput(t *testing.T) {
	const checkout = "/api/v1/credentials/db01/checkout"
	long := strings.Repeat("n", 10_000)
	for name, test := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
		code               custody.Code
		says               string
	}{
		"no JSON":          {path: checkout, body: mark, status: 400, code: "invalid_request"},
		"half JSON":        {path: checkout, body: `{"purpose":"` + mark, status: 400, code: "invalid_request"},
		"two values":       {path: checkout, body: `{"purpose":"x"}{}`, status: 400, code: "invalid_request"},
		"a name twice":     {path: checkout, body: `{"purpose":"x","purpose":"` + mark + `"}`, status: 400, code: "invalid_request"},
		"no UTF-8":         {path: checkout, body: "{\"purpose\":\"\xff" + mark + "\"}", status: 400, code: "invalid_request"},
		"nothing":          {path: checkout, status: 400, code: "invalid_request"},
		"a form":           {path: checkout, body: "purpose=" + mark, headers: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 400, code: "invalid_request"},
		"odd media type":   {path: checkout, body: "{}", headers: []string{"Content-Type", ";+" + mark}, status: 400, code: "invalid_request"},
		"a list":           {path: checkout, body: `["` + mark + `"]`, status: 422, code: "invalid_request", says: `"body" must be an object`},
		"null":             {path: checkout, body: `null`, status: 422, code: "invalid_request"},
		"a field missing":  {path: checkout, body: `{"totp":"` + mark + `"}`, status: 422, code: "invalid_request", says: `"purpose" is missing`},
		"an unknown field": {path: checkout, body: `{"purpose":"x","pass_word":"` + mark + `"}`, status: 422, code: "invalid_request", says: `"pass_word" is not known`},
		"a secret as name": {path: checkout, body: `{"purpose":"x","` + mark + `":1}`, status: 422, code: "invalid_request", says: `not known`},
		"other case":       {path: checkout, body: `{"Purpose":"` + mark + `"}`, status: 422, code: "invalid_request"},
		"a wrong type":     {path: checkout, body: `{"purpose":{"x":"` + mark + `"}}`, status: 422, code: "invalid_request", says: `"purpose" must be text`},
		"a code as number": {path: checkout, body: `{"purpose":"x","totp":424242}`, status: 422, code: "invalid_request", says: `"totp" must be text`},
		"a long code":      {path: checkout, body: `{"purpose":"x","totp":"` + strings.Repeat(mark, 10) + `"}`, status: 422, code: "invalid_request", says: `"totp" must not be longer than 64`},
		"a wrong time":     {path: "/api/v1/handovers", body: `{"all":true,"reason":"x","expected_return":"` + mark + `"}`, status: 422, code: "invalid_request", says: `"expected_return" must be a time`},
		"names no list":    {path: "/api/v1/handovers", body: `{"credentials":"` + mark + `","reason":"x"}`, status: 422, code: "invalid_request", says: `"credentials" must be a list`},
		"a name no text":   {path: "/api/v1/handovers", body: `{"credentials":["db01",7],"reason":"x"}`, status: 422, code: "invalid_request", says: `"credentials[1]" must be text`},
		"an odd state":     {path: "/api/v1/me/presence", body: `{"state":"` + mark + `"}`, status: 422, code: "invalid_request", says: `"state" is not valid`},
		"a mixed state":    {path: "/api/v1/me/presence", body: `{"state":"away","take_back":true}`, status: 422, code: "invalid_request", says: `"take_back"`},
		"deep in settings": {path: "/api/v1/credentials", body: `{"name":"x","primary":"a","backup":"b","target":{"kind":"ssh","address":"a","account":"a","settings":{"` + mark + `":1}}}`, status: 422, code: "invalid_request"},
		"control in text":  {path: checkout, body: `{"purpose":"a\r\n` + mark + `\u0000","totp":"2"}`, status: 422, code: "invalid_request", says: `"purpose"`},
		"10,000 letters":   {path: checkout, body: `{"purpose":"` + long + `","totp":"2"}`, status: 422, code: "invalid_request", says: `"purpose"`},
		"2 MiB":            {path: checkout, body: `{"purpose":"` + strings.Repeat("x", 2<<20) + `"}`, status: 413, code: "too_large"},
		"1 MiB + 1":        {path: checkout, body: strings.Repeat(" ", api.MaxBody+1), status: 413, code: "too_large"},

		"a slash in a name":   {path: "/api/v1/credentials/db01%2F..%2Fx/checkin", status: 422, code: "invalid_request", says: `"name"`},
		"NUL in a name":       {path: "/api/v1/credentials/db%0001/checkin", status: 422, code: "invalid_request", says: `"name"`},
		"CRLF in a name":      {path: "/api/v1/credentials/db%0D%0ASet-Cookie:x/checkin", status: 422, code: "invalid_request", says: `"name"`},
		"no UTF-8 in a name":  {path: "/api/v1/credentials/%ff/checkin", status: 422, code: "invalid_request", says: `"name"`},
		"10,000 in a name":    {path: "/api/v1/credentials/" + long + "/checkin", status: 422, code: "invalid_request", says: `"name"`},
		"a secret as name ":   {path: "/api/v1/credentials/" + url.PathEscape(mark) + "/checkin", status: 422, code: "invalid_request", says: `"name"`},
		"an unknown name":     {path: "/api/v1/credentials/nothing/checkin", status: 404, code: "not_found"},
		"a wrong index":       {method: "GET", path: "/api/v1/ledger/entries/" + url.PathEscape(mark), status: 422, code: "invalid_request", says: `"index"`},
		"an index below zero": {method: "GET", path: "/api/v1/ledger/entries/-1", status: 422, code: "invalid_request", says: `"index"`},
		"a huge index":        {method: "GET", path: "/api/v1/ledger/entries/99999999999999999999", status: 422, code: "invalid_request", says: `"index"`},
		"a wrong limit":       {method: "GET", path: "/api/v1/ledger/entries?limit=" + url.QueryEscape(mark), status: 422, code: "invalid_request", says: `"limit"`},
		"too great a limit":   {method: "GET", path: "/api/v1/ledger/entries?limit=1001", status: 422, code: "invalid_request", says: `"limit"`},
		"an unknown status":   {method: "GET", path: "/api/v1/handovers?status=offered," + url.QueryEscape(mark), status: 422, code: "invalid_request", says: `"status`},
		"an unknown filter":   {method: "GET", path: "/api/v1/ledger/entries?actr=" + url.QueryEscape(mark), status: 422, code: "invalid_request", says: `"actr"`},

		"no such address":      {method: "GET", path: "/api/v1/presences", status: 404, code: "not_found"},
		"dots":                 {method: "GET", path: "/api/v1/credentials/..", status: 404, code: "not_found"},
		"a slash too many":     {method: "GET", path: "/api/v1/credentials/", status: 404, code: "not_found"},
		"nothing for browsers": {method: "GET", path: "/" + url.PathEscape(mark), status: 404, code: "not_found"},
		"a wrong method":       {method: "PUT", path: "/api/v1/credentials", status: 405, code: "method_not_allowed"},
		"no method":            {method: "MARKED", path: "/api/v1/credentials", status: 405, code: "method_not_allowed"},

		"no token":       {method: "GET", path: "/api/v1/me", headers: []string{"Authorization", ""}, status: 401, code: "unauthenticated"},
		"a wrong token":  {method: "GET", path: "/api/v1/me", headers: []string{"Authorization", "Bearer " + mark}, status: 401, code: "unauthenticated"},
		"a basic log-in": {method: "GET", path: "/api/v1/me", headers: []string{"Authorization", "Basic " + mark}, status: 401, code: "unauthenticated"},
		"a long key":     {path: "/api/v1/credentials/db01/checkin", headers: []string{"Idempotency-Key", strings.Repeat("k", 256)}, status: 422, code: "invalid_request", says: `"Idempotency-Key"`},
		"an odd key":     {path: "/api/v1/credentials/db01/checkin", headers: []string{"Idempotency-Key", "键"}, status: 422, code: "invalid_request", says: `"Idempotency-Key"`},
		"another site":   {path: "/api/v1/credentials/db01/checkin", headers: []string{"Sec-Fetch-Site", "cross-site"}, status: 403, code: "forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			before := len(s.records)
			if test.method == "" {
				test.method = "POST"
			}
			answer, p, text := s.ask(t, test.method, test.path, test.body, test.headers...)
			if p.Status != test.status || p.Code != test.code || p.Detail == "" || p.Next == "" {
				t.Errorf("got %d %s", answer.StatusCode, text)
			}
			if !strings.Contains(p.Detail, test.says) {
				t.Errorf("%q does not say %q", p.Detail, test.says)
			}
			if len(s.records) != before {
				t.Error("something was carried out")
			}
			for where, what := range map[string]string{"answer": text, "log": s.log.String()} {
				if strings.Contains(what, "MARKED") || strings.Contains(what, "nnnn") || strings.Contains(what, "424242") {
					t.Errorf("the %s repeats what was sent: %.300s", where, what)
				}
			}
		})
	}
}

func TestALogInThatIsNotValidRepeatsNothing(t *testing.T) {
	s := serve(t)
	for _, body := range []string{
		`{"username":"tech-a","password":["` + mark + `"],"totp":"2"}`,
		`{"username":"` + mark + `","passwort":"` + mark + `","totp":"2"}`,
		`{"username":"tech-a","password":"` + mark + `","totp":424242}`,
		`{"username":"tech-a","password":"` + mark + `","totp":"2"}`,
	} {
		answer, _, text := s.ask(t, "POST", "/api/v1/sessions", body)
		if answer.StatusCode < 400 || strings.Contains(text, mark) || strings.Contains(text, "424242") {
			t.Errorf("%d %s", answer.StatusCode, text)
		}
	}
	if strings.Contains(s.log.String(), mark) {
		t.Errorf("the log has it: %s", s.log)
	}
}
