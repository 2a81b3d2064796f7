package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	vaultapi "github.com/hashicorp/vault/api"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/vault"
)

func vaultVerbs(c *cli) *cobra.Command {
	return family("vault", "Prepare HashiCorp Vault for Tandem", vaultSetupVerb(c), vaultPolicyVerb(c), vaultCheckVerb(c), wrapKeyVerbs(c))
}

// vaultNameFlags lets a verb be told what things are called in Vault, by a
// configuration and by flags, which count more.
func vaultNameFlags(verb *cobra.Command) func() (vault.Names, error) {
	n := vault.DefaultNames()
	flags := verb.Flags()
	flags.StringVar(&n.Mount, "mount", n.Mount, "KV v2 engine, for Tandem alone")
	flags.StringVar(&n.Transit, "transit-mount", n.Transit, "Transit engine")
	flags.StringVar(&n.TransitKey, "transit-key", n.TransitKey, "the ledger's key")
	flags.StringVar(&n.PasswordPolicy, "password-policy", n.PasswordPolicy, "general password policy, and what others' names begin with")
	flags.StringVar(&n.Policy, "policy", n.Policy, "ACL policy of the role")
	flags.StringVar(&n.AppRole, "approle-mount", n.AppRole, "AppRole method")
	flags.StringVar(&n.Role, "role", n.Role, "role that Tandem logs in as")
	flags.StringVar(&n.LDAP, "ldap-mount", n.LDAP, "LDAP engine with static roles that Tandem has custody of (none: no right there)")
	flags.StringVar(&n.Database, "database-mount", n.Database, "database engine with such")
	file := flags.String("config", os.Getenv(configVariable), "YAML file with names and password policies, also "+configVariable)
	return func() (vault.Names, error) {
		if *file == "" {
			return n, nil
		}
		cfg, err := config.Load(config.Sources{File: *file, Environ: os.Environ()})
		if err != nil {
			return n, err
		}
		given := map[string]string{}
		flags.Visit(func(f *pflag.Flag) { given[f.Name] = f.Value.String() })
		if n, err = vaultNames(cfg); err != nil {
			return n, err
		}
		for name, value := range given {
			err = errors.Join(err, flags.Set(name, value))
		}
		return n, err
	}
}

// vaultLogin is how a person gets into Vault to prepare it. The names of the
// variables are Vault's own.
type vaultLogin struct {
	address, namespace, ca, tokenFile string
}

func (l *vaultLogin) addFlags(verb *cobra.Command) {
	flags := verb.Flags()
	flags.StringVar(&l.address, "vault-addr", os.Getenv("VAULT_ADDR"), "URL of Vault, also VAULT_ADDR")
	flags.StringVar(&l.namespace, "vault-namespace", os.Getenv("VAULT_NAMESPACE"), "namespace, also VAULT_NAMESPACE")
	flags.StringVar(&l.ca, "vault-ca", os.Getenv("VAULT_CACERT"), "PEM file of the authority, also VAULT_CACERT")
	flags.StringVar(&l.tokenFile, "vault-token-file", "", "file with a root token (else it is taken from VAULT_TOKEN)")
}

func (l *vaultLogin) client(n vault.Names) (*vaultapi.Client, error) {
	if l.address == "" {
		return nil, usagef("where is Vault? --vault-addr https://HOST:8200")
	}
	token := custody.SecretString(os.Getenv("VAULT_TOKEN"))
	if l.tokenFile != "" {
		var err error
		if token, err = secretFile(l.tokenFile); err != nil {
			return nil, err
		}
	}
	if token.IsZero() {
		return nil, usagef("a token that may set up Vault is needed: --vault-token-file, or VAULT_TOKEN")
	}
	client, err := vault.NewClient(vault.Config{Address: l.address, Namespace: l.namespace, CAFile: l.ca, Names: n})
	if err != nil {
		return nil, err
	}
	client.SetToken(token.Reveal())
	return client, nil
}

func vaultSetupVerb(c *cli) *cobra.Command {
	var login vaultLogin
	var roleIDFile, secretIDFile string
	verb := &cobra.Command{
		Use:   "setup",
		Short: "Make everything in Vault that Tandem needs; can be repeated",
		Long: `Makes the engines, the ledger's key, the policies and the role, with a root
token. What is there as it should be stays as it is. With --secret-id-file a new
secret_id is written there, if the file does not exist yet; one that is there and
does not log in at this Vault is not touched, and an error. Where a configuration
has password_policies, give it with --config each time: what it does not name,
Tandem gets no right to.`,
		Args: cobra.NoArgs,
	}
	told := vaultNameFlags(verb)
	login.addFlags(verb)
	verb.Flags().StringVar(&roleIDFile, "role-id-file", "", "write the role_id here")
	verb.Flags().StringVar(&secretIDFile, "secret-id-file", "", "write a new secret_id here")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		names, err := told()
		if err != nil {
			return err
		}
		client, err := login.client(names)
		if err != nil {
			return err
		}
		report, err := vault.Setup(cmd.Context(), client, names)
		for _, step := range report.Steps {
			did := "as it should be"
			if step.Changed {
				did = "made"
			}
			c.note("%-15s  %s", did, step.What)
		}
		if err != nil {
			return err
		}
		// The secret_id first: where the file is another Vault's, the role_id
		// beside it stays too.
		if secretIDFile != "" {
			if err := writeSecretID(cmd.Context(), client, names, secretIDFile); err != nil {
				return err
			}
		}
		if roleIDFile != "" {
			if err := writeDurably(roleIDFile, []byte(report.RoleID+"\n")); err != nil {
				return err
			}
		}
		return c.show(struct {
			RoleID string `json:"role_id"`
		}{report.RoleID}, []string{"ROLE_ID"}, []string{report.RoleID})
	}
	return verb
}

// writeSecretID writes a new secret_id, unless there is one that is good. One that
// is not may be good for another Vault, so it is left to a person to remove.
func writeSecretID(ctx context.Context, client *vaultapi.Client, n vault.Names, path string) error {
	switch kept, err := secretFile(path); {
	case err == nil:
		good, err := vault.LogsIn(ctx, client, n, custody.SecretString(strings.TrimSpace(kept.Reveal())))
		if err == nil && !good {
			err = fmt.Errorf("the secret_id in %s does not log in at this Vault as the role %s: if this is the right Vault, remove the file and run this again, which writes a new one", path, n.Role)
		}
		return err
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	id, err := vault.NewSecretID(ctx, client, n, 0)
	if err != nil {
		return err
	}
	return writeDurably(path, []byte(id.Reveal()+"\n"))
}

func vaultPolicyVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "policy",
		Short: "Print the ACL policy with the least rights, in HCL",
		Args:  cobra.NoArgs,
	}
	told := vaultNameFlags(verb)
	verb.RunE = func(*cobra.Command, []string) error {
		names, err := told()
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(c.out, vault.PolicyHCL(names))
		return err
	}
	return verb
}

// finding is a vault.Finding as JSON.
type finding struct {
	Path    string `json:"path"`
	Problem string `json:"problem"`
}

func vaultCheckVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "check",
		Short: "Log in as the server would, and say what is missing in Vault",
		Args:  cobra.NoArgs,
	}
	configured(verb, func(cmd *cobra.Command, _ []string, cfg config.Config) error {
		if cfg.Secrets != "vault" {
			return usagef("this configuration keeps its secrets without Vault")
		}
		settings, err := vaultConfig(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		store, err := vault.Open(cmd.Context(), settings)
		if err != nil {
			return err
		}
		defer store.Close()
		findings := []finding{}
		var rows [][]string
		for _, f := range store.Check(cmd.Context()) {
			findings = append(findings, finding(f))
			rows = append(rows, []string{f.Path, f.Problem})
		}
		if err := c.show(findings, []string{"IN VAULT", "PROBLEM"}, rows...); err != nil {
			return err
		}
		if len(findings) > 0 {
			return fmt.Errorf("%d things in Vault are not as Tandem needs them; tandem vault setup makes them so", len(findings))
		}
		c.note("Vault is as Tandem needs it.")
		return nil
	})
	return verb
}
