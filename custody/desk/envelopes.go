package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// EnvelopesSetting is the key of where envelopes are written to, on record.
const EnvelopesSetting = "envelopes"

// EnvelopeFile is what the file of a credential's envelope is called. Names of credentials
// have no character that a file system minds.
func EnvelopeFile(credential string, number int64) string {
	return fmt.Sprintf("%s.%d.envelope", credential, number)
}

// Envelopes is all that is known of them, as the ledger leads to it.
type Envelopes struct {
	custody.Envelopes
	Keyholders []Keyholder
	Of         []Enveloped // of each credential in custody, by name
}

// Keyholder is one of the policy's.
type Keyholder struct {
	custody.Person
	Recipient string
	Due       time.Time // until when they take part in a drill; zero: they have no access any more
}

// Enveloped is a credential, with how its envelope stands.
type Enveloped struct {
	custody.Credential
	InForce bool // the last one has the password that counts, for today's keyholders, and is as it was written
	Lacks   bool // one is to be made now
}

// Used says that some envelope was written before.
func (e Envelopes) Used() bool {
	for _, c := range e.Of {
		if c.Envelope.Sealed.Number > 0 {
			return true
		}
	}
	return false
}

// Wanted says that the policy has keyholders.
func (e Envelopes) Wanted() bool { return len(e.Keyholders) > 0 }

// Envelopes gives them, without texts. Of a suspect ledger it stays readable.
func (d *Desk) Envelopes(ctx context.Context) (all Envelopes, err error) {
	if err := d.catchUpToRead(ctx); err != nil {
		return Envelopes{}, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	all = Envelopes{Envelopes: d.state.Envelopes()}
	for _, k := range d.state.Policy().Values.Keyholders.List() {
		p, _ := d.state.Person(k.Person)
		all.Keyholders = append(all.Keyholders, Keyholder{p, k.Recipient, d.state.DrillDue(p)})
	}
	inForce, lacks := d.state.Enveloping()
	for c := range d.state.Credentials() {
		if c.Active() {
			all.Of = append(all.Of, Enveloped{c, inForce(c), lacks(c)})
		}
	}
	return all, nil
}

// Keyholders gives those who can open what is sealed now, by name; nobody where the policy
// names none. It looks at no credential.
func (d *Desk) Keyholders(ctx context.Context) ([]custody.Keyholder, error) {
	if err := d.catchUpToRead(ctx); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.state.Keyholders(), nil
}

// Enveloped says how the envelope of one credential stands; wanted: the policy has
// keyholders.
func (d *Desk) Enveloped(c custody.Credential) (e Enveloped, wanted bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	inForce, lacks := d.state.Enveloping()
	return Enveloped{c, inForce(c), lacks(c)}, len(d.state.Policy().Values.Keyholders.List()) > 0
}

// MayWriteEnvelopes says whether envelopes may be written to where this process would: nil,
// ErrUnacknowledged, or why that cannot be told.
func (d *Desk) MayWriteEnvelopes(ctx context.Context) error {
	if err := d.trusted(); err != nil {
		return err
	}
	if in, err := d.inForce(ctx, EnvelopesSetting); err != nil || in {
		return err
	}
	return fmt.Errorf("envelopes: %w", ErrUnacknowledged)
}

// checkKeyholders looks at the keys of a policy that somebody asks for: a damaged one would
// only show when envelopes are to be made.
func (d *Desk) checkKeyholders(a custody.Action) error {
	var asked custody.Change
	switch a := a.(type) {
	case custody.Propose:
		asked = a.Change
	case custody.Revise:
		asked = a.Change
	}
	policy, is := asked.Proposable.(custody.AdoptPolicy)
	if !is || d.CheckRecipient == nil {
		return nil
	}
	for _, k := range policy.Values.Keyholders.List() {
		if d.CheckRecipient(k.Recipient) != nil {
			return custody.Invalid("policy.keyholders", "recipient")
		}
	}
	return nil
}
