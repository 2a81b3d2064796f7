package vault

import (
	"fmt"
	"regexp"

	"github.com/tandem-custody/tandem/custody/password"
)

// Names says what everything of Tandem's is called in Vault.
type Names struct {
	Mount          string // KV v2 engine, used by Tandem alone
	Transit        string // Transit engine, may be shared
	TransitKey     string // the ledger's signing key
	PasswordPolicy string // the general one; the one named NAME is behind it and a dash
	Policy         string // ACL policy of the role
	AppRole        string // auth method
	Role           string

	// LDAP and Database are where Vault's own engines of these kinds are mounted,
	// of which Tandem may rotate and read static roles; "" for none.
	LDAP     string `json:",omitempty"`
	Database string `json:",omitempty"`

	// Passwords are the named password policies, each with nothing that its
	// Check finds. Setup writes them.
	Passwords map[string]password.Policy `json:",omitempty"`
}

// DefaultNames is what Setup makes when nothing else is configured.
func DefaultNames() Names {
	return Names{
		Mount:          "tandem",
		Transit:        "transit",
		TransitKey:     "tandem-ledger",
		PasswordPolicy: "tandem",
		Policy:         "tandem",
		AppRole:        "approle",
		Role:           "tandem",
	}
}

// validName keeps names from meaning anything else in a path or a policy.
var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
var validMount = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*$`)

func (n Names) check() error {
	for _, field := range []struct {
		what, name string
		valid      *regexp.Regexp
	}{
		{"mount", n.Mount, validMount},
		{"transit mount", n.Transit, validMount},
		{"transit key", n.TransitKey, validName},
		{"password policy", n.PasswordPolicy, validName},
		{"policy", n.Policy, validName},
		{"approle mount", n.AppRole, validMount},
		{"role", n.Role, validName},
	} {
		if !field.valid.MatchString(field.name) {
			return fmt.Errorf("vault: %q cannot be the name of the %s", field.name, field.what)
		}
	}
	for _, mount := range []string{n.LDAP, n.Database} {
		if mount != "" && !validMount.MatchString(mount) {
			return fmt.Errorf("vault: %q cannot be the mount of an engine", mount)
		}
	}
	for name, policy := range n.Passwords {
		if !validName.MatchString(name) {
			return fmt.Errorf("vault: %q cannot be the name of a password policy", name)
		}
		if err := policy.Check(); err != nil {
			return fmt.Errorf("vault: password policy %s: %w", name, err)
		}
	}
	return nil
}

// readyPath is never written. Reading it tells an engine that is there from one that is not.
const readyPath = "ready"

func (n Names) data(path string) string     { return n.Mount + "/data/" + path }
func (n Names) metadata(path string) string { return n.Mount + "/metadata/" + path }
func (n Names) config() string              { return n.Mount + "/config" }
func (n Names) key() string                 { return n.Transit + "/keys/" + n.TransitKey }
func (n Names) sign() string                { return n.Transit + "/sign/" + n.TransitKey }
func (n Names) login() string               { return "auth/" + n.AppRole + "/login" }
func (n Names) role() string                { return "auth/" + n.AppRole + "/role/" + n.Role }
