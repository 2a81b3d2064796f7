package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
)

// TestMountedPages: what is not the API's goes to the pages, whose requests have
// an id and a line in the log.
func TestMountedPages(t *testing.T) {
	id := ""
	s := serve(t, func(c *api.Config) {
		c.Web = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v := edge.Of(r.Context())
			id, v.Route, v.Person, v.Verb, v.Err = v.ID, "GET /people/{name}", custody.Person{Username: "tech-a"}, "verb", errors.New("inside")
			w.WriteHeader(http.StatusTeapot)
		})
	})
	response, err := s.Client().Get(s.URL + "/people/path-MARKED")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusTeapot || id == "" || response.Header.Get("X-Request-Id") != id {
		t.Errorf("%d, request %q, header %q", response.StatusCode, id, response.Header.Get("X-Request-Id"))
	}
	log := s.log.String()
	for _, part := range []string{`"route":"GET /people/{name}"`, `"person":"tech-a"`, `"code":"internal"`, id} {
		if !strings.Contains(log, part) {
			t.Errorf("the log has no %s: %s", part, log)
		}
	}
	if strings.Contains(log, "MARKED") {
		t.Errorf("the log has the path: %s", log)
	}
	if response, err := s.Client().Get(s.URL + "/api/v1/nothing"); err != nil || response.StatusCode != http.StatusNotFound {
		t.Errorf("the pages got what is the API's: %v", err)
	}
}
