package vault

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/vault/api"
)

// Finding is something in Vault that is not as Tandem needs it.
type Finding struct {
	Path    string // in Vault
	Problem string
}

func (f Finding) String() string { return f.Path + ": " + f.Problem }

// Check says what is missing in Vault, and which rights are too many, as seen
// with the client's token: that of Tandem's role. It changes nothing. No finding
// means that every operation of Tandem will work.
func Check(ctx context.Context, client *api.Client, n Names) []Finding {
	if err := n.check(); err != nil {
		return []Finding{{"names", err.Error()}}
	}
	findings, err := checkRights(ctx, client, n)
	if err != nil {
		return []Finding{{"sys/capabilities-self", explain(ctx, err).Error()}}
	}
	report := func(path, problem string) { findings = append(findings, Finding{path, problem}) }

	switch _, err := get(ctx, client, n.data(readyPath), nil); {
	case err == nil:
		report(n.data(readyPath), "something is kept there")
	case !notFound(explain(ctx, err)):
		report(n.Mount+"/", "the KV v2 engine does not answer: "+explain(ctx, err).Error())
	}
	key, err := get(ctx, client, n.key(), nil)
	switch problem := keyProblem(key); {
	case err != nil:
		report(n.key(), explain(ctx, err).Error())
	case problem != "":
		report(n.key(), "the key "+problem)
	case field(key, "deletion_allowed") != false:
		report(n.key(), "the key can be deleted")
	}
	return append(findings, checkPasswords(ctx, client, n)...)
}

// Check is the function of that name, for this store's log-in.
func (s *Store) Check(ctx context.Context) []Finding {
	st, err := s.session.now(ctx)
	if err != nil {
		return []Finding{{"log-in", err.Error()}}
	}
	ctx, cancel := context.WithTimeout(ctx, s.session.config.timeout())
	defer cancel()
	return Check(ctx, st.read, s.names)
}

// checkRights compares what the token may do with what Tandem does.
func checkRights(ctx context.Context, client *api.Client, n Names) ([]Finding, error) {
	// What an operator could grant by mistake, with the worst consequences.
	asked := n.rules()
	atMost := []rule{
		{path: n.key() + "/config"}, {path: n.key() + "/rotate"}, {path: n.role()}, {path: "sys/policies/acl/" + n.Policy}, {path: "sys/mounts"},
	}
	for _, name := range n.passwordPolicies() {
		atMost = append(atMost, rule{path: n.passwordPolicy(name), capabilities: []string{"read"}})
	}
	may, err := capabilities(ctx, client, slices.Concat(asked, atMost))
	if err != nil {
		return nil, err
	}
	if slices.Contains(may(rule{path: "sys/mounts"}), "root") {
		return []Finding{{"token", "is a root token: Tandem must not run with one"}}, nil
	}
	findings := lacking(asked, may)
	for _, r := range atMost {
		tooMuch := slices.DeleteFunc(may(r), func(c string) bool { return c == "deny" || slices.Contains(r.capabilities, c) })
		if len(tooMuch) > 0 {
			findings = append(findings, Finding{r.path, "the policy allows too much: " + strings.Join(tooMuch, ", ")})
		}
	}
	return findings, nil
}

// example makes a path of a rule's pattern.
func (r rule) example() string {
	return strings.NewReplacer("+", "tandem-check", "*", "tandem-check").Replace(r.path)
}

// capabilities asks Vault what the client's token may do at the paths of rules.
func capabilities(ctx context.Context, client *api.Client, rules []rule) (may func(rule) []string, err error) {
	var paths []string
	for _, r := range rules {
		paths = append(paths, r.example())
	}
	answer, err := put(ctx, client, "sys/capabilities-self", map[string]any{"paths": paths})
	if err != nil {
		return nil, err
	}
	return func(r rule) (capabilities []string) {
		list, _ := field(answer, r.example()).([]any)
		for _, c := range list {
			capabilities = append(capabilities, fmt.Sprint(c))
		}
		return capabilities
	}, nil
}

// lacking gives a finding for each rule that the token does not have in full. A
// root token has all.
func lacking(rules []rule, may func(rule) []string) []Finding {
	var findings []Finding
	for _, r := range rules {
		has := may(r)
		missing := slices.DeleteFunc(slices.Clone(r.capabilities), func(c string) bool { return slices.Contains(has, c) })
		if len(missing) > 0 && !slices.Contains(has, "root") {
			findings = append(findings, Finding{r.example(), "the policy does not allow " + strings.Join(missing, ", ")})
		}
	}
	return findings
}
