package custody

import (
	"slices"
	"time"
)

// Exposure says to whom one version of a password was shown, each time proved
// by an entry of the ledger. What nobody was shown through Tandem it cannot
// know: version 0 is the password from before custody.
type Exposure struct {
	Version int64     // of the secret; 0 before the first rotation
	Since   time.Time // when it became the current one
	Entry   int64     // index of the entry that says so: rotation.promoted, or credential.added for version 0
	Known   []Seen    // in the order of the first time
}

// Seen is one person and what proves that they were shown it.
type Seen struct {
	Person  string
	First   time.Time
	Last    time.Time
	Entries []int64 // indexes of checkout.granted, checkout.shown, rotation.shown, envelope.opened, envelope.drill_begun, or the rotation.promoted that names them
}

// Add goes on with the next entry about the credential, the oldest first. To
// begin with the last entry that starts a version is enough.
func (x *Exposure) Add(index int64, e Event) {
	switch f := e.Fact.(type) {
	case CredentialAdded:
		*x = Exposure{Since: e.Time, Entry: index}
	case RotationPromoted:
		*x = Exposure{Version: f.Version, Since: e.Time, Entry: index}
		for _, person := range f.Exposed {
			x.add(person, index, e.Time)
		}
	case CheckoutGranted, CheckoutShown, RotationShown:
		x.add(e.Actor, index, e.Time)
	case EnvelopeOpened:
		x.addBoth(f.By, index, e.Time)
	case EnvelopeDrillBegun:
		x.addBoth(f.By, index, e.Time)
	}
}

func (x *Exposure) addBoth(by [2]string, index int64, at time.Time) {
	for _, person := range by {
		x.add(person, index, at)
	}
}

func (x *Exposure) add(person string, index int64, at time.Time) {
	i := slices.IndexFunc(x.Known, func(s Seen) bool { return s.Person == person })
	if i < 0 {
		i = len(x.Known)
		x.Known = append(x.Known, Seen{Person: person, First: at})
	}
	x.Known[i].Last = at
	x.Known[i].Entries = append(x.Known[i].Entries, index)
}

// StartsVersion says that what went before does not matter to an Exposure.
func StartsVersion(f Fact) bool {
	switch f.(type) {
	case CredentialAdded, RotationPromoted:
		return true
	}
	return false
}

// tooKnown says whether more people know the password than may.
func (c Credential) tooKnown() bool {
	return c.Policy.MaxExposed > 0 && int64(len(c.Exposure)) > c.Policy.MaxExposed
}

// knownToOthers says whether somebody else than the person is among those who were
// shown a password.
func knownToOthers(shown []string, person string) bool {
	return slices.ContainsFunc(shown, func(seen string) bool { return seen != person })
}

// with gives sorted names with one more. The old slice is shared with other states
// and stays as it is.
func with(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	grown := append(slices.Clone(names), name)
	slices.Sort(grown)
	return grown
}
