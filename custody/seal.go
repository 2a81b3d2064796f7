package custody

import (
	"regexp"
	"slices"
)

// SealKey is a key that batches of the ledger are sealed with. Only the secret store
// has it; the ledger says which one counts where, by an id that says nothing of it.
type SealKey struct {
	ID    string `json:"id"`
	Since int64  `json:"since"` // index of the first entry that a batch under it can begin with
}

// sealKeyID is what a key's id looks like: hex of the beginning of its digest.
var sealKeyID = regexp.MustCompile(`^[0-9a-f]{8}$`)

// IsSealKeyID says whether a text looks like the id of a key.
func IsSealKeyID(id string) bool { return sealKeyID.MatchString(id) }

// SealKeys gives the keys that the ledger names, the first one first: none, as long as
// none has replaced the installation's first. The slice must not be changed.
func (s *State) SealKeys() []SealKey {
	for at := s; at != nil; at = at.base {
		if at.sealKeys != nil {
			return at.sealKeys
		}
	}
	return nil
}

// SealKeyAt gives the id of the key that a batch is under which begins with an entry of
// that index; "": the installation's first, which the ledger names only when it is
// replaced.
func (s *State) SealKeyAt(from int64) (id string) {
	for _, k := range s.SealKeys() {
		if k.Since <= from {
			id = k.ID
		}
	}
	return id
}

// SealKeysChanged gives the keys where a fork brought one; of a root, all that there are.
func (s *State) SealKeysChanged() []SealKey { return s.sealKeys }

// RestoreSealKeys is Restore for what SealKeysChanged of a root gave, in any order.
func (s *State) RestoreSealKeys(all []SealKey) {
	s.sealKeys = slices.SortedFunc(slices.Values(all), func(a, b SealKey) int { return int(a.Since - b.Since) })
}

// replaces says whether a key that nothing was sealed with takes the place of the one
// that counts now. Which one the first is nobody has entered before.
func (s *State) replaces(from, to string) bool {
	keys := s.SealKeys()
	used := slices.ContainsFunc(keys, func(k SealKey) bool { return k.ID == to })
	return IsSealKeyID(from) && IsSealKeyID(to) && from != to && !used &&
		(len(keys) == 0 || keys[len(keys)-1].ID == from)
}

// checkSealKeys: the first has been there from the beginning, and each that follows
// came with an entry of its own.
func (s *State) checkSealKeys() error {
	seen := map[string]bool{}
	for i, k := range s.SealKeys() {
		if seen[k.ID] || !IsSealKeyID(k.ID) || i == 0 && k.Since != 0 || i > 0 && k.Since <= s.SealKeys()[i-1].Since || k.Since > s.Size {
			return &Violation{Invariant: "I7", Detail: "a key of the seals that no entry can have brought"}
		}
		seen[k.ID] = true
	}
	if len(seen) == 1 {
		return &Violation{Invariant: "I7", Detail: "a key of the seals that nothing has replaced"}
	}
	return nil
}

// ChangeSealKey has the ledger's batches sealed with another key from now on: somebody
// may know the old one, or it is old. By a manager or a director with a code, on the
// server's machine. The new key is in the secret store before this is on record.
type ChangeSealKey struct {
	From string `json:"from"` // ids
	To   string `json:"to"`
}

var _ = action(ChangeSealKey{})

func (ChangeSealKey) Verb() string    { return "change_seal_key" }
func (ChangeSealKey) Subject() string { return "" }
func (ChangeSealKey) givers() givers  { return people }

func (a ChangeSealKey) bare(*State) Action {
	if !IsSealKeyID(a.From) || !IsSealKeyID(a.To) {
		return ChangeSealKey{}
	}
	return a
}

func (a ChangeSealKey) decide(d *decision) error {
	if !d.actor.Is(Manager) && !d.actor.Is(Director) {
		return refuseForbidden(onlyManagerOrDirector)
	}
	if !d.state.replaces(a.From, a.To) {
		return refuseSealKeyChanged()
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(SealKeyChanged(a))
	return nil
}

// SealKeyChanged: what follows the batch of this entry is sealed with another key, and
// nothing with the old one any more. The batch itself is under the old one.
type SealKeyChanged struct {
	From string `json:"from"`
	To   string `json:"to"`
}

var _ = fact(SealKeyChanged{})

func (SealKeyChanged) Type() string             { return "seal.key_changed" }
func (SealKeyChanged) Subject() string          { return "" }
func (SealKeyChanged) concerns(*State) Concerns { return Concerns{} }
func (SealKeyChanged) grade() Grade             { return Serious }
func (SealKeyChanged) by(*State, Event) Who     { return byRole(Manager, Director).confirmed() }

func (f SealKeyChanged) allowed(s *State, e Event) error {
	if !s.replaces(f.From, f.To) {
		return e.violates("I7", "in the place of another key than the one that counted, or by one that had counted before")
	}
	return nil
}

func (f SealKeyChanged) apply(s *State, _ Event) {
	keys := slices.Clone(s.SealKeys())
	if len(keys) == 0 {
		keys = []SealKey{{ID: f.From}}
	}
	s.sealKeys = append(keys, SealKey{f.To, s.Size})
}
