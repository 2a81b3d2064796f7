package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
)

// wrappingStore is a secret store of which only Wrap is there.
type wrappingStore struct{ secretStore }

func (wrappingStore) Wrap(context.Context, custody.Secret, time.Duration) (custody.Secret, time.Time, error) {
	return custody.SecretString("a token"), time.Time{}, nil
}

func TestOpenDependents(t *testing.T) {
	s := shop{t, t.TempDir()}
	address := s.write("url", "https://chat.example.org/hooks/4711\n")
	token := s.write("token", "bearer\n")
	c, err := openConnectors(config.Config{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.openDependents([]config.Dependent{
		{Name: "app", Command: []string{"/usr/local/bin/set-password"}},
		{Name: "deploy", URL: "https://deploy.example.org/", TokenFile: token},
		{Name: "chat", URLFile: address},
	}, wrappingStore{}); err != nil {
		t.Fatal(err)
	}
	if err := c.checkPolicy(custody.CredentialPolicy{Dependents: []string{"app", "chat", "deploy"}}); err != nil {
		t.Errorf("all that are configured: %v", err)
	}
	err = c.checkPolicy(custody.CredentialPolicy{Dependents: []string{"app", "other"}})
	if err == nil || !strings.Contains(err.Error(), `"app" "chat" "deploy"`) {
		t.Errorf("another one: %v", err)
	}

	for want, wrong := range map[string]config.Dependent{
		"dependents[1]: url_file: open ":                        {Name: "chat", URLFile: filepath.Join(s.folder, "absent")},
		"dependents[1]: token_file: open ":                      {Name: "chat", URLFile: address, TokenFile: filepath.Join(s.folder, "absent")},
		"dependents[1]: ca: no certificate in " + token:         {Name: "chat", URLFile: address, CA: token},
		"dependents[1]: hook: a receiver's URL must be as in ":  {Name: "chat", URLFile: token},
		"dependents[1]: hook: a command begins with the absolu": {Name: "chat", Command: []string{"set-password"}},
	} {
		err := c.openDependents([]config.Dependent{{Name: "app", Command: []string{"/bin/true"}}, wrong}, wrappingStore{})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	err = c.openDependents([]config.Dependent{{Name: "deploy", URL: "https://deploy.example.org/"}}, struct{ secretStore }{})
	if want := "dependents[0]: the secret store makes no one-time tokens"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
