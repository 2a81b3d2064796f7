package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody/desk"
)

// endpoints are those of the contract that exist so far.
var endpoints = strings.Fields(`
	POST/sessions POST/sessions/recovery DELETE/sessions/current GET/me POST/me/presence GET/me/preferences PUT/me/preferences
	GET/people POST/people GET/people/{username} POST/people/{username}/enrolment POST/people/{username}/roles POST/people/{username}/activation
	POST/activation/{token} POST/activation/{token}/confirm GET/founding POST/founding/confirm GET/configuration POST/configuration/acknowledge POST/me/password POST/me/authenticator POST/me/authenticator/confirm GET/me/sessions DELETE/me/sessions DELETE/me/sessions/{id}
	GET/credentials POST/credentials GET/credentials/{name} GET/credentials/{name}/history GET/credentials/{name}/exposure
	POST/credentials/{name}/checkout POST/credentials/{name}/show POST/credentials/{name}/checkin POST/credentials/{name}/rotate POST/credentials/{name}/retire
	POST/credentials/rotate POST/credentials/{name}/reconcile POST/credentials/{name}/new-password POST/credentials/{name}/set POST/credentials/set POST/credentials/{name}/policy POST/credentials/{name}/policy/proposal
	POST/credentials/{name}/pause POST/credentials/{name}/resume POST/credentials/{name}/cancel POST/credentials/{name}/abandon
	GET/handovers POST/handovers GET/handovers/{id} POST/handovers/{id}/accept POST/handovers/accept GET/reviews POST/reviews POST/handovers/{id}/decline
	POST/handovers/{id}/cancel POST/handovers/{id}/return
	GET/policy POST/policy POST/policy/review
	GET/proposals GET/proposals/{id} POST/credentials/{name}/custodians POST/proposals/{id}/custodians
	POST/people/{username}/deputy POST/people/{username}/deputy/end GET/approvers
	POST/proposals/{id}/person POST/proposals/{id}/roles POST/proposals/{id}/deputy POST/proposals/{id}/credential POST/proposals/{id}/credential_policy POST/proposals/{id}/adopt_policy POST/proposals/{id}/review_policy
	POST/proposals/{id}/retarget POST/proposals/{id}/change_email POST/proposals/{id}/plan_departure POST/proposals/{id}/refound
	POST/proposals/{id}/approve POST/proposals/{id}/reject POST/proposals/{id}/withdraw
	GET/people/{username}/disable POST/people/{username}/disable POST/people/{username}/disable/proposal POST/people/{username}/reinstate
	POST/people/{username}/departure POST/people/{username}/refound POST/people/{username}/recovery/stop
	GET/offboardings GET/offboardings/{username} POST/offboardings/{username}/items/{n} POST/credentials/{name}/take POST/credentials/{name}/park
	GET/credentials/{name}/target POST/credentials/{name}/target POST/credentials/{name}/target/confirm
	GET/me/absences POST/me/absences PATCH/me/absences/{id} DELETE/me/absences/{id} POST/me/absences/{id}/sign POST/me/absences/several POST/me/absences/swap GET/absences POST/people/{username}/absences/{id}/end POST/handovers/{id}/sign
	POST/me/calendar DELETE/me/calendar GET/calendar/{feed}
	GET/envelopes POST/credentials/{name}/envelope-opened POST/credentials/{name}/envelope-drill GET/emergencies POST/emergencies GET/emergencies/{id} POST/emergencies/{id}/approve POST/emergencies/{id}/reject POST/emergencies/{id}/veto
	POST/emergencies/{id}/withdraw POST/emergencies/{id}/end POST/emergencies/{id}/review
	GET/incidents POST/incidents GET/incidents/{id} POST/incidents/{id}/ack POST/incidents/{id}/assess POST/incidents/{id}/close
	POST/people/{username}/unlock PATCH/people/{username} POST/people/{username}/email PATCH/me
	GET/ledger/entries GET/ledger/entries/{index} GET/ledger/entries/{index}/proof POST/ledger/entries/{index}/redact GET/ledger/checkpoint GET/ledger/witnesses GET/ledger/key GET/ledger/tile/{tile}`)

func TestOpenAPIDescribesEveryEndpoint(t *testing.T) {
	s := serve(t)
	answer, _, text := s.ask(t, "GET", "/openapi.json", "", "Authorization", "")
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || kind != "application/openapi+json" {
		t.Fatalf("%d %s", answer.StatusCode, kind)
	}
	var doc struct {
		OpenAPI string
		Info    struct{ Title, Version string }
		Paths   map[string]map[string]struct {
			OperationID string
			Security    []map[string][]string
			Responses   map[string]struct {
				Description string
				Content     map[string]any
			}
		}
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Enum []string }
			}
			SecuritySchemes map[string]any
		}
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || doc.Info.Title == "" || doc.Info.Version != "test" || doc.Components.SecuritySchemes["bearer"] == nil {
		t.Errorf("head = %s %+v", doc.OpenAPI, doc.Info)
	}
	total, ids := 0, map[string]bool{}
	for _, operations := range doc.Paths {
		total += len(operations)
	}
	for _, endpoint := range endpoints {
		method, path, _ := strings.Cut(endpoint, "/")
		op, described := doc.Paths["/api/v1/"+path][strings.ToLower(method)]
		if !described {
			t.Errorf("%s is not described", endpoint)
			continue
		}
		if ids[op.OperationID] || op.OperationID == "" {
			t.Errorf("%s has the id %q", endpoint, op.OperationID)
		}
		ids[op.OperationID] = true
		if open := forStrangers(endpoint); open != (len(op.Security) == 0) {
			t.Errorf("%s: security %v", endpoint, op.Security)
		}
		good := false
		for status, response := range op.Responses {
			good = good || status[0] == '2'
			if response.Description == "" {
				t.Errorf("%s: %s has no description, which OpenAPI asks for", endpoint, status)
			}
		}
		if !good || op.Responses["default"].Content["application/problem+json"] == nil {
			t.Errorf("%s: responses %v", endpoint, op.Responses)
		}
	}
	if total != len(endpoints) {
		t.Errorf("%d operations are described, %d are in the contract", total, len(endpoints))
	}
	if got := doc.Components.Schemas["Problem"].Properties["code"].Enum; len(got) != len(edge.Codes()) {
		t.Errorf("codes = %v", got)
	}
	checkReferences(t, text)
	for _, said := range []string{`"field":{"description":"Field of the request`, `"args":{"additionalProperties":{},"description":"What detail and next speak of`} {
		if !strings.Contains(text, said) { // so that nobody takes a sentence apart
			t.Errorf("the description of a problem has no %s", said)
		}
	}
}

// checkReferences looks whether each $ref leads somewhere.
func checkReferences(t *testing.T, text string) {
	t.Helper()
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	seen := 0
	var walk func(any)
	walk = func(node any) {
		switch n := node.(type) {
		case []any:
			for _, child := range n {
				walk(child)
			}
		case map[string]any:
			if ref, is := n["$ref"].(string); is {
				seen++
				at := doc
				for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
					at, _ = at.(map[string]any)[part]
				}
				if at == nil {
					t.Errorf("%s leads nowhere", ref)
				}
			}
			for _, child := range n {
				walk(child)
			}
		}
	}
	walk(doc)
	if seen == 0 {
		t.Error("no reference was found")
	}
}

// forStrangers says whether somebody without a log-in may ask for it: to log in, or to set
// a log-in up with a link.
func forStrangers(endpoint string) bool {
	return strings.HasPrefix(endpoint, "POST/sessions") || strings.HasPrefix(endpoint, "POST/activation/{token}") || endpoint == "GET/calendar/{feed}"
}

// A stranger gets in nowhere but by logging in, or on the way to it.
func TestEveryOtherEndpointAsksForALogIn(t *testing.T) {
	s := serve(t)
	for _, endpoint := range endpoints {
		method, path, _ := strings.Cut(endpoint, "/")
		if forStrangers(endpoint) {
			continue
		}
		path = strings.NewReplacer("{name}", "db01", "{id}", "handover-1", "{username}", "tech-b", "{index}", "0").Replace(path)
		answer, p, _ := s.ask(t, method, "/api/v1/"+path, `{}`, "Authorization", "")
		if p.Status != http.StatusUnauthorized || answer.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: %d", endpoint, answer.StatusCode)
		}
	}
	if len(s.given) != 0 {
		t.Errorf("commands were carried out: %v", s.given)
	}
}

// TestNoSecretOfARequestIsInADigest: every field of a body that is a secret is
// among those that are left out of what is stored of it.
func TestNoSecretOfARequestIsInADigest(t *testing.T) {
	_, _, text := serve(t).ask(t, "GET", "/openapi.json", "", "Authorization", "")
	type schema struct {
		Ref        string `json:"$ref"`
		Properties map[string]struct{ Format string }
	}
	var doc struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct{ Schema schema }
			}
		}
		Components struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for path, operations := range doc.Paths {
		for method, operation := range operations {
			body := operation.RequestBody.Content["application/json"].Schema
			body = doc.Components.Schemas[strings.TrimPrefix(body.Ref, "#/components/schemas/")]
			for field, property := range body.Properties {
				if property.Format != "password" {
					continue
				}
				seen[field] = true
				if !slices.Contains(edge.SecretFields, field) {
					t.Errorf("%s %s: %s is part of the digest", method, path, field)
				}
			}
		}
	}
	if len(seen) != 10 {
		t.Errorf("the secrets that were found are %v", slices.Sorted(maps.Keys(seen)))
	}
}

// TestOpenAPITellsTheKindsOfTargets that there are, and what each knows.
func TestOpenAPITellsTheKindsOfTargets(t *testing.T) {
	_, _, text := serve(t, func(c *api.Config) {
		c.Kinds = []desk.TargetKind{{Name: "ssh", Most: 511, Settings: []desk.TargetSetting{{Name: "host_key", Required: true}, {Name: "own"}}}, {Name: "manual", ByHand: true, Probes: []desk.TargetProbe{{Name: "https"}}}}
	}).ask(t, "GET", "/openapi.json", "", "Authorization", "")
	for _, told := range []string{"one of ssh, manual. Passwords: ssh: at most 511 bytes; manual: set by hand.", "ssh: host_key (required), own. manual: probe (https"} {
		if !strings.Contains(text, told) {
			t.Errorf("it does not say %q", told)
		}
	}
}
