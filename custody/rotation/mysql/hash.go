package mysql

import (
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"filippo.io/edwards25519"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
)

// maxPassword is the longest password in bytes: that of MySQL's plug-in
// caching_sha2_password (MAX_PLAINTEXT_LENGTH). MariaDB's have no limit.
const maxPassword = 256

// checkPassword says rotation.ErrValue of what no client can send, or not all
// of them alike.
func checkPassword(secret custody.Secret) error {
	password := secret.Reveal()
	if password == "" || len(password) > maxPassword || !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl) {
		return rotation.ErrValue
	}
	return nil
}

// nativeHash is what the plug-in mysql_native_password stores: * and the SHA-1
// of the SHA-1 of the password, in hex.
func nativeHash(secret custody.Secret) string {
	once := sha1.Sum(secret.Bytes())
	twice := sha1.Sum(once[:])
	return "*" + strings.ToUpper(hex.EncodeToString(twice[:]))
}

// ed25519Hash is what MariaDB's plug-in ed25519 stores: the public key, in
// base64 without padding, whose private one is made of the password as RFC 8032,
// 5.1.5, makes it of 32 random bytes. crypto/ed25519 takes no other length.
func ed25519Hash(secret custody.Secret) (string, error) {
	digest := sha512.Sum512(secret.Bytes())
	private, err := edwards25519.NewScalar().SetBytesWithClamping(digest[:32])
	if err != nil {
		return "", errors.New("no Ed25519 key") // never: it is 32 bytes
	}
	public := new(edwards25519.Point).ScalarBaseMult(private).Bytes()
	return base64.RawStdEncoding.EncodeToString(public), nil
}
