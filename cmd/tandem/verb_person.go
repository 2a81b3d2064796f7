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
	return family("person", "The people with an account", personListVerb(c), personAddVerb(c), personEnrolVerb(c), personUnlockVerb(c), personEditVerb(c))
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
	case p.Enrolled:
		return "enrolled"
	}
	return "waits for the first log-in"
}

func personAddVerb(c *cli) *cobra.Command {
	var in api.AddPerson
	var roles []string
	verb := &cobra.Command{
		Use:   "add USERNAME --name NAME --roles ROLE,...",
		Short: "Open an account; prints its log-in, once",
		Args:  cobra.ExactArgs(1),
	}
	flags := verb.Flags()
	flags.StringVar(&in.Name, "name", "", "the person's name")
	flags.StringVar(&in.Email, "email", "", "where messages go")
	flags.StringSliceVar(&roles, "roles", nil, join(custody.Roles))
	flags.IntVar(&in.TOTPPeriod, "totp-period", 0, "seconds that a code lasts (0: 30)")
	_ = verb.MarkFlagRequired("name")
	_ = verb.MarkFlagRequired("roles")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		in.Username = args[0]
		for _, role := range roles {
			in.Roles = append(in.Roles, custody.Role(role))
		}
		return c.act(cmd.Context(), func(ctx context.Context, server *client.Client) error {
			login, err := server.AddPerson(ctx, in)
			if err != nil {
				return err
			}
			return c.showLogin(login)
		})
	}
	return verb
}

func personEnrolVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "enrol USERNAME",
		Short: "Give somebody a new password and TOTP seed, printed once",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.act(cmd.Context(), func(ctx context.Context, server *client.Client) error {
				login, err := server.Enrol(ctx, desk.Username(args[0]))
				if err != nil {
					return err
				}
				return c.showLogin(login)
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
	var email string
	verb := &cobra.Command{
		Use:   "edit USERNAME --email ADDRESS",
		Short: "Change an e-mail address: your own, or as an admin anybody's",
		Long: `Changes where Tandem's messages to a person go; "" is nowhere. The old and the
new address are both told, and it is entered in the ledger.`,
		Args: cobra.ExactArgs(1),
	}
	verb.Flags().StringVar(&email, "email", "", "where messages go")
	_ = verb.MarkFlagRequired("email")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
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
