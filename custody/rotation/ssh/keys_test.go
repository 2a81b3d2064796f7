package ssh_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gossh "golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

// Keys outlive a password. Whoever proves one lists them, by fingerprints and nothing
// else, and a change that is proved has the list in its entry.
func TestKeysThatOutliveAPasswordAreListed(t *testing.T) {
	t.Parallel()
	dir := keysFolder(t)
	server := sshtest.Start(t, "AuthorizedKeysFile "+dir+"/%u .ssh/authorized_keys .ssh/authorized_keys2")
	writeKey(t, server, dir, "root", "")
	keys, prints := []string{}, []string{}
	for range 3 {
		key, err := gossh.ParsePrivateKey(sshtest.NewKey(t).Bytes())
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, strings.TrimSpace(string(gossh.MarshalAuthorizedKey(key.PublicKey()))))
		prints = append(prints, gossh.FingerprintSHA256(key.PublicKey()))
	}
	for what, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"no file":   {nil, nil},
		"one file":  {map[string]string{"authorized_keys": keys[0] + " somebody@home\n# " + keys[2] + "\n\nno key\n"}, prints[:1]},
		"two files": {map[string]string{"authorized_keys": keys[0], "authorized_keys2": `from="10.0.0.1",command="echo secret" ` + keys[1] + "\n" + keys[0]}, prints[:2]},
	} {
		t.Run(what, func(t *testing.T) {
			a := byRoot(server).Add(t)
			account := a.Describe().Account
			home := server.GiveHome(t, account)
			if err := os.MkdirAll(filepath.Join(home, ".ssh"), 0o755); err != nil {
				t.Fatal(err)
			}
			for name, text := range c.files {
				if err := os.WriteFile(filepath.Join(home, ".ssh", name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want := slices.Sorted(slices.Values(c.want))
			taken := targettest.TakeOver(t, a)
			taken.Work("", targettest.Held)
			credential, err := taken.Desk.Credential(t.Context(), "an-account")
			if err != nil {
				t.Fatal(err)
			}
			if r := credential.Remaining; !r.Listed || !slices.Equal(r.Keys, want) || r.More != 0 {
				t.Errorf("listed %+v, not %q", r, want)
			}
		})
	}

	account, password := server.AddAccount(t)
	listed, err := open(t, server, describe(server, account, "shell", "false")).(rotation.Lister).VerifyListing(t.Context(), password)
	if err != nil || listed.Listed {
		t.Errorf("an account that runs nothing lists %+v, %v", listed, err)
	}
	listed, err = open(t, server, describe(server, account)).(rotation.Lister).VerifyListing(t.Context(), sshtest.NewPassword())
	want(t, "a wrong password", err, rotation.ErrRefused)
	if listed.Listed {
		t.Errorf("a refused log-in lists %+v", listed)
	}
	forced := sshtest.Start(t, `ForceCommand case "$SSH_ORIGINAL_COMMAND" in cat*) exit 0;; *) exec sh -c "$SSH_ORIGINAL_COMMAND";; esac`)
	account, password = forced.AddAccount(t)
	listed, err = open(t, forced, describe(forced, account)).(rotation.Lister).VerifyListing(t.Context(), password)
	if err != nil || listed.Listed {
		t.Errorf("an account that may not list is proved: %v, and lists %+v", err, listed)
	}
}
