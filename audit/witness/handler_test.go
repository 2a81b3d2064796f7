package witness

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestStatuses are those of tlog-witness.
func TestStatuses(t *testing.T) {
	h := newHistory(t).grow(20, "entry")
	fork := newHistory(t).grow(10, "other").grow(10, "entry")
	stranger := newHistory(t).grow(20, "entry")
	stranger.key = "stranger"
	for name, c := range map[string]struct {
		method, body string
		status       int
		contentType  string
		answer       string
	}{
		"cosigned":          {"POST", string(h.request(10, 20).Format()), 200, "text/plain; charset=utf-8", "— " + witnessName + " "},
		"not a request":     {"POST", "hello", 400, "", ""},
		"empty":             {"POST", "", 400, "", ""},
		"too long":          {"POST", strings.Repeat("x", maxRequest+1), 400, "", ""},
		"not a checkpoint":  {"POST", "old 10\n\n" + origin + "\nhello\n", 400, "", ""},
		"old too great":     {"POST", string(Request{21, nil, h.at(20).Text}.Format()), 400, "", ""},
		"wrong key":         {"POST", string(stranger.request(10, 20).Format()), 403, "", ""},
		"unknown origin":    {"POST", "old 10\n\nnobody.example\n", 404, "", ""},
		"wrong old size":    {"POST", string(h.request(0, 20).Format()), 409, "text/x.tlog.size", "10\n"},
		"fork":              {"POST", string(fork.request(10, 10).Format()), 409, "text/plain; charset=utf-8", ErrContradiction.Error()},
		"unproved":          {"POST", string(fork.request(10, 20).Format()), 422, "", ""},
		"no method of ours": {"GET", "", 405, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWitness(t, new(memory))
			mustAdd(t, w, h.request(0, 10))
			answer := httptest.NewRecorder()
			w.Handler().ServeHTTP(answer, httptest.NewRequest(c.method, path, strings.NewReader(c.body)))
			if answer.Code != c.status || c.contentType != "" && answer.Header().Get("Content-Type") != c.contentType ||
				!strings.HasPrefix(answer.Body.String(), c.answer) {
				t.Errorf("%d %s: %s", answer.Code, answer.Header().Get("Content-Type"), answer.Body)
			}
		})
	}
	answer := httptest.NewRecorder()
	newWitness(t, new(memory)).Handler().ServeHTTP(answer, httptest.NewRequest("POST", "/", nil))
	if answer.Code != http.StatusNotFound {
		t.Error(answer.Code)
	}
}

func TestParseRequest(t *testing.T) {
	h := newHistory(t).grow(100, "entry")
	for _, r := range []Request{h.request(0, 0), h.request(0, 100), h.request(37, 100), {1 << 62, nil, nil}} {
		got, err := ParseRequest(r.Format())
		if err != nil || !bytes.Equal(got.Format(), r.Format()) {
			t.Errorf("%q becomes %q, %v", r.Format(), got.Format(), err)
		}
	}
	hash := "l82ZtNJKYO+ARovey0abVIy3TdsYyYPEmnhTcN2XRwk=\n"
	if _, err := ParseRequest([]byte("old 1\n" + strings.Repeat(hash, 63) + "\nx")); err != nil {
		t.Error(err)
	}
	for _, body := range []string{
		"", "\n", "\n\n", "old\n\n", "old \n\n", "old 1", "old 1\n", "Old 1\n\n", "old  1\n\n", " old 1\n\n", "old 1 \n\n", "old 01\n\n", "old +1\n\n", "old -1\n\n",
		"old 1_0\n\n", "old 0x1\n\n", "old 9223372036854775808\n\n", "old 1\r\n\r\n", "size 1\n\n", "old 1\nhello\n\n", "old 1\n" + strings.Repeat(hash, 64) + "\n",
		"old 1\n" + hash[1:] + "\n", "old 1\n " + hash + "\n", "old 1\nl82ZtNJKYO+ARovey0abVIy3TdsYyYPEmnhTcN2XRwl=\n\n", // unused bits
		"old 1\n" + strings.TrimSuffix(hash, "\n") + "\r\n\n", "old 1\n\n" + strings.Repeat("x", maxRequest),
	} {
		if r, err := ParseRequest([]byte(body)); !errors.Is(err, ErrRequest) {
			t.Errorf("%.60q: %+v, %v", body, r, err)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	h := newHistory(f).grow(100, "entry")
	f.Add(h.request(37, 100).Format())
	f.Add([]byte("old 0\n\na\n"))
	f.Add([]byte("old 1\nl82ZtNJKYO+ARovey0abVIy3TdsYyYPEmnhTcN2XRwl=\n\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := ParseRequest(body)
		if err != nil {
			if !errors.Is(err, ErrRequest) {
				t.Fatal(err)
			}
			return
		}
		if r.Old < 0 || len(r.Proof) > maxProof || !bytes.Equal(r.Format(), body) {
			t.Fatalf("%q becomes %q", body, r.Format())
		}
	})
}
