package desk_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// interrupted is a secret store in which something happens right before the next write
// of some path, or right after it.
type interrupted struct {
	desk.Secrets
	prefix        string
	before, after func()
}

func (i *interrupted) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error) {
	if !strings.HasPrefix(path, i.prefix) {
		return i.Secrets.Write(ctx, path, value, cas, labels)
	}
	before, after := i.before, i.after
	i.before, i.after = nil, nil
	if before != nil {
		before()
	}
	version, err := i.Secrets.Write(ctx, path, value, cas, labels)
	if after != nil {
		after()
	}
	return version, err
}

// TestTwoProcessesThatMoveWhatCameWithACredential at once: one of them does it, at
// whatever step the other was, and for both it is done.
func TestTwoProcessesThatMoveWhatCameWithACredential(t *testing.T) {
	for name, when := range map[string]func(i *interrupted, other func()){
		"before the other writes": func(i *interrupted, other func()) { i.before = other },
		"after the other wrote":   func(i *interrupted, other func()) { i.after = other },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			cut := &faults{}
			putBack := o.Secrets.Replace(func(inner desk.Secrets) desk.Secrets { return faultySecrets{inner, cut} })
			cut.fail("Write "+desk.CredentialPath("db07"), 1) // so that it is still to be moved
			if err := add(o.Desk, "admin", "db07", custody.SecretString("came with it"), custody.Secret{}); err != nil {
				t.Fatal(err)
			}
			putBack()
			if o.Credential("db07").Arriving == "" {
				t.Fatal("it was moved already")
			}
			other := o.Open()
			between := &interrupted{prefix: desk.CredentialPath("db07")}
			defer o.Secrets.Replace(func(inner desk.Secrets) desk.Secrets { between.Secrets = inner; return between })()
			when(between, func() {
				if err := other.Settle(t.Context(), "db07"); err != nil {
					t.Errorf("the other: %v", err)
				}
			})
			if err := o.Desk.Settle(t.Context(), "db07"); err != nil {
				t.Errorf("this one: %v", err)
			}
			if between.before != nil || between.after != nil {
				t.Error("nothing was written")
			}
			if password, _ := o.kept("db07"); password.Reveal() != "came with it" || o.Credential("db07").Arriving != "" {
				t.Errorf("afterwards %+v", o.Credential("db07"))
			}
		})
	}
}

// onward counts one version too many in what it says of a write.
type onward struct {
	desk.Secrets
	prefix string
}

func (s onward) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error) {
	version, err := s.Secrets.Write(ctx, path, value, cas, labels)
	if strings.HasPrefix(path, s.prefix) {
		version++
	}
	return version, err
}

// TestALogInWhoseVersionIsNotTheOneOnRecordIsNotEntered: the entry would name another
// one, and nobody could log in.
func TestALogInWhoseVersionIsNotTheOneOnRecordIsNotEntered(t *testing.T) {
	o := newOffice(t)
	before := o.Size()
	putBack := o.Secrets.Replace(func(inner desk.Secrets) desk.Secrets { return onward{inner, desk.AccountPath("eve")} })
	_, err := o.Desk.AddPerson(t.Context(), desk.By{Actor: custody.System, Request: "hire"}, custody.AddPerson{
		Username: "eve", Name: "Eve", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period,
	})
	if !errors.Is(err, desk.ErrSecretsUnavailable) {
		t.Errorf("hired with a version that is not on record: %v", err)
	}
	if types := o.Types(before); len(types) != 0 {
		t.Errorf("entered: %v", types)
	}
	putBack()
	o.Hire("eve", custody.Technician)
}
