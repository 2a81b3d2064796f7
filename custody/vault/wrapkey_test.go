package vault_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/secretstest"
	"github.com/tandem-custody/tandem/custody/password"
	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

func newWrapKey(t *testing.T) (vault.WrapKey, custody.Secret, [2]custody.Secret) {
	t.Helper()
	file, shares := vault.NewWrapKey()
	key, err := vault.ReadWrapKey(file)
	if err != nil {
		t.Fatal(err)
	}
	return key, file, shares
}

// everything that the root token reads in the engine: each version of each path, and
// what is said of it, as JSON.
func (p prepared) everything(t *testing.T) (paths []string, all string) {
	t.Helper()
	var walk func(folder string)
	walk = func(folder string) {
		list, err := p.root.Logical().ListWithContext(t.Context(), "tandem/metadata/"+folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range list.Data["keys"].([]any) {
			path := folder + name.(string)
			if strings.HasSuffix(path, "/") {
				walk(path)
				continue
			}
			paths = append(paths, path)
			known, err := p.root.Logical().ReadWithContext(t.Context(), "tandem/metadata/"+path)
			if err != nil {
				t.Fatal(err)
			}
			all += asJSON(t, known.Data)
			for version := range known.Data["versions"].(map[string]any) {
				kept, err := p.root.Logical().ReadWithDataWithContext(t.Context(), "tandem/data/"+path, map[string][]string{"version": {version}})
				if err != nil {
					t.Fatal(err)
				}
				all += asJSON(t, kept.Data)
			}
		}
	}
	walk("")
	return paths, all
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

// TestRootReadsNothingInClear: whoever has Vault's root token, and reads every version of
// everything that Tandem put there, finds no value, seed or hash; Tandem reads them.
func TestRootReadsNothingInClear(t *testing.T) {
	t.Parallel()
	server := vaulttest.StartDev(t)
	p, asked := prepare(t, server), newBetween(t, server)
	p.config.WrapKey, _, _ = newWrapKey(t)
	p.config.Address = asked.URL
	s := p.open(t)
	values := map[string][]string{
		desk.CredentialPath("db01"): {"first-Passw0rd", "second-Passw0rd"},
		desk.StagedPath("db01", 2):  {"third-Passw0rd"},
		desk.SeedPath("ann"):        {"JBSWY3DPEHPK3PXP"},
		desk.AccountPath("ann"):     {`{"password":"$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"}`},
		desk.HistoryPath("db01"):    {"digests of passwords"},
		desk.KeyPath("db01"):        {"-----BEGIN OPENSSH PRIVATE KEY-----\n\xff\xfe"},
		desk.SealPath:               {"key of the seals"},
		desk.SentinelPath:           {"sentinel"},
		desk.ChannelPath("ops"):     {`{"url":"https://hooks.example/t0ken-MARKED"}`},
		desk.RelayPath:              {`{"password":"mail-Passw0rd"}`},
	}
	made, err := s.Generate(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	values[desk.CredentialPath("web01")] = []string{made.Reveal()}
	if asked.count("/generate") > 0 {
		t.Error("Vault was asked to make a password, and knows it")
	}
	for path, versions := range values {
		for i, value := range versions {
			put(t, s, path, value, int64(i))
		}
	}
	for path, versions := range values {
		wantValue(t, s, path, versions[len(versions)-1], int64(len(versions)))
		for i, value := range versions {
			if got, err := s.ReadVersion(t.Context(), path, int64(i+1)); err != nil || got.Reveal() != value {
				t.Errorf("%s, version %d: %v", path, i+1, err)
			}
		}
	}
	paths, all := p.everything(t)
	if len(paths) != len(values) {
		t.Fatalf("the root token reads %q", paths)
	}
	for path, versions := range values {
		for _, value := range versions {
			for _, form := range []string{value, strings.TrimSuffix(asJSON(t, value), "\n"), encoded(value)} {
				if strings.Contains(all, strings.Trim(form, `"`)) {
					t.Errorf("the root token reads what is at %s", path)
				}
			}
		}
	}
	if strings.Contains(all, `"value"`) || strings.Contains(all, `"base64"`) || strings.Count(all, `"wrapped"`) != len(values)+1 {
		t.Errorf("not everything is wrapped:\n%s", all)
	}
}

func encoded(value string) string { return base64.StdEncoding.EncodeToString([]byte(value)) }

// TestNothingIsGivenInThePlaceOfAnother: whoever can write to Vault puts one path's, or
// one version's, ciphertext in the place of another, an older one back, or a text of
// their own, and Tandem takes none of it.
func TestNothingIsGivenInThePlaceOfAnother(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartDev(t))
	p.config.WrapKey, _, _ = newWrapKey(t)
	s := p.open(t)
	ours, theirs := desk.CredentialPath("db01"), desk.CredentialPath("web01")
	put(t, s, ours, "one", 0)
	put(t, s, ours, "two", 1)
	put(t, s, theirs, "known-to-me", 0)
	put(t, s, theirs, "known-to-me", 1)
	put(t, s, theirs, "known-to-me", 2)
	kept := func(path string, version int) map[string]any {
		got, err := p.root.Logical().ReadWithDataWithContext(t.Context(), "tandem/data/"+path, map[string][]string{"version": {fmt.Sprint(version)}})
		if err != nil {
			t.Fatal(err)
		}
		return got.Data["data"].(map[string]any)
	}
	broken := kept(ours, 2)["wrapped"].(string)
	for version, c := range []struct {
		name string
		data map[string]any
	}{
		{"another path's of the same version", kept(theirs, 3)},
		{"an older one", kept(ours, 1)},
		{"the one before", kept(ours, 2)},
		{"a changed letter", map[string]any{"wrapped": broken[:40] + string(broken[40]^1) + broken[41:]}},
		{"half of it", map[string]any{"wrapped": broken[:60]}},
		{"none of it", map[string]any{"wrapped": broken[:9]}},
		{"a text of their own", map[string]any{"value": "known-to-me"}},
		{"nothing", map[string]any{}},
	} {
		p.do(t, "tandem/data/"+ours, map[string]any{"data": c.data, "options": map[string]any{"cas": version + 2}})
		if _, err := s.Read(t.Context(), ours); !errors.Is(err, desk.ErrNotOurs) || !errors.Is(err, desk.ErrSecretsUnavailable) {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := s.ReadVersion(t.Context(), ours, int64(version+3)); !errors.Is(err, desk.ErrNotOurs) {
			t.Errorf("%s, by its version: %v", c.name, err)
		}
	}
	if got, err := s.ReadVersion(t.Context(), ours, 2); err != nil || got.Reveal() != "two" {
		t.Errorf("what was not touched: %v", err)
	}
}

// TestAnotherVersionThanAskedFor: a Vault that lies about versions gives none.
func TestAnotherVersionThanAskedFor(t *testing.T) {
	t.Parallel()
	vaultServer := vaulttest.StartDev(t)
	p := prepare(t, vaultServer)
	p.config.WrapKey, _, _ = newWrapKey(t)
	b := newBetween(t, vaultServer)
	p.config.Address = b.URL
	s := p.open(t)
	path := desk.CredentialPath("db01")
	put(t, s, path, "one", 0)
	put(t, s, path, "two", 1)
	b.from(olderVersion)
	if got, err := s.ReadVersion(t.Context(), path, 2); err == nil {
		t.Errorf("given %q for version 2", got.Reveal())
	}
}

// olderVersion has Vault asked for version 1 in the place of 2.
func olderVersion(w http.ResponseWriter, r *http.Request, pass http.Handler) {
	if query := r.URL.Query(); query.Get("version") == "2" {
		query.Set("version", "1")
		r.URL.RawQuery = query.Encode()
	}
	pass.ServeHTTP(w, r)
}

// TestTheWrongKey: another key, none, or one where there was none, is said as what it is,
// and opens nothing.
func TestTheWrongKey(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartDev(t))
	with, without := p, p
	with.config.WrapKey, _, _ = newWrapKey(t)
	other := p
	other.config.WrapKey, _, _ = newWrapKey(t)
	put(t, with.open(t), desk.CredentialPath("wrapped"), "one", 0)
	put(t, without.open(t), desk.CredentialPath("clear"), "one", 0)
	for name, c := range map[string]struct {
		from prepared
		path string
		says string
	}{
		"another":           {other, "wrapped", with.config.WrapKey.ID()},
		"none":              {without, "wrapped", "vault.wrap_key_file is not set"},
		"where nothing was": {with, "clear", "vault.wrap_key_file is set"},
	} {
		if _, err := c.from.open(t).Read(t.Context(), desk.CredentialPath(c.path)); !errors.Is(err, desk.ErrNotOurs) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAWrappedStoreIsAStore: it does all that any secret store does.
func TestAWrappedStoreIsAStore(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartDev(t))
	p.config.WrapKey, _, _ = newWrapKey(t)
	secretstest.Conform(t, func(t *testing.T) desk.Secrets { return p.open(t) })
	s := p.open(t)
	for _, policy := range append(keysOf(secretstest.Policies), "") { // none of which Vault makes
		made, err := s.Generate(t.Context(), policy)
		if err != nil || password.Meets(made) != nil {
			t.Errorf("%q: %v, %v", policy, err, password.Meets(made))
		}
	}
	if _, err := s.Generate(t.Context(), "none"); !errors.Is(err, desk.ErrNoPolicy) {
		t.Errorf("of no policy: %v", err)
	}
}

func keysOf(all map[string]password.Policy) (names []string) {
	for name := range all {
		names = append(names, name)
	}
	return names
}

// TestTwoSharesAreTheKey, in either order and however they are typed; one is nothing, and a
// slip of the pen is found.
func TestTwoSharesAreTheKey(t *testing.T) {
	key, file, shares := newWrapKey(t)
	typed := custody.SecretString("  " + strings.ToUpper(strings.ReplaceAll(shares[0].Reveal(), " ", "   ")) + "\n")
	for name, pair := range map[string][2]custody.Secret{
		"as they are": shares, "the other way round": {shares[1], shares[0]}, "as typed": {typed, shares[1]},
	} {
		if again, err := vault.JoinShares(pair[0], pair[1]); err != nil || !again.Equal(file) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, others := newWrapKey(t)
	slip := func(share custody.Secret) custody.Secret {
		text := []byte(share.Reveal())
		at := len(text) - 20
		for text[at] == ' ' {
			at++
		}
		if text[at] = 'A' + (text[at]+1)%20; string(text) == share.Reveal() {
			text[at]++
		}
		return custody.SecretString(string(text))
	}
	for name, pair := range map[string][2]custody.Secret{
		"one twice": {shares[0], shares[0]}, "of two keys": {shares[0], others[1]}, "with a slip": {slip(shares[0]), shares[1]},
		"nothing": {}, "a part": {custody.SecretString(shares[0].Reveal()[:40]), shares[1]}, "the key": {file, shares[1]},
	} {
		if _, err := vault.JoinShares(pair[0], pair[1]); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := vault.JoinShares(slip(shares[0]), shares[1]); err == nil || !strings.Contains(err.Error(), "share 1 is not as it was printed") {
		t.Errorf("a slip of the pen: %v", err)
	}
	for _, share := range shares {
		if strings.Contains(share.Reveal(), file.Reveal()[20:40]) {
			t.Error("a share has the key in it")
		}
	}
	for _, text := range []string{"", "hvs.token", "tandem-wrap-key-1 ", "tandem-wrap-key-1 AAAA", strings.TrimPrefix(file.Reveal(), "tandem-wrap-key-1 ")} {
		if _, err := vault.ReadWrapKey(custody.SecretString(text)); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if got, err := key.Unwrap("credentials/db01", 1, "0."); err == nil || !got.IsZero() || slices.Contains([]string{"", "00000000"}, key.ID()) {
		t.Errorf("%v", err)
	}
}
