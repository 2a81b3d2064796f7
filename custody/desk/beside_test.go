package desk_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
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

// stillToBeMoved adds a credential whose password is not where it belongs yet.
func (o *office) stillToBeMoved(name string) {
	o.T.Helper()
	cut := &faults{}
	defer o.Secrets.Replace(func(inner desk.Secrets) desk.Secrets { return faultySecrets{inner, cut} })()
	cut.fail("Write "+desk.CredentialPath(name), 1)
	if err := add(o.Desk, custody.System, name, custody.SecretString("came with it"), custody.Secret{}); err != nil {
		o.T.Fatal(err)
	}
	if o.Credential(name).Arriving == "" {
		o.T.Fatal("it was moved already")
	}
}

// TestTwoProcessesThatMoveWhatCameWithACredential at once: one of them does it, at
// whatever step the other was, and for both it is done.
func TestTwoProcessesThatMoveWhatCameWithACredential(t *testing.T) {
	desktest.OnBoth(t, twoProcessesThatMoveWhatCameWithACredential)
}

func twoProcessesThatMoveWhatCameWithACredential(t *testing.T, on desktest.Engine) {
	for name, when := range map[string]func(i *interrupted, other func()){
		"before the other writes": func(i *interrupted, other func()) { i.before = other },
		"after the other wrote":   func(i *interrupted, other func()) { i.after = other },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOfficeOn(t, on)
			o.stillToBeMoved("db07")
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

// onReading is a secret store in which something happens right before the next read of
// a path.
type onReading struct {
	desk.Secrets
	path string
	do   func(inner desk.Secrets)
}

func (r *onReading) Read(ctx context.Context, path string) (desk.Versioned, error) {
	if do := r.do; path == r.path && do != nil {
		r.do = nil
		do(r.Secrets)
	}
	return r.Secrets.Read(ctx, path)
}

// TestWhatCameIsNotWrittenOverThePasswordThatFollowedIt: while this process is about to
// look what there is to move, another one is done with it but for the removal of what
// came, and the password is changed on the target.
func TestWhatCameIsNotWrittenOverThePasswordThatFollowedIt(t *testing.T) {
	desktest.OnBoth(t, whatCameIsNotWrittenOverThePasswordThatFollowedIt)
}

func whatCameIsNotWrittenOverThePasswordThatFollowedIt(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	o.stillToBeMoved("db07")
	other := o.Open()
	between := &onReading{path: desk.CredentialPath("db07")}
	defer o.Secrets.Replace(func(inner desk.Secrets) desk.Secrets { between.Secrets = inner; return between })()
	between.do = func(inner desk.Secrets) {
		cut := &faults{}
		between.Secrets = faultySecrets{inner, cut}
		cut.fail("Delete", 1)
		if err := other.Settle(t.Context(), "db07"); err == nil {
			t.Error("what came was removed already")
		}
		between.Secrets = inner
		o.Rotate("db07")
	}
	if err := o.Desk.Settle(t.Context(), "db07"); err != nil {
		t.Error(err)
	}
	if password, _ := o.kept("db07"); !password.Equal(o.Password("db07", 1)) {
		t.Error("what came was written over the password that is on the target now")
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
