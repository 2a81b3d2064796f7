package main

import (
	"cmp"
	"context"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/ical"
	"github.com/tandem-custody/tandem/custody/words"
)

func absenceFeedVerb(c *cli) *cobra.Command {
	var closes bool
	verb := &cobra.Command{
		Use:   "feed",
		Short: "Get an address at which a calendar program reads who is away",
		Long: `Prints an address for your calendar program: when you are away, and everybody with
whom you share a credential; managers, directors, auditors and admins read
everybody. It has names and times, no reason and no server.

Whoever has the address reads it without a log-in, until you close it or get
another, which closes the one before.`,
		Args: cobra.NoArgs,
	}
	verb.Flags().BoolVar(&closes, "close", false, "make the address worth nothing")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		if closes {
			server, err := c.connect()
			if err != nil {
				return err
			}
			if err := server.CloseFeed(cmd.Context()); err != nil {
				return err
			}
			c.note("The feed is closed.")
			return nil
		}
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
			feed, err := server.OpenFeed(ctx, code)
			if err != nil {
				return err
			}
			c.note("It is shown this once.")
			return c.show(feed, []string{"URL"}, []string{string(feed.URL)})
		})
	}
	return verb
}

func absenceImportVerb(c *cli) *cobra.Command {
	var numbers []int
	var zone, reason string
	var sign bool
	verb := &cobra.Command{
		Use:   "import FILE.ics [--plan N,N]",
		Short: "Read a calendar's file, and plan events of it as absences",
		Long: `Reads a file that a calendar has exported (Outlook, Exchange, Google, Apple) and
lists what of it lies ahead, for you to say which are absences; with --plan those
with these numbers are planned, all of them or none, with one code. The file stays
here. What cannot be read is named, and why.`,
		Example: `  tandem absence import holidays.ics
  tandem absence import holidays.ics --plan 2,3 --sign --reason holiday`,
		Args: cobra.ExactArgs(1),
	}
	flags := verb.Flags()
	flags.IntSliceVar(&numbers, "plan", nil, "plan those with these numbers")
	flags.StringVar(&zone, "zone", localZone(), "IANA name of the time zone of what has none, and of whole days")
	flags.StringVar(&reason, "reason", "", "why, in a few words; the title stays in the file")
	flags.BoolVar(&sign, "sign", false, "sign for what you hold as well")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		home, err := time.LoadLocation(cmp.Or(zone, "?"))
		if err != nil {
			return usagef("%q is no time zone: write one such as Europe/Berlin", zone)
		}
		events, skipped, err := readCalendar(cmd.Context(), args[0], home)
		if err != nil {
			return err
		}
		if len(numbers) == 0 {
			return c.showEvents(events, skipped)
		}
		in := api.PlanAbsences{Reason: reason, Offer: sign}
		for _, n := range numbers {
			if n < 1 || n > len(events) {
				return usagef("there is no number %d: the file has %d events that lie ahead", n, len(events))
			}
			one := api.FromCalendar(events[n-1])
			in.Absences = append(in.Absences, api.AbsenceTime{From: one.From, Until: one.Until, Zone: one.Zone, AllDay: one.AllDay})
		}
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
			in.TOTP = code
			planned, err := server.PlanAbsences(ctx, in)
			if err != nil {
				return err
			}
			return c.showPlannedTogether(planned)
		})
	}
	return verb
}

// readCalendar reads what of a file lies ahead, as far as one can plan.
func readCalendar(ctx context.Context, name string, home *time.Location) ([]ical.Event, []ical.Skipped, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	now := time.Now()
	return ical.Read(ctx, file, ical.Window{From: now, Until: now.AddDate(2, 0, 0), Home: home})
}

// showEvents lists what a file has, and says what of it is left out.
func (c *cli) showEvents(events []ical.Event, skipped []ical.Skipped) error {
	english := words.In(words.English)
	for _, s := range skipped {
		why, err := english.Say("calendar_skipped."+string(s.Why), nil)
		if err != nil {
			return err
		}
		c.note("Left out: %s: %s.", cmp.Or(s.Title, s.UID, "an event without a title"), why)
	}
	var rows [][]string
	for i, e := range events {
		away := ""
		if e.Away {
			away = "out of office"
		}
		p := api.FromCalendar(e)
		rows = append(rows, []string{strconv.Itoa(i + 1), p.From, p.Until, p.Zone, away, e.Title})
	}
	return c.show(events, []string{"N", "FROM", "UNTIL", "ZONE", "MARKED", "TITLE"}, rows...)
}
