package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
)

func absenceVerbs(c *cli) *cobra.Command {
	return family("absence", "Plan to be away, and sign beforehand for what passes on then",
		absencePlanVerb(c), absenceListVerb(c), absenceMoveVerb(c), absenceCancelVerb(c), absenceSignVerb(c), absenceSwapVerb(c),
		absenceEndVerb(c), absenceCalendarVerb(c), absenceFeedVerb(c), absenceImportVerb(c))
}

// absenceTime is when an absence is, as it was typed.
type absenceTime struct {
	from, until, zone string
	allDay            bool
}

func (w *absenceTime) addFlags(verb *cobra.Command) {
	flags := verb.Flags()
	flags.StringVar(&w.from, "from", "", "when you go: "+timeForms)
	flags.StringVar(&w.until, "until", "", "when you are back; of whole days the last one")
	flags.StringVar(&w.zone, "zone", localZone(), "IANA name of the time zone that this is in")
	flags.BoolVar(&w.allDay, "all-day", false, "whole days, when --from and --until are dates")
	_ = verb.MarkFlagRequired("from")
	_ = verb.MarkFlagRequired("until")
}

// read gives both ends as a clock in the zone shows them. What is in that form already
// stays as it was typed: only the server knows which instants it means.
func (w absenceTime) read(now time.Time) (from, until string, err error) {
	zone, err := time.LoadLocation(w.zone)
	if err != nil || w.zone == "" {
		return "", "", usagef("%q is no time zone: write one such as Europe/Berlin", w.zone)
	}
	if from, err = w.end(w.from, now.In(zone)); err != nil {
		return "", "", err
	}
	until, err = w.end(w.until, now.In(zone))
	return from, until, err
}

const onTheWall = "2006-01-02T15:04"

func (w absenceTime) end(text string, now time.Time) (string, error) {
	form := onTheWall
	if w.allDay {
		form = time.DateOnly
	}
	if _, err := time.Parse(form, text); err == nil {
		return text, nil
	}
	t, is, err := readTime(text, now)
	switch {
	case err != nil:
		return "", err
	case w.allDay != (is == aDate):
		return "", usagef("%q: whole days are dates, with --all-day; anything else has a time", text)
	}
	return t.In(now.Location()).Format(form), nil
}

// localZone gives the IANA name of the machine's time zone, as far as it can be known.
func localZone() string {
	if name := os.Getenv("TZ"); name != "" {
		return strings.TrimPrefix(name, ":")
	}
	if file, err := filepath.EvalSymlinks("/etc/localtime"); err == nil {
		if _, name, found := strings.Cut(file, "zoneinfo/"); found {
			return name
		}
	}
	return "UTC"
}

func absencePlanVerb(c *cli) *cobra.Command {
	var w absenceTime
	var in api.PlanAbsence
	verb := &cobra.Command{
		Use:   "plan --from TIME --until TIME",
		Short: "Say that you will be away",
		Long: `Says that you will be away. With --sign you also sign that everything you hold
passes to the other custodians when it begins; each of them signs too, and then
it passes by itself, and you are marked away. Without that you are reminded a day
and two hours before, and custody stays with you until you hand it over.`,
		Example: `  tandem absence plan --from 2026-08-03 --until 2026-08-14 --all-day --sign --reason holiday
  tandem absence plan --from "tomorrow 9:00" --until "tomorrow 13:00"`,
		Args: cobra.NoArgs,
	}
	w.addFlags(verb)
	verb.Flags().StringVar(&in.Reason, "reason", "", "why, in a few words")
	verb.Flags().BoolVar(&in.Offer, "sign", false, "sign for what you hold as well")
	verb.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if in.From, in.Until, err = w.read(time.Now()); err != nil {
			return err
		}
		in.Zone, in.AllDay = w.zone, w.allDay
		return c.planAbsence(cmd.Context(), in)
	}
	return verb
}

// planAbsence asks for the code, plans an absence and shows what is planned.
func (c *cli) planAbsence(ctx context.Context, in api.PlanAbsence) error {
	return c.confirmed(ctx, func(ctx context.Context, server *client.Client, code api.Secret) error {
		in.TOTP = code
		planned, err := server.PlanAbsence(ctx, in)
		if err != nil {
			return err
		}
		return c.showPlanned(planned)
	})
}

func absenceMoveVerb(c *cli) *cobra.Command {
	var w absenceTime
	var in api.MoveAbsence
	verb := &cobra.Command{
		Use:   "move ID --from TIME --until TIME",
		Short: "Give a planned absence another time; what was signed for it counts no more",
		Args:  cobra.ExactArgs(1),
	}
	w.addFlags(verb)
	verb.Flags().BoolVar(&in.Offer, "sign", false, "sign anew for what you hold")
	verb.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if in.From, in.Until, err = w.read(time.Now()); err != nil {
			return err
		}
		in.Zone, in.AllDay = w.zone, w.allDay
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
			in.TOTP = code
			moved, err := server.MoveAbsence(ctx, args[0], in)
			if err != nil {
				return err
			}
			return c.showPlanned(moved)
		})
	}
	return verb
}

func absenceCancelVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "cancel ID",
		Short: "Call a planned absence off",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
				if err := server.CancelAbsence(ctx, args[0], code); err != nil {
					return err
				}
				c.note("%s is called off.", args[0])
				return nil
			})
		},
	}
}

func absenceSignVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "sign (ABSENCE | HANDOVER)",
		Short: "Sign for what passes on: of your own absence, or what somebody else will pass to you",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
				if strings.HasPrefix(args[0], "handover-") {
					h, err := server.SignHandover(ctx, args[0], code)
					if err != nil {
						return err
					}
					c.note("It passes to you by itself when the absence begins.")
					return c.showHandovers(h, h)
				}
				signed, err := server.SignAbsence(ctx, args[0], code)
				if err != nil {
					return err
				}
				return c.showPlanned(signed)
			})
		},
	}
}

func absenceSwapVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "swap ABSENCE PERSON THEIRS",
		Short: "Swap an absence of yours with somebody else's, once they ask for the same",
		Args:  cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
				swap, err := server.SwapAbsences(ctx, api.SwapAbsences{Absence: args[0], Person: args[1], With: args[2], TOTP: code})
				if err != nil {
					return err
				}
				if !swap.Swapped {
					c.note("%s agrees by: tandem absence swap %s %s %s", args[1], args[2], swap.Absence.Person, args[0])
				}
				return c.showAbsences(swap, swap.Absence)
			})
		},
	}
}

func absenceEndVerb(c *cli) *cobra.Command {
	var reason string
	verb := &cobra.Command{
		Use:   "end PERSON ABSENCE --reason TEXT",
		Short: "End somebody's plan that blocks a partner, by a manager; both are told",
		Args:  cobra.ExactArgs(2),
	}
	verb.Flags().StringVar(&reason, "reason", "", "why")
	_ = verb.MarkFlagRequired("reason")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
			if err := server.EndAbsence(ctx, args[0], args[1], reason, code); err != nil {
				return err
			}
			c.note("%s of %s is ended.", args[1], args[0])
			return nil
		})
	}
	return verb
}

func absenceListVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List your planned absences, and how far they are prepared",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := c.connect()
			if err != nil {
				return err
			}
			list, err := server.Absences(cmd.Context())
			if err != nil {
				return err
			}
			return c.showAbsences(list, list...)
		},
	}
}

func absenceCalendarVerb(c *cli) *cobra.Command {
	var from, until string
	verb := &cobra.Command{
		Use:   "calendar",
		Short: "Show who is away when, and when neither custodian of something is there",
		Args:  cobra.NoArgs,
	}
	verb.Flags().StringVar(&from, "from", "", "from when on; now when left out")
	verb.Flags().StringVar(&until, "until", "", "until when; two weeks later when left out")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		begin, err := parsePast(from, time.Now())
		if err != nil {
			return err
		}
		end, err := parseUntil(until, time.Now())
		if err != nil {
			return err
		}
		server, err := c.connect()
		if err != nil {
			return err
		}
		calendar, err := server.Calendar(cmd.Context(), begin, end)
		if err != nil {
			return err
		}
		var rows [][]string
		for _, a := range calendar.Absences {
			rows = append(rows, []string{"away", a.Person, moment(a.From), moment(a.Until), a.Absence})
		}
		for _, pair := range calendar.Pairs {
			for _, gap := range pair.Gaps {
				rows = append(rows, []string{"NOBODY", strings.Join(pair.Custodians, ", "), moment(gap.From), moment(gap.Until), strings.Join(pair.Credentials, ", ")})
			}
		}
		return c.show(calendar, []string{"WHAT", "WHO", "FROM", "UNTIL", "OF"}, rows...)
	}
	return verb
}

// showPlanned says what is still to be done.
func (c *cli) showPlanned(planned api.PlannedAbsence) error {
	for _, h := range planned.Handovers {
		c.note("%s signs too: tandem absence sign %s", h.To, h.ID)
	}
	if planned.Absence.Unsigned > 0 && len(planned.Handovers) == 0 {
		c.note("You hold %d that nobody has signed for: tandem absence sign %s", planned.Absence.Unsigned, planned.Absence.ID)
	}
	return c.showAbsences(planned, planned.Absence)
}

// showPlannedTogether shows several that were planned with one code.
func (c *cli) showPlannedTogether(planned []api.Absence) error {
	for _, a := range planned {
		for _, h := range a.Handovers {
			c.note("%s signs too: tandem absence sign %s", h.To, h.ID)
		}
		if a.Unsigned > 0 && len(a.Handovers) == 0 {
			c.note("You hold %d that nobody has signed for: tandem absence sign %s", a.Unsigned, a.ID)
		}
	}
	return c.showAbsences(planned, planned...)
}

// showAbsences writes an answer of the API that is about these absences.
func (c *cli) showAbsences(answer any, list ...api.Absence) error {
	var rows [][]string
	for _, a := range list {
		var waits []string
		for _, h := range a.Handovers {
			waits = append(waits, h.ID+" "+string(h.Status))
		}
		rows = append(rows, []string{
			a.ID, a.Status, a.Meant.From, a.Meant.Until, a.Meant.Zone, strconv.FormatInt(a.Unsigned, 10), strings.Join(waits, ", "), a.Reason,
		})
	}
	return c.show(answer, []string{"ID", "STATUS", "FROM", "UNTIL", "ZONE", "UNSIGNED", "HANDOVERS", "REASON"}, rows...)
}
