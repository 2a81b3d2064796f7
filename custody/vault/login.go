package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/tandem-custody/tandem/custody"
)

// ErrWrappingToken: the response-wrapping token of the secret_id was used
// before, or was not made for this role. Somebody else may have the secret_id:
// destroy it in Vault and deliver a new one.
var ErrWrappingToken = errors.New("ALARM: the wrapped secret_id was unwrapped before or was not made for this role")

const (
	// refusedPause is how long a secret_id that Vault refused is not shown
	// again: five refusals within 15 minutes lock the role out, the right
	// secret_id included (Vault's user lockout).
	refusedPause = 5 * time.Minute

	maxCredential = 4096 // bytes of a token or secret_id file
)

// method is a way to get a token.
type method interface {
	// login gives a token in the Auth part of an answer. client has none yet.
	login(ctx context.Context, client *api.Client) (*api.Secret, error)
	// outdated says that the next log-in would give another token than the last.
	// It is asked every few seconds.
	outdated() bool
	// endless says that each log-in gives a new token, so that the end of one
	// is the time for another.
	endless() bool
}

// readCredential reads a file that holds one token or secret_id, with or without
// white space around it.
func readCredential(path string) (custody.Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return custody.Secret{}, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxCredential+1))
	if err != nil {
		return custody.Secret{}, err
	}
	value := strings.TrimSpace(string(content))
	if value == "" || len(content) > maxCredential || strings.ContainsAny(value, " \t\r\n") {
		return custody.Secret{}, fmt.Errorf("%s does not hold one token or secret_id", path)
	}
	return custody.SecretString(value), nil
}

// appRole logs in as a service. For one goroutine.
type appRole struct {
	AppRole
	names Names

	role     string         // its id, when the rest was learnt
	file     custody.Secret // what the file held when the rest was learnt
	secretID custody.Secret // unwrapped from file
	refused  error          // why file is of no use, not to be tried before until
	until    time.Time      // zero: never again
}

func (a *appRole) outdated() bool { return false }
func (a *appRole) endless() bool  { return true }

func (a *appRole) login(ctx context.Context, client *api.Client) (*api.Secret, error) {
	file, err := readCredential(a.SecretIDFile)
	if err != nil {
		return nil, err
	}
	role := a.RoleID
	if a.RoleIDFile != "" {
		id, err := readCredential(a.RoleIDFile)
		if err != nil {
			return nil, err
		}
		role = id.Reveal()
	}
	if !file.Equal(a.file) {
		a.file, a.secretID, a.refused = file, custody.Secret{}, nil
	}
	if role != a.role {
		a.role, a.refused = role, nil
	}
	if a.refused != nil && (a.until.IsZero() || time.Now().Before(a.until)) {
		return nil, a.refused
	}
	if a.secretID.IsZero() {
		if a.secretID, err = a.unwrapped(ctx, client); err != nil {
			if errors.Is(err, ErrWrappingToken) {
				a.refused, a.until = err, time.Time{}
			}
			return nil, err
		}
	}
	in, err := put(ctx, client, a.names.login(), map[string]any{"role_id": role, "secret_id": a.secretID.Reveal()})
	if err != nil {
		err = explain(ctx, err)
		if s := status(err); s == http.StatusBadRequest || s == http.StatusForbidden {
			a.refused, a.until = err, time.Now().Add(refusedPause)
		}
		return nil, err
	}
	a.refused = nil
	return in, nil
}

// unwrapped gives the secret_id that the file stands for.
func (a *appRole) unwrapped(ctx context.Context, client *api.Client) (custody.Secret, error) {
	if !a.Wrapped {
		return a.file, nil
	}
	// Who caught the token on its way could have wrapped a secret_id of their
	// own again; Vault says where it was first wrapped.
	made, err := put(ctx, client, "sys/wrapping/lookup", map[string]any{"token": a.file.Reveal()})
	if err == nil && str(made, "creation_path") != a.names.role()+"/secret-id" {
		return custody.Secret{}, ErrWrappingToken
	}
	var inner *api.Secret
	if err == nil {
		client.SetToken(a.file.Reveal()) // it unwraps itself, and nothing else
		inner, err = put(ctx, client, "sys/wrapping/unwrap", nil)
		client.ClearToken()
	}
	if err != nil {
		err = explain(ctx, err)
		if s := status(err); s >= 400 && s < 500 && s != http.StatusTooManyRequests {
			err = fmt.Errorf("%w: %w", ErrWrappingToken, err)
		}
		return custody.Secret{}, err
	}
	secretID := str(inner, "secret_id")
	if secretID == "" {
		return custody.Secret{}, ErrWrappingToken
	}
	return custody.SecretString(secretID), nil
}

// tokenFile uses a token that somebody else, such as a Vault agent, puts into a
// file. For one goroutine.
type tokenFile struct {
	path  string
	token custody.Secret // the last one that Vault took
}

func (f *tokenFile) endless() bool { return false }

func (f *tokenFile) outdated() bool {
	token, err := readCredential(f.path)
	return err == nil && !token.Equal(f.token)
}

func (f *tokenFile) login(ctx context.Context, client *api.Client) (*api.Secret, error) {
	token, err := readCredential(f.path)
	if err != nil {
		return nil, err
	}
	// This client lives for one log-in, so the token goes with it.
	client.SetToken(token.Reveal())
	self, err := get(ctx, client, "auth/token/lookup-self", nil)
	if err != nil {
		return nil, explain(ctx, err)
	}
	f.token = token
	renewable, _ := field(self, "renewable").(bool)
	return &api.Secret{Auth: &api.SecretAuth{
		ClientToken:   token.Reveal(),
		LeaseDuration: int(number(field(self, "ttl"))),
		Renewable:     renewable,
	}}, nil
}
