package desk

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"
	_ "time/tzdata" // for machines without a database of time zones

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/words"
)

// Preference is how somebody wants to be spoken to. It is no custody state and in
// no ledger.
type Preference struct {
	Language string // one of words.Languages; "": not chosen
	Zone     string // IANA name; "": not chosen
}

// Preferences keeps what people chose. Implemented by the store.
type Preferences interface {
	// Preference gives what somebody chose, and the mark that it was kept with; the
	// zero one and "" when they did not.
	Preference(ctx context.Context, username string) (p Preference, mark string, err error)
	SetPreference(ctx context.Context, username string, p Preference, mark string) error
}

// AccountStore keeps all that belongs to an account.
type AccountStore interface {
	Accounts
	Preferences
}

// preferencePurpose is what the rows of preferences are marked for: whoever can
// write to the database alone must not have people spoken to in a language or told
// times of a zone that they did not choose.
const preferencePurpose = "preference"

// text is what such a row is marked for.
func (p Preference) text(username string) []byte {
	return fmt.Appendf(nil, "%q\n%q\n%q\n", username, p.Language, p.Zone)
}

// Preference gives what somebody chose. What somebody else wrote into the database
// counts as not chosen, and so does, as long as it lasts, what cannot be told from
// that because the secret store is away.
func (d *Desk) Preference(ctx context.Context, username string) (Preference, error) {
	p, mark, err := d.Accounts.Preference(ctx, username)
	if err != nil || p == (Preference{}) {
		return Preference{}, err
	}
	switch genuine, err := d.checkMAC(ctx, preferencePurpose, p.text(username), mark); {
	case err != nil:
		return Preference{}, nil
	case !genuine:
		d.madeUp("what somebody chose for themselves", username)
		return Preference{}, nil
	}
	return p, nil
}

// SetPreference keeps what somebody chose, or refuses it: custody.InvalidRequest.
func (d *Desk) SetPreference(ctx context.Context, username string, p Preference) error {
	if p.Language != "" && !slices.Contains(words.Languages, p.Language) {
		return custody.Invalid("language", "no_such_language")
	}
	if p.Zone != "" && zone(p.Zone) == nil {
		return custody.Invalid("zone", "no_such_zone")
	}
	mark, err := d.mac(ctx, preferencePurpose, p.text(username))
	if err != nil {
		return err
	}
	return d.Accounts.SetPreference(ctx, username, p, mark)
}

// In gives the time zone that was chosen, or else the other one.
func (p Preference) In(otherwise *time.Location) *time.Location {
	if at := zone(p.Zone); at != nil {
		return at
	}
	return otherwise
}

// zones remembers those that were loaded, by name: each is a file.
var zones sync.Map

// zoneName is what names of the IANA database look like, and no other path.
var zoneName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]{0,31}(/[A-Za-z0-9][A-Za-z0-9_+-]{0,31}){0,2}$`)

// zone loads a time zone; nil: there is none of that name. "Local", Go's name for
// the machine's own, is none.
func zone(name string) *time.Location {
	if loaded, ok := zones.Load(name); ok {
		return loaded.(*time.Location)
	}
	if name == "Local" || !zoneName.MatchString(name) {
		return nil
	}
	at, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	zones.Store(name, at)
	return at
}
