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
	"github.com/tandem-custody/tandem/custody"
)

func emergencyVerbs(c *cli) *cobra.Command {
	return family("emergency", "Passwords whose holder cannot be reached",
		emergencyRequestVerb(c), emergencyListVerb(c), emergencyShowVerb(c), emergencyApproveVerb(c), emergencyVetoVerb(c, "reject"), emergencyVetoVerb(c, "veto"),
		emergencyWithdrawVerb(c), emergencyEndVerb(c), emergencyReviewVerb(c))
}

func emergencyRequestVerb(c *cli) *cobra.Command {
	var in api.RequestEmergency
	verb := &cobra.Command{
		Use: "request (NAME... | --holder PERSON) --reason TEXT", Short: "Ask for passwords whose holder cannot be reached",
		Args: func(_ *cobra.Command, args []string) error {
			if (len(args) == 0) == (in.Person == "") {
				return usageError{fmt.Errorf("name credentials, or give --holder and none")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Credentials = args
			return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
				in.TOTP = code
				e, err := server.RequestEmergency(ctx, in)
				if err != nil {
					return err
				}
				return c.showEmergency(e)
			})
		},
	}
	verb.Flags().StringVar(&in.Person, "holder", "", "ask for all that this person holds")
	verb.Flags().StringVar(&in.For, "for", "", "somebody who gets it instead of you, by a manager or a director")
	verb.Flags().StringVar(&in.Reason, "reason", "", "why now, and how you tried to reach the holder")
	_ = verb.MarkFlagRequired("reason")
	return verb
}

func emergencyListVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{Use: "list", Short: "List emergencies, the newest first", Args: cobra.NoArgs}
	open := verb.Flags().Bool("open", false, "only those that wait, last, or are to be reviewed")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		server, err := c.connect()
		if err != nil {
			return err
		}
		all, err := server.Emergencies(cmd.Context(), *open)
		if err != nil {
			return err
		}
		var rows [][]string
		for _, e := range all {
			rows = append(rows, []string{e.ID, strings.Join(e.Credentials, ", "), e.For, string(e.Status), moment(e.AskedAt), emergencyNext(e)})
		}
		return c.show(all, []string{"ID", "CREDENTIALS", "FOR", "STATUS", "ASKED", "NEXT"}, rows...)
	}
	return verb
}

func emergencyShowVerb(c *cli) *cobra.Command {
	return showVerb(c, "show ID", "Show who was told, who can approve it, and what happens next", (*client.Client).Emergency, c.showEmergency)
}

// changesEmergency is what the verbs with a code have in common.
func changesEmergency(c *cli, verb *cobra.Command, change func(context.Context, *client.Client, string, api.Secret) (api.Emergency, error)) *cobra.Command {
	verb.Args = cobra.ExactArgs(1)
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
			e, err := change(ctx, server, args[0], code)
			if err != nil {
				return err
			}
			return c.showEmergency(e)
		})
	}
	return verb
}

func emergencyApproveVerb(c *cli) *cobra.Command {
	verb := changesEmergency(c, &cobra.Command{Use: "approve ID", Short: "Say yes; the last yes that it needs grants it"},
		func(ctx context.Context, server *client.Client, id string, code api.Secret) (api.Emergency, error) {
			return server.ApproveEmergency(ctx, id, code)
		})
	approve := verb.RunE
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		server, err := c.connect()
		if err != nil {
			return err
		}
		e, err := server.Emergency(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		c.noteBeside(e.ID, e.Beside)
		return approve(cmd, args)
	}
	return verb
}

func emergencyVetoVerb(c *cli, name string) *cobra.Command {
	verb := &cobra.Command{Use: name + " ID", Short: "Stop one that waits, which is final: by a custodian or whoever could approve it"}
	reason := verb.Flags().String("reason", "", "why")
	return changesEmergency(c, verb, func(ctx context.Context, server *client.Client, id string, code api.Secret) (api.Emergency, error) {
		return server.Veto(ctx, id, api.Veto{Reason: *reason, TOTP: code})
	})
}

func emergencyWithdrawVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "withdraw ID", Short: "Take back what you asked for, while it waits", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.act(cmd.Context(), func(ctx context.Context, server *client.Client) error {
				e, err := server.WithdrawEmergency(ctx, args[0])
				if err != nil {
					return err
				}
				return c.showEmergency(e)
			})
		},
	}
}

func emergencyEndVerb(c *cli) *cobra.Command {
	return changesEmergency(c, &cobra.Command{Use: "end ID", Short: "Give back what you have; the password is changed"},
		func(ctx context.Context, server *client.Client, id string, code api.Secret) (api.Emergency, error) {
			return server.EndEmergency(ctx, id, code)
		})
}

func emergencyReviewVerb(c *cli) *cobra.Command {
	var in api.ReviewEmergency
	verb := &cobra.Command{Use: "review ID --verdict justified|unjustified --text TEXT", Short: "Say afterwards what you found, as somebody who had no part in it"}
	verb.Flags().StringVar((*string)(&in.Verdict), "verdict", "", "justified or unjustified")
	verb.Flags().StringVar(&in.Text, "text", "", "what you found")
	_ = verb.MarkFlagRequired("verdict")
	_ = verb.MarkFlagRequired("text")
	return changesEmergency(c, verb, func(ctx context.Context, server *client.Client, id string, code api.Secret) (api.Emergency, error) {
		in.TOTP = code
		return server.ReviewEmergency(ctx, id, in)
	})
}

// emergencyNext says what happens to an emergency next, and when.
func emergencyNext(e api.Emergency) string {
	switch e.Status {
	case custody.EmergencyPending:
		if !e.SilenceAt.IsZero() {
			return "granted " + moment(e.SilenceAt) + " if nobody answers"
		}
		return "lapses " + moment(e.ExpiresAt) + " unless it is approved"
	case custody.EmergencyOn:
		if e.UsedAt.IsZero() {
			return "lapses " + moment(e.UseBy) + " unless it is used"
		}
		return "ends " + moment(e.Until) + " at the latest"
	case custody.EmergencyOver:
		return "review by " + moment(e.ReviewBy)
	}
	return ""
}

// showEmergency writes one with everything about it.
func (c *cli) showEmergency(e api.Emergency) error {
	if c.output == asJSON {
		return c.showJSON(e)
	}
	rows := [][]string{{"id", e.ID}, {"status", string(e.Status)}, {"for", e.For}, {"asked for by", e.Requester}, {"cannot be reached", strings.Join(e.Absent, ", ")}, {"reason", e.Reason}}
	for _, i := range e.Items {
		rows = append(rows, []string{i.Credential, fmt.Sprintf("%s, held by %s", i.Phase, cmp.Or(i.Holder, "nobody"))})
	}
	for _, a := range e.Approvals {
		rows = append(rows, []string{"approved", fmt.Sprintf("by %s, %s%s", a.Person, moment(a.At), sameDevice(a))})
	}
	for _, level := range slices.Sorted(maps.Keys(e.Can)) {
		rows = append(rows, []string{"still needs", strings.Join(e.Can[level], ", ")})
	}
	for _, p := range e.Paged {
		rows = append(rows, []string{"told", fmt.Sprintf("%s by %s, %s", p.Person, p.Channel, moment(p.At))})
	}
	if e.Status == custody.EmergencyPending && e.SilenceAt.IsZero() {
		rows = append(rows, []string{"silence", emergencySilence(e)})
	}
	if next := emergencyNext(e); next != "" {
		rows = append(rows, []string{"next", next})
	}
	if len(e.Reviewers) > 0 {
		rows = append(rows, []string{"can review it", strings.Join(e.Reviewers, ", ")})
	}
	if e.Reviewer != "" {
		rows = append(rows, []string{"reviewed", fmt.Sprintf("%s, by %s: %s", e.Verdict, e.Reviewer, e.Review)})
	}
	return c.show(e, []string{"EMERGENCY", ""}, rows...)
}

func emergencySilence(e api.Emergency) string {
	if e.MaySilence {
		return "has not begun: the holder and an approver have to be reached by two channels each"
	}
	return "grants nothing here: somebody has to say yes"
}
