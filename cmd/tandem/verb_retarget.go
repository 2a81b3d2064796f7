package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
)

func credentialRetargetVerb(c *cli) *cobra.Command {
	return newRetargetVerb(c, &cobra.Command{
		Use:   "retarget NAME [--address HOST:PORT] [--set KEY=VALUE] [--password-file FILE] [--admin-key-file FILE] --reason TEXT",
		Short: "Propose that an account is reached in another way, also while its password is being changed and cannot be",
		Long: `For a host that was renamed or has moved, has another host key, or was typed wrong, and
for a second account or a present password that is another than Tandem knows. What is
not named stays as it is, if you may know it. A manager and a director approve; the next
attempt goes by it. Where the password goes is confirmed first by whose it is
(tandem credential confirm-target): before, nothing is sent there.`,
	}, (*client.Client).Retarget)
}

// newRetargetVerb takes what is said of another way to an account.
func newRetargetVerb(c *cli, verb *cobra.Command, ask func(*client.Client, context.Context, string, api.Retarget) (api.Proposal, error)) *cobra.Command {
	var in api.Retarget
	var files secretFiles
	verb.Args = cobra.ExactArgs(1)
	flags := verb.Flags()
	flags.StringVar(&in.Address, "address", "", "where it is now: HOST:PORT, or what the kind has")
	in.Settings = map[string]string{}
	flags.Var(settingFlag(in.Settings), "set", "KEY=VALUE, in the place of the one that there is; KEY= takes it out; once for each")
	flags.StringVar(&files.password, "password-file", "", "file with the password that opens it now, which is then changed")
	flags.StringVar(&files.key, "admin-key-file", "", "file with what administers the target now")
	flags.StringVar(&in.Reason, "reason", "", "why")
	_ = verb.MarkFlagRequired("reason")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		if err := files.read(&in.Secret, &in.AdminKey); err != nil {
			return err
		}
		return c.proposed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) (api.Proposal, error) {
			in.TOTP = code
			return ask(server, ctx, args[0], in)
		})
	}
	return verb
}

func credentialTargetVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "target NAME", Short: "Show how an account is reached, and what its host is known by", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := c.connect()
			if err != nil {
				return err
			}
			shown, err := server.Target(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.showTarget(args[0], shown)
		},
	}
}

func (c *cli) showTarget(name string, t api.TargetShown) error {
	rows := [][]string{{name, "kind", t.Target.Kind}, {name, "address", t.Target.Address}, {name, "account", t.Target.Account}}
	for _, setting := range slices.Sorted(maps.Keys(t.Target.Settings)) {
		rows = append(rows, []string{name, setting, t.Target.Settings[setting]})
	}
	for _, fingerprint := range t.Fingerprints {
		rows = append(rows, []string{name, "fingerprint", fingerprint})
	}
	if err := c.show(t, []string{"NAME", "WHAT", "IS"}, rows...); err != nil || t.UnconfirmedSince.IsZero() || c.output == asJSON {
		return err
	}
	c.note("Nothing is sent there before it is confirmed (tandem credential confirm-target %s), by: %s.", name, strings.Join(t.ConfirmedBy, ", "))
	return nil
}

func credentialConfirmTargetVerb(c *cli) *cobra.Command {
	var compared string
	var patience waiting
	verb := &cobra.Command{
		Use:   "confirm-target NAME --fingerprint TEXT",
		Short: "Confirm that an account is where it is said to be now, by whose password goes there",
		Long: `Compare address and fingerprint with the server itself, not with who asked for it:
ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub on the host prints it. Whoever answers
there is given the password.`,
		Args: cobra.ExactArgs(1),
	}
	verb.Flags().StringVar(&compared, "fingerprint", "", "one that tandem credential target shows, as you found it on the server")
	patience.addFlags(verb)
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		server, err := c.connect()
		if err != nil {
			return err
		}
		shown, err := server.Target(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		c.note("%s is at %s.", args[0], shown.Target.Address)
		isOne := func(f string) bool { return compared != "" && slices.Contains(append(strings.Fields(f), f), compared) }
		if len(shown.Fingerprints) > 0 && !slices.ContainsFunc(shown.Fingerprints, isOne) {
			return fmt.Errorf("give --fingerprint, as the server itself has it; Tandem was told: %s", strings.Join(shown.Fingerprints, ", "))
		}
		return c.changeCredential(cmd.Context(), patience, args[0], func(ctx context.Context, server *client.Client, code api.Secret) (api.Credential, error) {
			return server.ConfirmTarget(ctx, args[0], api.ConfirmTarget{Target: shown.Number, TOTP: code})
		})
	}
	return verb
}

// unconfirmed says what waits for somebody.
func unconfirmed(credential api.Credential) string {
	who := cmp.Or(credential.Holder, credential.Successor, "a custodian who is there")
	return fmt.Sprintf("nothing is sent to where it is now before %s has confirmed it (tandem credential confirm-target).", who)
}
