package vault

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/hashicorp/vault/api"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Store is a Vault to keep secrets in. It is for many goroutines.
type Store struct {
	session *session
	names   Names
	wrapKey WrapKey
	metrics *metrics
	public  atomic.Pointer[ed25519.PublicKey]
}

var _ desk.Secrets = (*Store)(nil)

// Open gives a store that is logged in, or goes on trying to be: Vault need not
// be there yet. Errors are about c, or about the end of ctx.
func Open(ctx context.Context, c Config) (*Store, error) {
	if err := c.Names.check(); err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	var how method
	switch {
	case (c.AppRole == nil) == (c.TokenFile == ""):
		return nil, errors.New("vault: give an AppRole or a token file, and one of them only")
	case c.AppRole == nil:
		how = &tokenFile{path: c.TokenFile}
	case (c.AppRole.RoleID == "") == (c.AppRole.RoleIDFile == "") || c.AppRole.SecretIDFile == "":
		return nil, errors.New("vault: an AppRole needs a role_id, or its file, and the file of a secret_id")
	default:
		how = &appRole{AppRole: *c.AppRole, names: c.Names}
	}
	measured := newMetrics()
	transport, err := c.transport(measured.observe)
	if err != nil {
		return nil, err
	}
	s := &Store{metrics: measured, names: c.Names, wrapKey: c.WrapKey, session: &session{again: make(chan chan<- error), config: c, transport: transport, method: how, log: c.Log}}
	if err := s.session.start(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Close ends the log-in's goroutine, and every call from then on fails. The
// token is left to its TTL.
func (s *Store) Close() error {
	s.session.close()
	return nil
}

// LogInAgain logs in with what the files have now. While that fails, the log-in
// from before still counts.
func (s *Store) LogInAgain(ctx context.Context) error {
	tried := make(chan error, 1)
	select {
	case s.session.again <- tried:
	case <-ctx.Done():
		return errors.New("vault: not logged in now; the next try takes the new files")
	}
	select {
	case err := <-tried:
		return err
	case <-ctx.Done():
		return fmt.Errorf("vault: %w", ctx.Err())
	}
}

// reading makes a call that changes nothing.
func (s *Store) reading(ctx context.Context, call func(context.Context, *api.Client) (*api.Secret, error)) (*api.Secret, error) {
	var got *api.Secret
	err := s.session.do(ctx, func(ctx context.Context, st *state) (err error) {
		got, err = call(ctx, st.read)
		return err
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}

func (s *Store) get(ctx context.Context, path string, query url.Values) (*api.Secret, error) {
	return s.reading(ctx, func(ctx context.Context, c *api.Client) (*api.Secret, error) { return get(ctx, c, path, query) })
}

// writing makes a call that changes something.
func (s *Store) writing(ctx context.Context, path string, body map[string]any) (*api.Secret, error) {
	var got *api.Secret
	err := s.session.do(ctx, func(ctx context.Context, st *state) (err error) {
		got, err = put(ctx, st.write, path, body)
		return err
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}

// Read implements desk.Secrets.
func (s *Store) Read(ctx context.Context, path string) (desk.Versioned, error) {
	return s.version(ctx, path, nil)
}

// ReadVersion implements desk.Secrets.
func (s *Store) ReadVersion(ctx context.Context, path string, version int64) (custody.Secret, error) {
	if version < 1 { // which Vault would take for the current one
		if err := ctx.Err(); err != nil {
			return custody.Secret{}, err
		}
		return custody.Secret{}, desk.ErrNoSecret
	}
	got, err := s.version(ctx, path, url.Values{"version": {strconv.FormatInt(version, 10)}})
	return got.Value, err
}

func (s *Store) version(ctx context.Context, path string, query url.Values) (desk.Versioned, error) {
	got, err := s.get(ctx, s.names.data(path), query)
	if notFound(err) {
		return desk.Versioned{}, desk.ErrNoSecret
	}
	if err != nil {
		return desk.Versioned{}, unavailable(err)
	}
	// The version that was asked for is what counts, not what Vault says that it gives.
	version := number(object(got, "metadata")["version"])
	if asked := query.Get("version"); asked != "" && asked != strconv.FormatInt(version, 10) {
		return desk.Versioned{}, unavailable(fmt.Errorf("%s: asked for version %s, Vault gave version %d", path, asked, version))
	}
	value, err := s.decode(path, version, object(got, "data"))
	if errors.Is(err, desk.ErrNotOurs) {
		s.session.log.Error("what Vault has is not what Tandem put there: it is not used", "path", path, "version", version, "error", err, "alarm", true)
	}
	if err != nil {
		return desk.Versioned{}, unavailable(fmt.Errorf("%s: %w", path, err))
	}
	return desk.Versioned{Value: value, Version: version}, nil
}

// Has implements desk.Secrets. It asks for the right to read the path, and for
// what Vault knows of the version: both without the secret, so that Vault's audit
// log has no read that nobody was shown.
func (s *Store) Has(ctx context.Context, path string, version int64) error {
	data := s.names.data(path)
	rights, err := s.reading(ctx, func(ctx context.Context, c *api.Client) (*api.Secret, error) {
		return put(ctx, c, "sys/capabilities-self", map[string]any{"paths": []string{data}})
	})
	if err != nil {
		return unavailable(err)
	}
	if may, _ := field(rights, data).([]any); !slices.ContainsFunc(may, func(c any) bool { return c == "read" || c == "root" }) {
		return unavailable(fmt.Errorf("no right to read %s", data))
	}
	known, err := s.get(ctx, s.names.metadata(path), nil)
	if notFound(err) {
		return desk.ErrNoSecret
	}
	if err != nil {
		return unavailable(err)
	}
	if version == 0 {
		version = number(field(known, "current_version"))
	}
	kept, _ := object(known, "versions")[strconv.FormatInt(version, 10)].(map[string]any)
	if kept == nil || kept["destroyed"] != false || kept["deletion_time"] != "" {
		return desk.ErrNoSecret
	}
	return nil
}

// A value without a wrap key is kept as text where it is text: in an emergency without
// Tandem somebody reads it in Vault.
const (
	textField   = "value"
	binaryField = "base64"
)

// encode gives what is kept as that version of a path.
func (s *Store) encode(path string, version int64, value custody.Secret) map[string]any {
	if !s.wrapKey.IsZero() {
		return s.wrapKey.wrap(path, version, value)
	}
	if text := value.Reveal(); utf8.ValidString(text) {
		return map[string]any{textField: text}
	}
	return map[string]any{binaryField: base64.StdEncoding.EncodeToString(value.Bytes())}
}

func (s *Store) decode(path string, version int64, data map[string]any) (custody.Secret, error) {
	if !s.wrapKey.IsZero() {
		return s.wrapKey.unwrap(path, version, data)
	}
	if _, wrapped := data[wrappedField]; wrapped {
		return custody.Secret{}, fmt.Errorf("%w: it is wrapped, and vault.wrap_key_file is not set", desk.ErrNotOurs)
	}
	if text, ok := data[textField].(string); ok {
		return custody.SecretString(text), nil
	}
	if text, ok := data[binaryField].(string); ok {
		if value, err := base64.StdEncoding.DecodeString(text); err == nil {
			return custody.NewSecret(value), nil
		}
	}
	return custody.Secret{}, errors.New("what Vault has there was not written by Tandem")
}

// Write implements desk.Secrets. Labels become the custom metadata of the path,
// by a second request when they differ from what is there.
//
// An error that wraps neither desk.ErrVersion nor desk.ErrSecretsUnavailable
// leaves it open what was written. Where somebody deleted the current version
// in Vault by hand, Read finds no secret and yet no cas but that version's fits,
// so that nothing is built on a deletion that can still be undone.
func (s *Store) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error) {
	made, err := s.writing(ctx, s.names.data(path), map[string]any{
		"data":    s.encode(path, cas+1, value),
		"options": map[string]any{"cas": cas},
	})
	if refusedCAS(err) {
		return 0, desk.ErrVersion
	}
	if err != nil {
		return 0, unwritten(err)
	}
	version := number(field(made, "version"))
	if version != cas+1 {
		return 0, fmt.Errorf("vault: whether %s was written is unknown: told of version %d after version %d", path, version, cas)
	}
	if !maps.Equal(labels, labelsIn(made)) {
		if labels == nil {
			labels = map[string]string{}
		}
		if _, err := s.writing(ctx, s.names.metadata(path), map[string]any{"custom_metadata": labels}); err != nil {
			return 0, fmt.Errorf("vault: %s is at version %d now, its labels are not written: %w", path, version, err)
		}
	}
	return version, nil
}

// Labels gives what was kept beside the current version: empty when there is none.
func (s *Store) Labels(ctx context.Context, path string) (map[string]string, error) {
	got, err := s.get(ctx, s.names.metadata(path), nil)
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, unavailable(err)
	}
	return labelsIn(got), nil
}

func labelsIn(s *api.Secret) map[string]string {
	labels := map[string]string{}
	for name, value := range object(s, "custom_metadata") {
		labels[name] = fmt.Sprint(value)
	}
	return labels
}

// Delete implements desk.Secrets. Versions count from 1 again afterwards.
func (s *Store) Delete(ctx context.Context, path string) error {
	err := s.session.do(ctx, func(ctx context.Context, st *state) error {
		return remove(ctx, st.write, s.names.metadata(path))
	})
	return unavailable(err) // to delete again does no harm
}

// keyVersion is the only version of the Transit key that Tandem knows: to rotate
// the key under the ledger would give it a second identity, which no auditor was
// told of. A new key for the ledger has a new name.
const keyVersion = 1

// PublicKey implements audit.Signer. It asks Vault once.
func (s *Store) PublicKey(ctx context.Context) (ed25519.PublicKey, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if known := s.public.Load(); known != nil {
		return append(ed25519.PublicKey(nil), *known...), nil
	}
	return s.readKey(ctx)
}

func (s *Store) readKey(ctx context.Context) (ed25519.PublicKey, error) {
	got, err := s.get(ctx, s.names.key(), nil)
	if err != nil {
		return nil, unavailable(err)
	}
	version, _ := object(got, "keys")[strconv.Itoa(keyVersion)].(map[string]any)
	text, _ := version["public_key"].(string)
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != ed25519.PublicKeySize || str(got, "type") != "ed25519" {
		return nil, unavailable(fmt.Errorf("%s is no Ed25519 key with a version %d", s.names.key(), keyVersion))
	}
	public := ed25519.PublicKey(key)
	s.public.Store(&public)
	return append(ed25519.PublicKey(nil), public...), nil
}

// Sign implements audit.Signer. An Ed25519 signature is the same each time, so
// it may be asked for again.
func (s *Store) Sign(ctx context.Context, message []byte) ([]byte, error) {
	got, err := s.reading(ctx, func(ctx context.Context, c *api.Client) (*api.Secret, error) {
		return put(ctx, c, s.names.sign(), map[string]any{
			"input":       base64.StdEncoding.EncodeToString(message),
			"key_version": keyVersion,
		})
	})
	if err != nil {
		return nil, unavailable(err)
	}
	encoded, found := strings.CutPrefix(str(got, "signature"), fmt.Sprintf("vault:v%d:", keyVersion))
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if !found || err != nil || len(signature) != ed25519.SignatureSize {
		return nil, unavailable(errors.New("no Ed25519 signature in Vault's answer"))
	}
	return signature, nil
}

// Ready implements desk.Secrets: it asks Vault for the ledger's key and for a
// secret that does not exist, so that it sees the log-in, the policy and both
// engines, and then for its rights, path by path.
func (s *Store) Ready(ctx context.Context) error {
	if _, err := s.readKey(ctx); err != nil {
		return missingRight(err)
	}
	if _, err := s.Read(ctx, readyPath); !errors.Is(err, desk.ErrNoSecret) {
		return missingRight(unavailable(err))
	}
	var missing []Finding
	err := s.session.do(ctx, func(ctx context.Context, st *state) error {
		rules := s.names.atWork()
		may, err := capabilities(ctx, st.read, rules)
		if err == nil {
			missing = lacking(rules, may)
		}
		return err
	})
	if err != nil {
		return missingRight(unavailable(err))
	}
	if len(missing) > 0 {
		var all []string
		for _, f := range missing {
			all = append(all, f.String())
		}
		return fmt.Errorf("%w (tandem vault setup gives them): %s", desk.ErrRightsMissing, strings.Join(all, "; "))
	}
	return nil
}

// missingRight tells a Vault that refuses from one that cannot be asked.
func missingRight(err error) error {
	if status(err) == http.StatusForbidden {
		return fmt.Errorf("%w: %w", desk.ErrRightsMissing, err)
	}
	return err
}
