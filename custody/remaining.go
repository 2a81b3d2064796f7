package custody

import (
	"regexp"
	"slices"
)

// Remaining is what opens an account beside its password, as far as the account itself
// listed it: a changed password takes none of it away. Sessions that are open are never
// among it.
type Remaining struct {
	Listed bool     `json:"listed,omitzero"` // its authorized keys could be listed
	Keys   []string `json:"keys,omitzero"`   // SHA-256 fingerprints of theirs, as OpenSSH writes them, sorted; no comments
	More   int64    `json:"more,omitzero"`   // how many there are besides
}

// MaxKeys is how many keys are named; the rest is counted.
const MaxKeys = 32

// Lists makes a Remaining of the fingerprints of an account's keys, each counted once.
func Lists(fingerprints []string) Remaining {
	keys := slices.Compact(slices.Sorted(slices.Values(fingerprints)))
	named := keys[:min(len(keys), MaxKeys)]
	return Remaining{Listed: true, Keys: named, More: int64(len(keys) - len(named))}
}

var fingerprint = regexp.MustCompile(`^SHA256:[A-Za-z0-9+/]{43}$`)

// valid says that it can have been made by Lists.
func (r Remaining) valid() bool {
	for i, key := range r.Keys {
		if !fingerprint.MatchString(key) || i > 0 && r.Keys[i-1] >= key {
			return false
		}
	}
	return len(r.Keys) <= MaxKeys && r.More >= 0 && (r.More == 0 || len(r.Keys) == MaxKeys) && (r.Listed || len(r.Keys) == 0)
}
