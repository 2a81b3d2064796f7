package api_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
)

// codeOf gives the code of what a client got, or "".
func codeOf(err error) custody.Code {
	if p := (*edge.Problem)(nil); errors.As(err, &p) {
		return p.Code
	}
	return ""
}

func TestUnlockAndEdit(t *testing.T) {
	s := serve(t)
	s.hire(t, "manager", custody.Manager)
	admin, tech := s.as(t, "admin"), s.as(t, "tech-a")
	if _, err := tech.Unlock(t.Context(), "tech-b", "100"); codeOf(err) != custody.Forbidden {
		t.Errorf("by a technician: %v", err)
	}
	if p, err := admin.Unlock(t.Context(), "tech-b", "100"); err != nil || p.Username != "tech-b" {
		t.Errorf("%+v, %v", p, err)
	}
	address := "a@example.org"
	if p, err := tech.EditMe(t.Context(), api.EditPerson{Email: &address, TOTP: "101"}); err != nil || p.Email != address {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := admin.EditPerson(t.Context(), "tech-b", api.EditPerson{Email: &address, TOTP: "102"}); codeOf(err) != custody.ApprovalNeeded {
		t.Errorf("another's, by an admin alone: %v", err)
	}
	asked, err := admin.ProposeEmail(t.Context(), "tech-b", api.ProposeEmail{Email: address, Reason: "new provider", TOTP: "102"})
	if err != nil || asked.Status != custody.Open || asked.Kind != "change_email" || asked.Subject != "tech-b" || !slices.Equal(asked.Needs, []custody.Role{custody.Manager}) {
		t.Errorf("another's, proposed: %+v, %v", asked, err)
	}
	if done, err := s.as(t, "manager").Approve(t.Context(), asked.ID, api.ApproveProposal{Digest: asked.Digest, TOTP: "2"}); err != nil || done.Status != custody.Effected {
		t.Errorf("approved: %+v, %v", done, err)
	}
	if p, err := admin.Person(t.Context(), "tech-b"); err != nil || p.Email != "" { // who runs the system need not know them
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := s.as(t, "auditor").Person(t.Context(), "tech-b"); err != nil || p.Email != address {
		t.Errorf("%+v, %v", p, err)
	}
	none := ""
	if p, err := tech.EditMe(t.Context(), api.EditPerson{Email: &none, TOTP: "103"}); err != nil || p.Email != "" {
		t.Errorf("%+v, %v", p, err)
	}
	for name, in := range map[string]api.EditPerson{"nothing": {TOTP: "104"}, "no code": {Email: &address}} {
		if _, err := tech.EditMe(t.Context(), in); codeOf(err) != custody.InvalidRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := tech.EditPerson(t.Context(), "tech-b", api.EditPerson{Email: &none, TOTP: "105"}); codeOf(err) != custody.ApprovalNeeded {
		t.Errorf("of another: %v", err)
	}
}

// TestTheLogSaysWhereARequestCameFrom: above all one that failed, behind a proxy
// too.
func TestTheLogSaysWhereARequestCameFrom(t *testing.T) {
	s := serve(t, func(c *api.Config) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	answer, _, _ := s.ask(t, "POST", "/api/v1/sessions", `{"username":"tech-a","password":"no","totp":"1"}`,
		"Authorization", "", "X-Forwarded-For", "203.0.113.9")
	if answer.StatusCode != 401 {
		t.Fatal(answer.Status)
	}
	answer, _, _ = s.ask(t, "GET", "/api/v1/me", "", "Authorization", "Bearer no")
	if answer.StatusCode != 401 {
		t.Fatal(answer.Status)
	}
	lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"client":"203.0.113.9"`) || !strings.Contains(lines[1], `"client":"127.0.0.1"`) {
		t.Errorf("logged %s", lines)
	}
}

// TestBehindAProxyEachClientHasAPaceOfTheirOwn.
func TestBehindAProxyEachClientHasAPaceOfTheirOwn(t *testing.T) {
	s := serve(t, func(c *api.Config) {
		c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		c.SignIns = edge.Limit{Every: 1 << 40, Burst: 2}
	})
	logIn := func(from string) int {
		answer, _, _ := s.ask(t, "POST", "/api/v1/sessions", `{"username":"tech-a","password":"no","totp":"1"}`,
			"Authorization", "", "X-Forwarded-For", from)
		return answer.StatusCode
	}
	for range 2 {
		if got := logIn("203.0.113.9"); got != 401 {
			t.Fatal(got)
		}
	}
	if got := logIn("203.0.113.9"); got != 429 {
		t.Errorf("the third from there: %d", got)
	}
	if got := logIn("203.0.113.10"); got != 401 {
		t.Errorf("from elsewhere: %d", got)
	}
}

func TestADeviceIsGivenToWhoAsksForIt(t *testing.T) {
	s := serve(t)
	for _, c := range []struct{ body, want string }{
		{`{"username":"tech-a","password":"` + thePass + `","totp":"100"}`, ""},
		{`{"username":"tech-a","password":"` + thePass + `","totp":"101","remember_device":true}`, theDevice},
		{`{"username":"tech-a","password":"` + thePass + `","totp":"102","remember_device":true,"device":"` + theDevice + `"}`, ""},
	} {
		answer, _, text := s.ask(t, "POST", "/api/v1/sessions", c.body, "Authorization", "")
		var signed api.Session
		if err := json.Unmarshal([]byte(text), &signed); err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != 201 || string(signed.Device) != c.want {
			t.Errorf("%s: %d, device %q", c.body, answer.StatusCode, string(signed.Device))
		}
	}
}
