package ssh

import (
	"context"
	"crypto/rand"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody"
)

// keysCommand prints the files in which an account has its authorized keys by default
// (sshd_config(5), AuthorizedKeysFile), and then what is to come back. A file that is not
// there is none; one that the account may not read sshd does not read for it either.
const keysCommand = "cat .ssh/authorized_keys; echo; cat .ssh/authorized_keys2; " + proofCommand

// VerifyListing is as rotation.Lister has it. Keys elsewhere are not seen: of another
// AuthorizedKeysFile, an AuthorizedKeysCommand, a TrustedUserCAKeys.
func (t *target) VerifyListing(ctx context.Context, secret custody.Secret) (custody.Remaining, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	client, err := t.host.connect(ctx, t.account, &passwordLogin{secret: secret})
	if err != nil {
		return custody.Remaining{}, err
	}
	defer client.Close()
	if !t.shell {
		return custody.Remaining{}, nil
	}
	nonce := "tandem-" + rand.Text()
	said, err := t.run(ctx, client, keysCommand+nonce, "")
	if files, whole := strings.CutSuffix(strings.TrimSpace(said), nonce); err == nil && whole {
		return custody.Lists(fingerprints(files)), nil
	}
	return custody.Remaining{}, t.runs(ctx, client) // it runs no two commands, or none
}

// fingerprints gives those of the keys in authorized_keys files: no comments, and nothing
// of the options in front of them.
func fingerprints(files string) (found []string) {
	for line := range strings.Lines(files) {
		if key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line)); err == nil {
			found = append(found, ssh.FingerprintSHA256(key))
		}
	}
	return found
}
