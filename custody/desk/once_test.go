package desk_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// raced is a secret store as Vault is by Tandem's policy, in which somebody else is first at
// a path: right before it is written. What is there nobody may write, and the refusal does
// not say that there is something.
type raced struct {
	desk.Secrets
	path string
	lost bool
}

func (s *raced) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error) {
	if path != s.path {
		return s.Secrets.Write(ctx, path, value, cas, labels)
	}
	if !s.lost {
		s.lost = true
		if _, err := s.Secrets.Write(ctx, path, custody.NewSecret(bytes.Repeat([]byte{1}, 32)), 0, nil); err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("%w: permission denied", desk.ErrSecretsUnavailable)
}

// TestTwoAtOnceOnANewInstallationAreNotRefused: the first two people with an address, and
// the first two servers, make what the whole installation has once. Who came second was
// told that the secret store cannot be used.
func TestTwoAtOnceOnANewInstallationAreNotRefused(t *testing.T) {
	for _, path := range []string{desk.IdentityPath, desk.SealPath} {
		t.Run(path, func(t *testing.T) {
			var secrets *raced
			o := emptyOffice(t, func(c *desk.Config) {
				secrets = &raced{Secrets: c.Secrets, path: path}
				c.Secrets = secrets
			})
			o.Hire("admin", custody.Admin)
			add := custody.AddPerson{Username: "tech-a", Name: "Anna A", Email: desk.NewNote("anna@tandem.example"), Roles: []custody.Role{custody.Technician}, TOTPPeriod: period}
			if _, err := o.Desk.Do(t.Context(), desk.By{Actor: custody.System, Request: "add-tech-a"}, add); err != nil {
				t.Errorf("who came second: %v", err)
			}
			if !secrets.lost {
				t.Fatal("nobody else was first")
			}
			kept, err := secrets.Secrets.Read(t.Context(), path)
			if err != nil || kept.Version != 1 {
				t.Errorf("version %d: %v", kept.Version, err)
			}
		})
	}
}
