package vault

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/tandem-custody/tandem/custody"
)

// wrapPath gives back what it is given, wrapped.
const wrapPath = "sys/wrapping/wrap"

// Wrap has Vault keep a password for whoever comes with the token, once: as the
// field "password" of what sys/wrapping/unwrap answers. Vault forgets it when ttl,
// at least a second, is over. Who finds the token used already knows that
// somebody else has read the password. Errors wrap desk.ErrSecretsUnavailable.
func (s *Store) Wrap(ctx context.Context, password custody.Secret, ttl time.Duration) (token custody.Secret, until time.Time, err error) {
	// The header goes with this request alone: the session's client is shared.
	wrapped := func(r *api.Request) { r.WrapTTL = ttl.Round(time.Second).String() }
	var got *api.Secret
	err = s.session.do(ctx, func(ctx context.Context, st *state) (err error) {
		got, err = put(ctx, st.write.WithRequestCallbacks(wrapped), wrapPath, map[string]any{"password": password.Reveal()})
		return err
	})
	switch {
	case err != nil:
		return custody.Secret{}, time.Time{}, unavailable(err)
	case got == nil || got.WrapInfo == nil || got.WrapInfo.Token == "":
		return custody.Secret{}, time.Time{}, unavailable(errors.New("no token came back"))
	}
	info := got.WrapInfo
	return custody.SecretString(info.Token), info.CreationTime.Add(time.Duration(info.TTL) * time.Second), nil
}
