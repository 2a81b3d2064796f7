package postgres

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/xdg-go/scram"
	"github.com/xdg-go/stringprep"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
)

const (
	// maxPassword is the longest password in bytes. PostgreSQL itself has no
	// limit below that of a message, but some of its clients do.
	maxPassword = 512

	saltLength = 16 // bytes, SCRAM_DEFAULT_SALT_LEN in PostgreSQL

	// Between these, the server's scram_iterations counts. The first is
	// PostgreSQL's default and RFC 7677's least; the last costs a log-in about
	// a third of a second, and keeps a server from holding us up for hours.
	minIterations, maxIterations = 4096, 1_000_000
)

// checkPassword says rotation.ErrValue of what clients would not all send alike.
//
// SCRAM wants a password prepared by SASLprep (RFC 5802, 2.2), for which clients
// have libraries of different ages, and PostgreSQL takes as it is what cannot be
// prepared. A value that SASLprep leaves alone is the same for all of them, and
// any in ASCII is such.
func checkPassword(secret custody.Secret) error {
	password := secret.Reveal()
	prepared, err := stringprep.SASLprep.Prepare(password)
	if err != nil || prepared != password || password == "" || len(password) > maxPassword {
		return rotation.ErrValue
	}
	return nil
}

// verifier gives what the server stores in place of a password that
// checkPassword lets pass: SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey
// (PostgreSQL documentation, 53.8 pg_authid). It has no sign to be quoted.
func verifier(secret custody.Secret, iterations int) (string, error) {
	// The errors of the library are not repeated: it had the password.
	client, err := scram.SHA256.NewClientUnprepped("", secret.Reveal(), "")
	if err != nil {
		return "", errors.New("no SCRAM client")
	}
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails (crypto/rand)
	iterations = min(max(iterations, minIterations), maxIterations)
	stored, err := client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: string(salt), Iters: iterations})
	if err != nil {
		return "", errors.New("no SCRAM verifier")
	}
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s",
		iterations, encode(salt), encode(stored.StoredKey), encode(stored.ServerKey)), nil
}
