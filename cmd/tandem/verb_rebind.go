package main

import (
	"context"
	"crypto/rand"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/store"
	"github.com/tandem-custody/tandem/custody/totp"
)

func rebindVerb(c *cli) *cobra.Command {
	var by []string
	var reason string
	var fresh bool
	verb := &cobra.Command{
		Use:   "rebind [--reason TEXT (--by NAME --by NAME | --new-store)]",
		Short: "On the server's machine: go on with a secret store that was put back from before, or is a new one",
		Long: `For a server that says secrets_lost at /readyz. Stop it first. If the right secrets
are still somewhere, put them back instead: then nothing has to be rebound.

Alone it shows what of that on record is not in the secret store, and changes nothing.

A store that was put back from before goes on with two people whose log-ins are still
there, one of them a manager or a director, and a code of each of them. Everybody logs
in again. Whose log-in is lost has another approved (tandem person enrol). A password
that is lost is changed through the target's second account, or once somebody proposes
the one that the target has (tandem credential retarget).

In a new store, set up by tandem vault setup, there is nothing: nobody can confirm
anything, and nobody comes to a password by it. With --new-store the installation is
founded anew: give an administrator, a manager and a director another log-in, here, with
tandem recover; the two confirm who there is and the new key of the ledger (tandem
founding confirm). Have the ledger verified first, against a checkpoint that was kept.

Both are entered at grade special, and everybody is told. The codes are asked for on a
terminal; TANDEM_TOTP may have both, with a comma between them.`,
		Args: cobra.NoArgs,
	}
	load := configFlags(verb)
	verb.Flags().StringArrayVar(&by, "by", nil, "username of somebody who confirms it; twice")
	verb.Flags().StringVar(&reason, "reason", "", "why, for the ledger")
	verb.Flags().BoolVar(&fresh, "new-store", false, "the secret store is a new one: found the installation anew")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		said := strings.TrimSpace(reason) != ""
		switch {
		case fresh && len(by) > 0, len(by) != 0 && len(by) != 2, (fresh || len(by) > 0) != said:
			return usagef("give --reason, and --by twice or --new-store")
		}
		cfg, err := load()
		if err != nil {
			return err
		}
		return onStopped(cmd.Context(), cfg, func(on desk.Config, _ *store.Store) error {
			return c.rebind(cmd.Context(), on, by, reason, fresh)
		})
	}
	return verb
}

// rebound is the answer of rebind.
type rebound struct {
	NewStore    bool     `json:"new_store"`
	Size        int64    `json:"size"` // entries
	Root        string   `json:"root"`
	OldKey      string   `json:"old_ledger_key"` // what was kept of before is checked by it
	People      []string `json:"people,omitempty"`
	Credentials []string `json:"credentials,omitempty"`
	Rebound     bool     `json:"rebound"`
}

func (c *cli) rebind(ctx context.Context, on desk.Config, by []string, reason string, fresh bool) error {
	plan, err := desk.PlanRebinding(ctx, on)
	if err != nil {
		return err
	}
	answer := rebound{NewStore: plan.New, Size: plan.Size, Root: plan.Root.String(), People: plan.People, Credentials: plan.Credentials}
	if answer.OldKey, err = plan.LedgerKey(); err != nil {
		return err
	}
	if reason != "" {
		switch {
		case fresh && !plan.New:
			return usagef("the secret store is not new: it has what it had, from before, so that two people confirm it (--by)")
		case !fresh && plan.New:
			return usagef("there is nothing in the secret store by which anybody could confirm it: give --new-store, or put back what it had")
		}
		if err := confirmEach(c, by, func(name, code string) error { return plan.Confirm(ctx, name, code) }); err != nil {
			return err
		}
		if err := plan.CarryOut(ctx, reason, rand.Text()); err != nil {
			return err
		}
		answer.Rebound = true
		if plan.New {
			c.note("The installation is founded anew. Now, here: tandem recover for an administrator, a manager and a director, each with them beside you.")
		} else {
			c.note("Rebound. The server changes what is lost when it is started, as far as it can.")
		}
	}
	everything := func(lost []string) string {
		if plan.New {
			return "everything"
		}
		return strings.Join(lost, " ")
	}
	return c.show(answer, []string{"STORE", "ENTRIES", "ROOT", "LOG-INS LOST", "PASSWORDS LOST", "REBOUND"}, []string{
		map[bool]string{true: "new", false: "from before"}[plan.New], strconv.FormatInt(answer.Size, 10), answer.Root,
		everything(plan.People), everything(plan.Credentials), strconv.FormatBool(answer.Rebound),
	})
}

// confirmEach asks each of some people for a code, which confirm takes.
func confirmEach(c *cli, by []string, confirm func(name, code string) error) error {
	given := strings.Split(os.Getenv(codeVariable), ",")
	for i, name := range by {
		var code string
		switch {
		case len(given) == len(by):
			code = given[i]
		case isTerminal(c.in):
			var err error
			if code, err = c.ask("TOTP code of " + name); err != nil {
				return err
			}
		default:
			return usagef("the codes of both are needed: set %s to both with a comma between them, or run this on a terminal", codeVariable)
		}
		if err := confirm(desk.Username(name), totp.Typed(code)); err != nil {
			return err
		}
	}
	return nil
}
