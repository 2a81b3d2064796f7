package desk

// Where each kind of secret lives in the secret store. Names of people and
// credentials are checked by the domain to be safe in a path.

// CredentialPath is where the current password of a credential is.
func CredentialPath(name string) string { return "credentials/" + name }

// StagedPath is where a new password waits until the target has taken it. It
// is another place than the current one, so that neither overwrites the other.
func StagedPath(name string) string { return "staged/" + name }

// SeedPath is where a person's TOTP seed is (base32, as in an otpauth URI).
func SeedPath(username string) string { return "seeds/" + username }

// KeyPath is where the private key is (PEM) with which a target of this
// credential is administered.
func KeyPath(name string) string { return "keys/" + name }

// ThrottlePath is where the key is under which failed log-ins are counted.
const ThrottlePath = "internal/throttle"
