package targettest

import (
	"errors"
	"maps"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
)

// Describe describes a target; settings are names and values in turn, of which the
// last of a name counts.
func Describe(kind, address, account string, settings ...string) custody.Target {
	t := custody.Target{Kind: kind, Address: address, Account: account, Settings: map[string]string{}}
	for i := 0; i < len(settings); i += 2 {
		t.Settings[settings[i]] = settings[i+1]
	}
	return t
}

// Open opens a target that is described well; admin is of the second account, if the
// description has one.
func Open(t *testing.T, open rotation.Opener, described custody.Target, admin custody.Secret) rotation.Target {
	t.Helper()
	if described.Settings["admin"] == "" {
		admin = custody.Secret{}
	}
	target, err := open(described, admin)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// Change makes another description of one.
type Change = func(*custody.Target)

// With gives a description with a change in it.
func With(t custody.Target, change Change) custody.Target {
	t.Settings = maps.Clone(t.Settings)
	change(&t)
	return t
}

// Takes wants a good description to stay good with each of the changes.
func Takes(t *testing.T, open rotation.Opener, good custody.Target, key custody.Secret, changes map[string]Change) {
	t.Helper()
	for name, change := range changes {
		if _, err := open(With(good, change), key); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Refuses wants a good description to be refused with each of the changes, for the
// field that they are listed under.
func Refuses(t *testing.T, open rotation.Opener, good custody.Target, key custody.Secret, changes map[string]map[string]Change) {
	t.Helper()
	for field, wrong := range changes {
		for name, change := range wrong {
			_, err := open(With(good, change), key)
			WantInvalid(t, name, err, field)
		}
	}
}

// NeedsKey wants a good description to be refused without a key.
func NeedsKey(t *testing.T, open rotation.Opener, good custody.Target) {
	t.Helper()
	for name, key := range map[string]custody.Secret{"no key": {}, "an empty line": custody.SecretString("\n")} {
		_, err := open(good, key)
		WantInvalid(t, name, err, "key")
	}
}

// WantInvalid wants a refusal of a field.
func WantInvalid(t *testing.T, what string, err error, field string) {
	t.Helper()
	var refusal *custody.Refusal
	if !errors.As(err, &refusal) || refusal.Code != custody.InvalidRequest || refusal.Field != field {
		t.Errorf("%s: %v", what, err)
	}
}
