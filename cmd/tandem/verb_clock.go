package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/store"
)

func clockVerbs(c *cli) *cobra.Command {
	return family("clock", "On the server's machine: say that its clock is right, or bring the ledger's time back",
		clockShowVerb(c), clockConfirmVerb(c), clockCorrectVerb(c))
}

// clockState is what tandem clock show prints.
type clockState struct {
	Clock   time.Time `json:"clock"`         // of this machine
	Last    time.Time `json:"last,omitzero"` // of the ledger's last entry
	Entries int64     `json:"entries"`       // in the ledger
	Next    string    `json:"next"`          // what to do, for a server that says clock_wrong
	behind  bool      // the clock, by more than time stands still for
}

func clockShowVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "show",
		Short: "Compare this machine's clock with the ledger's last entry",
		Args:  cobra.NoArgs,
	}
	configured(verb, func(cmd *cobra.Command, _ []string, cfg config.Config) error {
		state, err := clockAndLedger(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		return c.show(state, []string{"CLOCK", "LAST ENTRY", "NEXT"},
			[]string{state.Clock.Format(time.RFC3339), state.Last.Format(time.RFC3339), state.Next})
	})
	return verb
}

// clockAndLedger compares them, also beside a running server.
func clockAndLedger(ctx context.Context, cfg config.Config) (_ clockState, err error) {
	database, err := store.OpenReadOnly(ctx, cfg.DatabaseAddress(), newLog(cfg.Log))
	if err != nil {
		return clockState{}, err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	state := clockState{Clock: time.Now().UTC().Truncate(time.Millisecond)}
	if state.Entries, err = database.Size(ctx); err != nil || state.Entries == 0 {
		state.Next = "Nothing: the ledger is empty."
		return state, err
	}
	stored, err := database.Entry(ctx, state.Entries-1)
	if err != nil {
		return clockState{}, err
	}
	last, err := audit.DecodeEntry(stored.Record)
	if err != nil {
		return clockState{}, err
	}
	state.Last = last.Time
	state.Next = "Set the clock, if it is wrong. If it is right and /readyz says clock_wrong: tandem clock confirm."
	if state.Clock.Before(state.Last.Add(-custody.ClockSlack)) {
		state.behind = true
		state.Next = "Set the clock, if it is wrong. If it is right, the ledger was written with a clock that was ahead: tandem clock correct."
	}
	return state, nil
}

func clockConfirmVerb(c *cli) *cobra.Command {
	var reason string
	verb := &cobra.Command{
		Use:   "confirm --reason TEXT",
		Short: "Say that this machine's clock is right",
		Long: `A server decides nothing while its clock is wrong (/readyz: clock_wrong): also when
the installation was off for more than three days, or the clock was set while the
server ran. Look at the clock, set it if need be, and say with this that it is
right. It counts once, for the next hour, also beside a running server, which goes
on within a second.`,
		Args: cobra.NoArgs,
	}
	verb.Flags().StringVar(&reason, "reason", "", "how you know, for the log")
	_ = verb.MarkFlagRequired("reason")
	configured(verb, func(cmd *cobra.Command, _ []string, cfg config.Config) error {
		if err := custody.CheckText("reason", reason); err != nil {
			return err
		}
		state, err := clockAndLedger(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		if state.behind {
			return fmt.Errorf("the clock says %s and the last entry is of %s: to go on would date entries back. %s",
				state.Clock.Format(time.RFC3339), state.Last.Format(time.RFC3339), state.Next)
		}
		said := desk.ClockConfirmation{At: state.Clock, Size: state.Entries}
		err = changeDatabase(cmd.Context(), cfg, func(database *store.Store) error {
			return database.ConfirmClock(cmd.Context(), said)
		})
		if err != nil {
			return err
		}
		newLog(cfg.Log).Warn("the clock was said to be right", "by", operator(), "reason", reason, "at", said.At.Format(time.RFC3339))
		c.note("A server that runs goes on within a second; one that is started within the hour goes on at once.")
		return nil
	})
	return verb
}

func clockCorrectVerb(c *cli) *cobra.Command {
	var as string
	verb := &cobra.Command{
		Use:   "correct --as USERNAME",
		Short: "Bring the ledger's time back to this machine's clock, with a manager's or a director's code",
		Long: `For a ledger that was written while a clock was ahead: until that time comes
nothing is decided. First make sure that this machine's clock is right now. A
manager or a director then gives a code of theirs, here.

Leases, offers and deadlines that the wrong clock had dated end when the policy
would have them end from now on, and nobody's code is refused until then any more.
It is entered in the ledger at grade special (clock.corrected), and managers,
directors, admins and auditors are told by e-mail. With the embedded secret store,
stop the server first.`,
		Args: cobra.NoArgs,
	}
	verb.Flags().StringVar(&as, "as", "", "whose code it is: a manager or a director")
	_ = verb.MarkFlagRequired("as")
	configured(verb, func(cmd *cobra.Command, _ []string, cfg config.Config) error {
		code, err := c.code()
		if err != nil {
			return err
		}
		was, err := clockAndLedger(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		if err := correctClock(cmd.Context(), cfg, desk.Username(as), code); err != nil {
			return err
		}
		c.note("The ledger's time is %s again; it had been %s. This is entered as a special event, and people are told.",
			was.Clock.Format(time.RFC3339), was.Last.Format(time.RFC3339))
		return nil
	})
	return verb
}

func correctClock(ctx context.Context, cfg config.Config, username, code string) (err error) {
	p, err := openProgram(ctx, cfg, newLog(cfg.Log))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	_, err = p.desk.CorrectClock(ctx, desk.By{Actor: username, Request: rand.Text(), Code: code}, operator())
	return err
}
