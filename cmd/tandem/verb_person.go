package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func personVerbs(c *cli) *cobra.Command {
	return family("person", "The people with an account", personListVerb(c), personShowVerb(c), personAddVerb(c), personRolesVerb(c), personEnrolVerb(c), personLinkVerb(c), personUnlockVerb(c), personEditVerb(c), personDisableVerb(c), personReinstateVerb(c), personLeavesVerb(c), personRefoundVerb(c), personStopRecoveryVerb(c), personDeputyVerb(c))
}

func personListVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List everybody",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := c.connect()
			if err != nil {
				return err
			}
			people, err := server.People(cmd.Context())
			if err != nil {
				return err
			}
			var rows [][]string
			for _, p := range people {
				rows = append(rows, []string{p.Username, p.Name, join(p.Roles), presence(p.Presence), enrolment(p)})
			}
			return c.show(people, []string{"USERNAME", "NAME", "ROLES", "PRESENCE", "LOG-IN"}, rows...)
		},
	}
}

func enrolment(p api.Person) string {
	switch {
	case time.Now().Before(p.LockedUntil):
		return "confirmations locked until " + moment(p.LockedUntil)
	case p.Disabled:
		return "disabled"
	case !p.AccessEnds.IsZero():
		return "ends " + moment(p.AccessEnds)
	case p.Enrolled:
		return "enrolled"
	case p.Admission:
		return "may set it up with a link"
	}
	return "waits for the first log-in"
}

func personShowVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "show USERNAME", Short: "Show one person", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := c.connect()
			if err != nil {
				return err
			}
			return c.showPerson(server.Person(cmd.Context(), desk.Username(args[0])))
		},
	}
}

// proposes is what verbs have in common that ask for what others have to approve.
func (c *cli) proposes(verb *cobra.Command, reason *string, ask func(context.Context, *client.Client, []string, api.Secret) (api.Proposal, error)) *cobra.Command {
	verb.Args = cobra.ExactArgs(1)
	verb.Flags().StringVar(reason, "reason", "", "why")
	_ = verb.MarkFlagRequired("reason")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		return c.proposed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) (api.Proposal, error) {
			return ask(ctx, server, args, code)
		})
	}
	return verb
}

// proposed asks for something with a code, and says who has to approve it.
func (c *cli) proposed(ctx context.Context, ask func(context.Context, *client.Client, api.Secret) (api.Proposal, error)) error {
	return c.confirmed(ctx, func(ctx context.Context, server *client.Client, code api.Secret) error {
		return c.showProposed(ask(ctx, server, code))
	})
}

// showProposed shows what was asked for, and who has to approve it.
func (c *cli) showProposed(p api.Proposal, err error) error {
	if err != nil {
		return err
	}
	if p.Status == custody.Open {
		c.note("It happens when it was approved by: %s.", approvers(p))
	}
	return c.showProposal(p)
}

func personAddVerb(c *cli) *cobra.Command {
	return newPersonVerb(c, &cobra.Command{
		Use:   "add USERNAME --name NAME --roles ROLE,... --reason TEXT",
		Short: "Propose that somebody gets an account",
		Long: `Others approve it. Then an administrator makes a link (tandem person link), and who
approved reads the person a release code (tandem proposal show): with both they set up
their own password and authenticator, which nobody else ever sees.`,
	}, func(ctx context.Context, server *client.Client, username string, in api.AddPerson) (api.Proposal, error) {
		in.Username = username
		return server.AddPerson(ctx, in)
	})
}

// newPersonVerb takes what is said of somebody who gets an account.
func newPersonVerb(c *cli, verb *cobra.Command, ask func(context.Context, *client.Client, string, api.AddPerson) (api.Proposal, error)) *cobra.Command {
	var in api.AddPerson
	var roles *[]string
	c.proposes(verb, &in.Reason, func(ctx context.Context, server *client.Client, args []string, code api.Secret) (api.Proposal, error) {
		in.Roles, in.TOTP = rolesOf(*roles), code
		return ask(ctx, server, args[0], in)
	})
	flags := verb.Flags()
	flags.StringVar(&in.Name, "name", "", "the person's name")
	flags.StringVar(&in.Email, "email", "", "where messages go")
	flags.IntVar(&in.TOTPPeriod, "totp-period", 0, "seconds that a code lasts (0: 30)")
	roles = rolesFlag(verb)
	_ = verb.MarkFlagRequired("name")
	return verb
}

func rolesFlag(verb *cobra.Command) *[]string {
	roles := verb.Flags().StringSlice("roles", nil, join(custody.Roles))
	_ = verb.MarkFlagRequired("roles")
	return roles
}

func rolesOf(names []string) (roles []custody.Role) {
	for _, name := range names {
		roles = append(roles, custody.Role(name))
	}
	return roles
}

func personRolesVerb(c *cli) *cobra.Command {
	return newRolesVerb(c, &cobra.Command{Use: "roles USERNAME --roles ROLE,... --reason TEXT", Short: "Propose other roles of somebody"},
		func(ctx context.Context, server *client.Client, username string, in api.SetRoles) (api.Proposal, error) {
			return server.SetRoles(ctx, desk.Username(username), in)
		})
}

func newRolesVerb(c *cli, verb *cobra.Command, ask func(context.Context, *client.Client, string, api.SetRoles) (api.Proposal, error)) *cobra.Command {
	var in api.SetRoles
	var roles *[]string
	c.proposes(verb, &in.Reason, func(ctx context.Context, server *client.Client, args []string, code api.Secret) (api.Proposal, error) {
		in.Roles, in.TOTP = rolesOf(*roles), code
		return ask(ctx, server, args[0], in)
	})
	roles = rolesFlag(verb)
	return verb
}

func personEnrolVerb(c *cli) *cobra.Command {
	var in api.ConfirmedReason
	return c.proposes(&cobra.Command{
		Use:   "enrol USERNAME --reason TEXT",
		Short: "Propose that somebody sets up their log-in anew",
		Long: `For a lost telephone, or a password that was forgotten. Once it is approved the old
log-in counts no more, and what the person holds passes to the other custodian, with a
new password. Then it goes on as with tandem person add.`,
	}, &in.Reason, func(ctx context.Context, server *client.Client, args []string, code api.Secret) (api.Proposal, error) {
		in.TOTP = code
		return server.Enrol(ctx, desk.Username(args[0]), in)
	})
}

func personLinkVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "link USERNAME",
		Short: "Make the link with which somebody who was approved sets up their log-in; printed once",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
				link, err := server.IssueLink(ctx, desk.Username(args[0]), code)
				if err != nil {
					return err
				}
				c.note("Give it to the person. It counts for a day, once, and only with the release code that an approver reads to them.")
				return c.show(link, []string{"LINK", "EXPIRES"}, []string{string(link.Link), moment(link.ExpiresAt)})
			})
		},
	}
}

func personUnlockVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "unlock USERNAME",
		Short: "Lift whatever keeps somebody from logging in or confirming",
		Long: `After too many wrong passwords or codes a person is locked out for a while: at
log-ins, and for whatever needs a code. This lifts both, by an admin or a manager
with a code. It is entered in the ledger, and the person is told.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, totp api.Secret) error {
				return c.showPerson(server.Unlock(ctx, desk.Username(args[0]), totp))
			})
		},
	}
}

func personEditVerb(c *cli) *cobra.Command {
	var email, reason string
	verb := &cobra.Command{
		Use:   "edit USERNAME --email ADDRESS [--reason TEXT]",
		Short: "Change your own e-mail address, or with a reason propose another's",
		Long: `Changes where Tandem's messages to a person go; "" is nowhere. The old and the
new address are both told, and it is entered in the ledger. Another's address a manager
approves: with --reason it is proposed.`,
		Args: cobra.ExactArgs(1),
	}
	verb.Flags().StringVar(&email, "email", "", "where messages go")
	verb.Flags().StringVar(&reason, "reason", "", "why; proposes it")
	_ = verb.MarkFlagRequired("email")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed("reason") {
			return c.proposed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) (api.Proposal, error) {
				return server.ProposeEmail(ctx, desk.Username(args[0]), api.ProposeEmail{Email: email, Reason: reason, TOTP: code})
			})
		}
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, totp api.Secret) error {
			return c.showPerson(server.EditPerson(ctx, desk.Username(args[0]), api.EditPerson{Email: &email, TOTP: totp}))
		})
	}
	return verb
}

func (c *cli) showPerson(p api.Person, err error) error {
	if err != nil {
		return err
	}
	return c.show(p, []string{"USERNAME", "NAME", "E-MAIL", "LOG-IN"}, []string{p.Username, p.Name, p.Email, enrolment(p)})
}

// showLogin writes a new log-in, which is what these verbs are asked for: it
// cannot be shown again.
func (c *cli) showLogin(login api.Login) error {
	c.note("Shown once. The account counts after the first log-in with a code.")
	return c.show(login, []string{"USERNAME", "PASSWORD", "OTPAUTH"},
		[]string{login.Person.Username, string(login.Password), string(login.OTPAuth)})
}

func join[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, word := range list {
		words[i] = string(word)
	}
	return strings.Join(words, ", ")
}
