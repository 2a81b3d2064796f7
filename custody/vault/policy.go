package vault

import (
	"fmt"
	"strings"

	"github.com/tandem-custody/tandem/custody/desk"
)

// rule is one path of the ACL policy and what Tandem does there.
type rule struct {
	path         string // + stands for one segment
	capabilities []string
	why          string
}

// rules is all that Tandem may do in Vault, and nothing more.
func (n Names) rules() []rule {
	var rules []rule
	for _, kind := range []struct{ path, what string }{
		{desk.CredentialPath("+"), "passwords"},
		{desk.StagedPath("+"), "passwords that a rotation has not proved yet"},
		{desk.SeedPath("+"), "TOTP seeds"},
		{desk.KeyPath("+"), "private keys for administering targets"},
		{desk.ThrottlePath, "the key under which failed log-ins are counted"},
	} {
		rules = append(rules,
			rule{n.data(kind.path), []string{"create", "read", "update"}, kind.what},
			rule{n.metadata(kind.path), []string{"read", "update", "delete"}, "labels of " + kind.what + "; removal of all versions"})
	}
	return append(rules,
		rule{n.data(readyPath), []string{"read"}, "is the engine there? (nothing is kept in it)"},
		rule{n.key(), []string{"read"}, "public key of the ledger"},
		rule{n.sign(), []string{"update"}, "signatures of the ledger"},
		rule{n.generate(), []string{"read"}, "new passwords"},
		rule{"auth/token/lookup-self", []string{"read"}, "is the token still good?"},
		rule{"auth/token/renew-self", []string{"update"}, "longer life of the token"},
		rule{"sys/capabilities-self", []string{"update"}, "tandem vault check"},
	)
}

// PolicyHCL is the ACL policy with the least rights that Tandem works with. The
// role is made without Vault's default policy, so this is all it has.
func PolicyHCL(n Names) string {
	var b strings.Builder
	b.WriteString("# All that Tandem may do in Vault. It cannot list anything, see other engines,\n" +
		"# or change its own key, role or policy.\n")
	for _, r := range n.rules() {
		fmt.Fprintf(&b, "\n# %s\npath %q {\n  capabilities = [\"%s\"]\n}\n", r.why, r.path, strings.Join(r.capabilities, `", "`))
	}
	return b.String()
}
