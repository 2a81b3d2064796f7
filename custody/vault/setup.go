package vault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/hashicorp/vault/api"

	"github.com/tandem-custody/tandem/custody"
)

const (
	maxVersions = 10 // of each secret

	tokenTTL    = "20m" // renewed for as long as the service runs ...
	tokenMaxTTL = "24h" // ... and replaced by a new log-in once a day

	// mountPatience is how long a new KV v2 engine may take to prepare itself.
	mountPatience = 30 * time.Second
)

// Report says what Setup found and did.
type Report struct {
	Steps  []Step
	RoleID string // for AppRole.RoleID
}

// Step is one thing that Tandem needs in Vault.
type Step struct {
	What    string
	Changed bool // false: it was there already, as it should be
}

// Changed says whether anything was.
func (r Report) Changed() bool {
	for _, step := range r.Steps {
		if step.Changed {
			return true
		}
	}
	return false
}

// Setup makes in Vault what Tandem needs, with a root token or one that may do
// the same. What is there as it should be stays, so that a second run changes
// nothing; what is there under the same name and cannot be made right, such as
// another kind of engine or an exportable key, is an error and is not touched.
// After an error the report has the steps that were done.
func Setup(ctx context.Context, client *api.Client, n Names) (Report, error) {
	if err := n.check(); err != nil {
		return Report{}, err
	}
	s := &setup{client: client, names: n}
	for _, step := range []func(context.Context) error{
		s.secretsEngine, s.engineSettings, s.transitEngine, s.ledgerKey,
		s.passwordPolicies, s.policy, s.authMethod, s.roleOfTandem, s.auditedHeader,
	} {
		if err := step(ctx); err != nil {
			return s.report, fmt.Errorf("set up Vault: %w", explain(ctx, err))
		}
	}
	id, err := get(ctx, client, n.role()+"/role-id", nil)
	if err != nil {
		return s.report, fmt.Errorf("set up Vault: role_id: %w", explain(ctx, err))
	}
	s.report.RoleID = str(id, "role_id")
	return s.report, nil
}

// NewSecretID makes one more secret_id for the role. With wrap above zero it
// gives a response-wrapping token instead, which is good for that long and for
// one use (AppRole.Wrapped).
func NewSecretID(ctx context.Context, client *api.Client, n Names, wrap time.Duration) (custody.Secret, error) {
	if err := n.check(); err != nil {
		return custody.Secret{}, err
	}
	if wrap <= 0 {
		made, err := put(ctx, client, n.role()+"/secret-id", nil)
		if err != nil {
			return custody.Secret{}, fmt.Errorf("new secret_id: %w", explain(ctx, err))
		}
		return custody.SecretString(str(made, "secret_id")), nil
	}
	// The header goes with this request alone.
	wrapping := client.WithRequestCallbacks(func(r *api.Request) { r.WrapTTL = wrap.String() })
	made, err := put(ctx, wrapping, n.role()+"/secret-id", nil)
	if err != nil || made == nil || made.WrapInfo == nil {
		return custody.Secret{}, fmt.Errorf("new wrapped secret_id: %w", explain(ctx, errors.Join(err, errNotWrapped)))
	}
	return custody.SecretString(made.WrapInfo.Token), nil
}

// LogsIn says whether a secret_id is one of the role's in this Vault, or a
// wrapping token that stands for one.
func LogsIn(ctx context.Context, client *api.Client, n Names, secretID custody.Secret) (bool, error) {
	if err := n.check(); err != nil {
		return false, err
	}
	if secretID.IsZero() { // an empty file
		return false, nil
	}
	found, err := put(ctx, client, n.role()+"/secret-id/lookup", map[string]any{"secret_id": secretID.Reveal()})
	err = explain(ctx, err)
	switch {
	case status(err) == http.StatusNotFound: // no such role
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look a secret_id up: %w", err)
	case found != nil:
		return true, nil
	}
	made, err := put(ctx, client, "sys/wrapping/lookup", map[string]any{"token": secretID.Reveal()})
	if status(explain(ctx, err)) == http.StatusBadRequest { // no such token, or it was used
		return false, nil
	}
	return str(made, "creation_path") == n.role()+"/secret-id", explain(ctx, err)
}

var errNotWrapped = errors.New("no wrapping token in Vault's answer")

// setup is one run of Setup. Each method is one step.
type setup struct {
	client *api.Client
	names  Names
	report Report
}

// done notes a step. A step that finds everything in place passes no changes.
func (s *setup) done(what string, changed bool) {
	s.report.Steps = append(s.report.Steps, Step{What: what, Changed: changed})
}

func (s *setup) put(ctx context.Context, path string, body map[string]any) error {
	_, err := put(ctx, s.client, path, body)
	return err
}

// find reads a path; nothing there is no error.
func (s *setup) find(ctx context.Context, path string) (*api.Secret, error) {
	got, err := get(ctx, s.client, path, nil)
	if status(explain(ctx, err)) == http.StatusNotFound {
		return nil, nil
	}
	return got, err
}

func (s *setup) secretsEngine(ctx context.Context) error {
	n := s.names
	mounts, err := s.client.Sys().ListMountsWithContext(ctx)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("secrets engine KV v2 at %s/", n.Mount)
	if m := mounts[n.Mount+"/"]; m != nil {
		if m.Type != "kv" || m.Options["version"] != "2" {
			return fmt.Errorf("at %s/ there is another engine, of type %s, and not KV v2", n.Mount, m.Type)
		}
		s.done(what, false)
		return nil
	}
	if err := s.client.Sys().MountWithContext(ctx, n.Mount, &api.MountInput{
		Type:        "kv",
		Description: "Secrets of Tandem. Do not change by hand.",
		Options:     map[string]string{"version": "2"},
	}); err != nil {
		return err
	}
	s.done(what, true)
	return nil
}

// engineSettings has the engine insist on check-and-set, also from other clients.
func (s *setup) engineSettings(ctx context.Context) error {
	n := s.names
	what := fmt.Sprintf("check-and-set required and %d versions kept at %s/", maxVersions, n.Mount)
	now, err := whenPrepared(ctx, func() (*api.Secret, error) { return s.find(ctx, n.config()) })
	if err != nil {
		return err
	}
	if field(now, "cas_required") == true && number(field(now, "max_versions")) == maxVersions {
		s.done(what, false)
		return nil
	}
	settings := map[string]any{"cas_required": true, "max_versions": maxVersions}
	if _, err := whenPrepared(ctx, func() (*api.Secret, error) { return put(ctx, s.client, n.config(), settings) }); err != nil {
		return err
	}
	s.done(what, true)
	return nil
}

// whenPrepared tries until a new KV v2 engine has prepared its storage. It says
// 400 while it is at it.
func whenPrepared(ctx context.Context, call func() (*api.Secret, error)) (*api.Secret, error) {
	return backoff.Retry(ctx, func() (*api.Secret, error) {
		got, err := call()
		if err = explain(ctx, err); err != nil && !strings.Contains(err.Error(), "Upgrading from non-versioned to versioned") {
			err = backoff.Permanent(err)
		}
		return got, err
	}, backoff.WithMaxElapsedTime(mountPatience))
}

func (s *setup) transitEngine(ctx context.Context) error {
	n := s.names
	mounts, err := s.client.Sys().ListMountsWithContext(ctx)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("transit engine at %s/", n.Transit)
	if m := mounts[n.Transit+"/"]; m != nil {
		if m.Type != "transit" {
			return fmt.Errorf("at %s/ there is another engine, of type %s, and not Transit", n.Transit, m.Type)
		}
		s.done(what, false)
		return nil
	}
	if err := s.client.Sys().MountWithContext(ctx, n.Transit, &api.MountInput{Type: "transit"}); err != nil {
		return err
	}
	s.done(what, true)
	return nil
}

func (s *setup) ledgerKey(ctx context.Context) error {
	n := s.names
	what := fmt.Sprintf("Ed25519 key %s, not exportable, not deletable", n.key())
	key, err := s.find(ctx, n.key())
	if err != nil {
		return err
	}
	if key == nil {
		// Deletion is not allowed unless somebody allows it.
		if err := s.put(ctx, n.key(), map[string]any{
			"type": "ed25519", "exportable": false, "allow_plaintext_backup": false,
		}); err != nil {
			return err
		}
		s.done(what, true)
		return nil
	}
	if problem := keyProblem(key); problem != "" {
		return fmt.Errorf("the key %s %s, which cannot be undone: choose another name", n.key(), problem)
	}
	deletable := field(key, "deletion_allowed") != false
	if deletable {
		if err := s.put(ctx, n.key()+"/config", map[string]any{"deletion_allowed": false}); err != nil {
			return err
		}
	}
	s.done(what, deletable)
	return nil
}

// keyProblem says why a key cannot be the ledger's, "" when it can.
func keyProblem(key *api.Secret) string {
	switch {
	case str(key, "type") != "ed25519":
		return "is not of type ed25519"
	case field(key, "derived") != false:
		return "is derived"
	case field(key, "exportable") != false || field(key, "allow_plaintext_backup") != false:
		return "can be taken out of Vault"
	}
	return ""
}

func (s *setup) policy(ctx context.Context) error {
	want := PolicyHCL(s.names)
	now, err := s.client.Sys().GetPolicyWithContext(ctx, s.names.Policy)
	if err != nil {
		return err
	}
	if now != want {
		if err := s.client.Sys().PutPolicyWithContext(ctx, s.names.Policy, want); err != nil {
			return err
		}
	}
	s.done("policy "+s.names.Policy, now != want)
	return nil
}

func (s *setup) authMethod(ctx context.Context) error {
	n := s.names
	methods, err := s.client.Sys().ListAuthWithContext(ctx)
	if err != nil {
		return err
	}
	m := methods[n.AppRole+"/"]
	if m != nil && m.Type != "approle" {
		return fmt.Errorf("at auth/%s/ there is another method, of type %s, and not AppRole", n.AppRole, m.Type)
	}
	if m == nil {
		if err := s.client.Sys().EnableAuthWithOptionsWithContext(ctx, n.AppRole, &api.EnableAuthOptions{Type: "approle"}); err != nil {
			return err
		}
	}
	s.done(fmt.Sprintf("AppRole log-in at auth/%s/", n.AppRole), m == nil)
	return nil
}

// roleOfTandem makes the role. What bounds its rights is set right each time;
// TTLs and address ranges are the operator's once it is there.
func (s *setup) roleOfTandem(ctx context.Context) error {
	n := s.names
	now, err := s.find(ctx, n.role())
	if err != nil {
		return err
	}
	bounds := map[string]any{
		"token_policies":          []string{n.Policy},
		"token_no_default_policy": true,
		"bind_secret_id":          true,
	}
	changed := now == nil
	for name, want := range bounds {
		changed = changed || fmt.Sprint(field(now, name)) != fmt.Sprint(want)
	}
	if now == nil {
		bounds["token_ttl"], bounds["token_max_ttl"] = tokenTTL, tokenMaxTTL
		// A service that logs in for as long as it runs: its secret_id is
		// withdrawn by deleting it, not by time or by number of uses.
		bounds["secret_id_ttl"], bounds["secret_id_num_uses"] = "0s", 0
	}
	if changed {
		if err := s.put(ctx, n.role(), bounds); err != nil {
			return err
		}
	}
	s.done(fmt.Sprintf("role %s with the policy %s alone", n.Role, n.Policy), changed)
	return nil
}

// auditedHeader lets Vault's audit log name the ledger's request.
func (s *setup) auditedHeader(ctx context.Context) error {
	const path = "sys/config/auditing/request-headers"
	now, err := s.find(ctx, path)
	if err != nil {
		return err
	}
	for header := range object(now, "headers") {
		if strings.EqualFold(header, RequestHeader) {
			s.done("audited header "+RequestHeader, false)
			return nil
		}
	}
	if err := s.put(ctx, path+"/"+RequestHeader, map[string]any{"hmac": false}); err != nil {
		return err
	}
	s.done("audited header "+RequestHeader, true)
	return nil
}
