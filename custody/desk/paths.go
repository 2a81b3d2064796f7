package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// Where each kind of secret lives in the secret store. Names of people and
// credentials are checked by the domain to be safe in a path.

// CredentialPath is where the current password of a credential is.
func CredentialPath(name string) string { return "credentials/" + name }

// StagedPath is where one rotation of a credential keeps its new password until
// the target has taken it; when the target refused one, its versions are all the
// values that were tried. It is another place than the current one, so that
// neither overwrites the other, and each rotation has its own, so that clearing
// up after one cannot touch the next.
func StagedPath(name string, rotation int64) string {
	return "staged/" + name + "-" + strconv.FormatInt(rotation, 10)
}

// ArrivingPath begins the paths of the secrets that come with a request, until they
// are moved to where they belong. No rotation's path has such an end.
func ArrivingPath(request string) string {
	sum := sha256.Sum256([]byte(request))
	return "staged/request-" + hex.EncodeToString(sum[:16]) + "-"
}

// HistoryPath is where the digests are of all passwords that a credential has
// had (package password), so that none comes again.
func HistoryPath(name string) string { return "history/" + name }

// SeedPath is where a person's TOTP seed is (base32, as in an otpauth URI).
func SeedPath(username string) string { return "seeds/" + username }

// AccountPath is where the hashes of a person's password and recovery codes are.
func AccountPath(username string) string { return "accounts/" + username }

// KeyPath is where the secret is with which the target of this credential is
// administered: a private key (PEM) or a password, as its kind has it.
func KeyPath(name string) string { return "keys/" + name }

// ThrottlePath is where the key is under which failed log-ins are counted.
const ThrottlePath = "internal/throttle"

// IdentityPath is where the salt is with which accounts in custody are told apart in
// the ledger, which does not name them.
const IdentityPath = "internal/identity"

// SentinelPath is where the secret store keeps which installation it belongs to:
// no secret, but where it is gone the secrets are too.
const SentinelPath = "internal/installation"

// SealPath is where the installation's first key is with which the ledger's batches are
// sealed, and other rows of the database are marked as Tandem's own.
const SealPath = "internal/seal"

// SealKeyPath is where each key is that has replaced it. The ledger says which one counts.
func SealKeyPath(id string) string { return "internal/seals/" + id }

// RelayPath is where the mail server is, and the log-in at it, by which people are told
// of things while its configuration is in force.
const RelayPath = "internal/relay"

// ChannelPath is where a channel is, and its secrets, by which groups are told of things
// while its configuration is in force.
func ChannelPath(name string) string { return "internal/channels/" + name }

// AnchorPath is where the secret store keeps how far the ledger had come: no
// secret.
const AnchorPath = "internal/anchor"
