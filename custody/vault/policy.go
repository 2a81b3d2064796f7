package vault

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tandem-custody/tandem/custody/desk"
)

// rule is one path of the ACL policy and what Tandem does there.
type rule struct {
	path         string // + stands for one segment, * at the end for anything
	capabilities []string
	why          string
}

// rules is all that Tandem may do in Vault, and nothing more.
func (n Names) rules() []rule {
	var rules []rule
	for _, kind := range []struct{ path, what string }{
		{desk.CredentialPath("+"), "passwords"},
		{path.Dir(desk.StagedPath("x", 1)) + "/+", "passwords that a rotation has not proved yet"},
		{desk.HistoryPath("+"), "digests of the passwords that an account has had"},
		{desk.SeedPath("+"), "TOTP seeds"},
		{desk.AccountPath("+"), "hashes of log-in passwords and recovery codes"},
		{desk.KeyPath("+"), "private keys and passwords for administering targets"},
		{desk.ThrottlePath, "the key under which failed log-ins are counted"},
	} {
		rules = append(rules,
			rule{n.data(kind.path), []string{"create", "read", "update"}, kind.what},
			rule{n.metadata(kind.path), []string{"read", "update", "delete"}, "labels of " + kind.what + "; removal of all versions"})
	}
	for _, name := range n.passwordPolicies() {
		rules = append(rules,
			rule{n.generate(name), []string{"read"}, "new passwords"},
			rule{n.passwordPolicy(name), []string{"read"}, "do they keep the company's clause? (tandem vault check)"})
	}
	for _, engine := range []struct{ mount, read string }{{n.LDAP, "static-cred"}, {n.Database, "static-creds"}} {
		if engine.mount != "" {
			rules = append(rules,
				rule{engine.mount + "/rotate-role/*", []string{"update"}, "rotation of static roles"},
				rule{engine.mount + "/" + engine.read + "/*", []string{"read"}, "the passwords of static roles"})
		}
	}
	return append(rules,
		rule{n.data(desk.SentinelPath), []string{"create", "read", "update"}, "which installation the secrets belong to"},
		rule{n.data(desk.SealPath), []string{"create", "read"}, "the key that the ledger's batches are sealed with; once it is there, Tandem cannot replace it"},
		rule{n.data(desk.SealKeyPath("+")), []string{"create", "read"}, "those that the ledger says it is sealed with since; once one is there, Tandem cannot replace it"},
		rule{n.data(desk.IdentityPath), []string{"create", "read"}, "the salt with which the ledger tells accounts apart; once it is there, Tandem cannot replace it"},
		rule{n.data(desk.AnchorPath), []string{"create", "read", "update"}, "how far the ledger had come"},
		rule{n.data(desk.RelayPath), []string{"create", "read", "update"}, "the mail server in force, to tell people by it after it was changed"},
		rule{n.data(desk.ChannelPath("+")), []string{"create", "read", "update"}, "the channels in force, likewise"},
		rule{n.data(readyPath), []string{"read"}, "is the engine there? (nothing is kept in it)"},
		rule{n.key(), []string{"read"}, "public key of the ledger"},
		rule{n.sign(), []string{"update"}, "signatures of the ledger"},
		rule{wrapPath, []string{"update"}, "tokens with which a dependent gets its new password, once"},
		rule{"auth/token/lookup-self", []string{"read"}, "is the token still good?"},
		rule{"auth/token/renew-self", []string{"update"}, "longer life of the token"},
		rule{"sys/capabilities-self", []string{"update"}, "tandem vault check"},
	)
}

// atWork is rules without what tandem vault check alone needs.
func (n Names) atWork() []rule {
	policies := map[string]bool{}
	for _, name := range n.passwordPolicies() {
		policies[n.passwordPolicy(name)] = true
	}
	return slices.DeleteFunc(n.rules(), func(r rule) bool { return policies[r.path] })
}

// PolicyHCL is the ACL policy with the least rights that Tandem works with. The
// role is made without Vault's default policy, so this is all it has.
func PolicyHCL(n Names) string {
	var b strings.Builder
	b.WriteString("# All that Tandem may do in Vault. It cannot list anything, see engines not named here,\n" +
		"# or change its own key, role or policy.\n")
	for _, r := range n.rules() {
		fmt.Fprintf(&b, "\n# %s\npath %q {\n  capabilities = [\"%s\"]\n}\n", r.why, r.path, strings.Join(r.capabilities, `", "`))
	}
	return b.String()
}
