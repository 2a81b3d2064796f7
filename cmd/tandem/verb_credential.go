package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/words"
)

func credentialVerbs(c *cli) *cobra.Command {
	return family("credential", "Accounts on servers, and who holds them",
		credentialListVerb(c), credentialShowVerb(c), credentialExposureVerb(c), credentialAddVerb(c), credentialKindsVerb(c),
		credentialPolicyVerb(c), credentialRotateVerb(c), credentialSetVerb(c), showAgainVerb(c), credentialCustodiansVerb(c), credentialTakeVerb(c), credentialParkVerb(c),
		credentialRetargetVerb(c), credentialTargetVerb(c), credentialConfirmTargetVerb(c),
		confirmedReasonVerb(c, "reconcile NAME --reason TEXT", "Set a lost password through the target's second account", (*client.Client).Reconcile, true),
		confirmedReasonVerb(c, "pause NAME --reason TEXT", "Stop the attempts at changing a password; one that is under way ends first", (*client.Client).PauseRotation, false),
		credentialResumeVerb(c),
		confirmedReasonVerb(c, "cancel NAME --reason TEXT", "Call off a change of the password that has surely not reached the target", (*client.Client).CancelRotation, false),
		proposedEndVerb(c, "retire NAME --reason TEXT", "Propose to end custody of an account; a manager and a director approve", (*client.Client).Retire),
		proposedEndVerb(c, "abandon NAME --reason TEXT", "Propose to end custody of an account whose password cannot be changed and is not known", (*client.Client).Abandon))
}

func credentialListVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List all credentials and who holds them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := c.connect()
			if err != nil {
				return err
			}
			list, err := server.Credentials(cmd.Context())
			if err != nil {
				return err
			}
			return c.showCredentials(list, list...)
		},
	}
}

func credentialShowVerb(c *cli) *cobra.Command {
	var history bool
	verb := &cobra.Command{Use: "show NAME", Short: "Show one credential, or its history", Args: cobra.ExactArgs(1)}
	verb.Flags().BoolVar(&history, "history", false, "show the ledger's entries about it instead, the newest first")
	part := addPart(verb, 100)
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		server, err := c.connect()
		if err != nil {
			return err
		}
		if history {
			return c.showPart(part, server.EachOfHistory(cmd.Context(), args[0], part.query(desk.EntryQuery{})))
		}
		credential, err := server.Credential(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return c.showCredentials(credential, credential)
	}
	return verb
}

func credentialAddVerb(c *cli) *cobra.Command {
	return newCredentialVerb(c, &cobra.Command{
		Use:   "add NAME --address HOST:PORT --account ACCOUNT --primary PERSON --backup PERSON --reason TEXT",
		Short: "Propose to put an account under custody; once a manager and a director have approved it, its password is changed",
	}, func(ctx context.Context, server *client.Client, name string, in api.AddCredential) (api.Proposal, error) {
		in.Name = name
		return server.AddCredential(ctx, in)
	})
}

// newCredentialVerb takes what is said of an account that comes under custody.
func newCredentialVerb(c *cli, verb *cobra.Command, ask func(context.Context, *client.Client, string, api.AddCredential) (api.Proposal, error)) *cobra.Command {
	var in api.AddCredential
	var files secretFiles
	var policy policyFlags
	verb.Args = cobra.ExactArgs(1)
	flags := verb.Flags()
	flags.StringVar(&in.Target.Kind, "kind", "ssh", "the connector: tandem credential kinds says which there are and what each needs")
	flags.StringVar(&in.Target.Address, "address", "", "where it is: HOST:PORT, or what the kind has")
	flags.StringVar(&in.Target.Account, "account", "", "whose password it is")
	in.Target.Settings = map[string]string{}
	flags.Var(settingFlag(in.Target.Settings), "set", "KEY=VALUE, what the connector needs besides; once for each")
	flags.StringVar(&in.Primary, "primary", "", "custodian A")
	flags.StringVar(&in.Backup, "backup", "", "custodian B")
	flags.StringVar(&files.password, "password-file", "", "file with the password that opens it now")
	flags.StringVar(&files.key, "admin-key-file", "", "file with what administers the target: a private key (PEM) or a password, as the kind has it")
	policy.add(flags, api.Policy{})
	flags.StringVar(&in.Reason, "reason", "", "why")
	for _, name := range []string{"address", "account", "primary", "backup", "reason"} {
		_ = verb.MarkFlagRequired(name)
	}
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		in.Policy = policy.policy()
		if err := files.read(&in.Secret, &in.AdminKey); err != nil {
			return err
		}
		return c.proposed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) (api.Proposal, error) {
			in.TOTP = code
			return ask(ctx, server, args[0], in)
		})
	}
	return verb
}

// proposedEndVerb proposes that custody of an account ends.
func proposedEndVerb(c *cli, use, short string, ask func(*client.Client, context.Context, string, api.ConfirmedReason) (api.Proposal, error)) *cobra.Command {
	var in api.ConfirmedReason
	return c.proposes(&cobra.Command{Use: use, Short: short}, &in.Reason,
		func(ctx context.Context, server *client.Client, args []string, code api.Secret) (api.Proposal, error) {
			in.TOTP = code
			return ask(server, ctx, args[0], in)
		})
}

// settingFlag is a flag that takes a setting at a time. All behind the first equals
// sign is the value, as a program printed it: commas, quotes, more lines.
type settingFlag map[string]string

// Set implements pflag.Value.
func (f settingFlag) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	if name = strings.TrimSpace(name); !found || name == "" {
		return errors.New("a setting is written KEY=VALUE")
	}
	if _, twice := f[name]; twice {
		return fmt.Errorf("%s is set twice", name)
	}
	f[name] = value
	return nil
}

// String implements pflag.Value.
func (f settingFlag) String() string { return "" }

// Type implements pflag.Value.
func (f settingFlag) Type() string { return "KEY=VALUE" }

// confirmedReasonVerb is a verb with a reason and a code. waits: it starts a
// rotation that can be waited for.
func confirmedReasonVerb(c *cli, use, short string,
	command func(*client.Client, context.Context, string, api.ConfirmedReason) (api.Credential, error), waits bool,
) *cobra.Command {
	var reason string
	var patience waiting
	verb := &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(1)}
	verb.Flags().StringVar(&reason, "reason", "", "why")
	_ = verb.MarkFlagRequired("reason")
	if waits {
		patience.addFlags(verb)
	}
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		return c.changeCredential(cmd.Context(), patience, args[0], func(ctx context.Context, server *client.Client, code api.Secret) (api.Credential, error) {
			return command(server, ctx, args[0], api.ConfirmedReason{Reason: reason, TOTP: code})
		})
	}
	return verb
}

// changeCredential carries a confirmed command about a credential out, shows what became
// of it and, where that was asked for, waits for its new password.
func (c *cli) changeCredential(ctx context.Context, patience waiting, name string,
	change func(context.Context, *client.Client, api.Secret) (api.Credential, error),
) error {
	err := c.confirmed(ctx, func(ctx context.Context, server *client.Client, code api.Secret) error {
		credential, err := change(ctx, server, code)
		if err != nil {
			return err
		}
		return c.showCredentials(credential, credential)
	})
	if err != nil {
		return err
	}
	return c.waitHeld(ctx, patience, name)
}

func credentialResumeVerb(c *cli) *cobra.Command {
	var patience waiting
	verb := &cobra.Command{Use: "resume NAME", Short: "Let a paused change of the password go on at once", Args: cobra.ExactArgs(1)}
	patience.addFlags(verb)
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		return c.changeCredential(cmd.Context(), patience, args[0], func(ctx context.Context, server *client.Client, code api.Secret) (api.Credential, error) {
			return server.ResumeRotation(ctx, args[0], code)
		})
	}
	return verb
}

// showCredentials writes an answer of the API that is about these credentials.
func (c *cli) showCredentials(answer any, list ...api.Credential) error {
	var rows [][]string
	for _, credential := range list {
		rows = append(rows, []string{
			credential.Name, credential.Target.Account + "@" + credential.Target.Address, phase(credential),
			cmp.Or(credential.Primary, "(vacant)"), cmp.Or(credential.Backup, "(vacant)"), strconv.FormatInt(credential.Version, 10),
			strings.Join(credential.Exposure, ", "), credential.Handover,
		})
	}
	if err := c.show(answer, []string{"NAME", "ACCOUNT", "CUSTODY", "A", "B", "VERSION", "KNOWN TO", "HANDOVER"}, rows...); err != nil || c.output == asJSON {
		return err
	}
	for _, credential := range list {
		if sub := credential.Stands; sub != nil {
			c.note("%s: %s", credential.Name, standsIn(*sub))
		}
		if !credential.UnconfirmedSince.IsZero() {
			c.note("%s: %s", credential.Name, unconfirmed(credential))
		}
		if r := credential.Rotation; r != nil && r.Failure != "" {
			c.note("%s: %s", credential.Name, failing(*r))
		}
	}
	if len(list) == 1 {
		if besides := remaining(list[0].Remaining); besides != "" {
			c.note("%s: %s", list[0].Name, besides)
		}
	}
	return nil
}

// standsIn says who has a seat until a date, and what became of that.
func standsIn(sub api.Substitute) string {
	if sub.Stays != "" {
		return fmt.Sprintf("%s was to have the seat of %s again at %s, and could not (%s): propose whose it is (tandem credential custodians).", sub.Original, sub.Person, moment(sub.Until), sub.Stays)
	}
	return fmt.Sprintf("%s stands in for %s until %s.", sub.Person, sub.Original, moment(sub.Until))
}

// remaining says what opens an account beside its password; "" where it listed no key.
func remaining(r api.Remaining) string {
	n := int64(len(r.Keys)) + r.More
	if n == 0 {
		return ""
	}
	said := fmt.Sprintf("opened by %d key(s) besides, which outlive its password: %s", n, strings.Join(r.Keys, " "))
	if r.More > 0 {
		said += fmt.Sprintf(" and %d more", r.More)
	}
	return said
}

// failing says what is in the way of a change, when it is tried again, and what to do.
func failing(r api.Rotation) string {
	voice := words.In(words.English)
	what, err := voice.Say("failure."+r.Failure, nil)
	if err != nil { // of a newer server
		what = r.Failure + "."
	}
	said := fmt.Sprintf("%d failed, the last: %s", r.Attempts, what)
	switch {
	case r.Paused:
		said += fmt.Sprintf(" Nothing is tried before somebody says so (tandem credential resume), and not before %s.", moment(r.NextTry))
	case r.ByHand && r.Step == custody.StepStaged:
		said += " Nothing is tried before it is said to be set (tandem credential set)."
	default:
		said += fmt.Sprintf(" Next try %s.", moment(r.NextTry))
	}
	remedy := "remedy." + r.Failure
	if r.ByHand && r.Failure == string(custody.NewRefused) {
		remedy = "remedy.by_hand"
	}
	if next, err := voice.Say(remedy, nil); err == nil {
		said += " " + next
	}
	return said
}

// phase says who holds a credential, or why nobody does.
func phase(credential api.Credential) string {
	switch {
	case credential.Lease != nil:
		return fmt.Sprintf("%s, out until %s", credential.Holder, moment(credential.Lease.ExpiresAt))
	case credential.Holder != "":
		return credential.Holder
	case credential.Rotation != nil:
		return fmt.Sprintf("rotating (%s, %s), then %s", credential.Rotation.Reason, credential.Rotation.Step, cmp.Or(credential.Successor, "parked"))
	}
	return string(credential.Phase)
}
