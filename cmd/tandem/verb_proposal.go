package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/words"
)

func proposalVerbs(c *cli) *cobra.Command {
	return family("proposal", "What others have to approve before it happens",
		proposalListVerb(c), proposalShowVerb(c), proposalReviseVerb(c), proposalApproveVerb(c), proposalRejectVerb(c), proposalWithdrawVerb(c))
}

func proposalListVerb(c *cli) *cobra.Command {
	var query desk.ProposalQuery
	verb := &cobra.Command{Use: "list", Short: "List proposals, the newest first", Args: cobra.NoArgs}
	flags := verb.Flags()
	forMe := flags.Bool("for-me", false, "only those that you can approve")
	flags.BoolVar(&query.Open, "open", false, "only those that wait")
	limit := flags.Int("limit", 50, "at most so many")
	flags.StringVar(&query.Before, "before", "", "only older ones than this ID")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		server, err := c.connect()
		if err != nil {
			return err
		}
		query.Limit = *limit + 1 // one more, to see whether that was all
		return showOlder(c, *limit, server.EachProposal(cmd.Context(), query, *forMe), c.showProposals, func(p api.Proposal) string { return p.ID })
	}
	return verb
}

func proposalShowVerb(c *cli) *cobra.Command {
	return showVerb(c, "show ID", "Show what a proposal changes, and who can approve it", (*client.Client).Proposal, c.showProposal)
}

// custodiansVerb proposes other custodians, or others than an open proposal did.
func custodiansVerb(c *cli, use, short string, ask func(*client.Client, context.Context, string, api.SetCustodians) (api.Proposal, error)) *cobra.Command {
	var in api.SetCustodians
	verb := c.proposes(&cobra.Command{Use: use, Short: short}, &in.Reason,
		func(ctx context.Context, server *client.Client, args []string, code api.Secret) (api.Proposal, error) {
			in.TOTP = code
			return ask(server, ctx, args[0], in)
		})
	verb.Flags().StringVar(&in.Primary, "primary", "", "custodian A")
	verb.Flags().StringVar(&in.Backup, "backup", "", "custodian B")
	until := verb.Flags().String("until", "", "whoever comes in stands in for whoever goes out, until "+timeForms+"; left out: for good")
	verb.PreRunE = func(*cobra.Command, []string) (err error) {
		in.Until, err = parseUntil(*until, time.Now())
		return err
	}
	for _, name := range []string{"primary", "backup"} {
		_ = verb.MarkFlagRequired(name)
	}
	return verb
}

func credentialCustodiansVerb(c *cli) *cobra.Command {
	return custodiansVerb(c, "custodians NAME --primary PERSON --backup PERSON [--until TIME] --reason TEXT",
		"Propose other custodians; a manager and a director approve", (*client.Client).ProposeCustodians)
}

// decisionVerb is what approving and rejecting have in common: what somebody looked at
// is what they decide about, so that the digest of what is shown is sent.
func decisionVerb(c *cli, verb *cobra.Command, decide func(context.Context, *client.Client, string, string, api.Secret) (api.Proposal, error)) *cobra.Command {
	digest := verb.Flags().String("digest", "", "of the revision that you looked at (without it: as it stands, which is shown first)")
	verb.Args = cobra.ExactArgs(1)
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		if *digest == "" {
			server, err := c.connect()
			if err != nil {
				return err
			}
			p, err := server.Proposal(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			for _, d := range p.Change {
				c.note("%s revision %d, %s of %s: %s -> %s", p.ID, p.Revision, label(d.Field), p.Subject, value(d.Field, d.Before), value(d.Field, d.After))
			}
			c.noteBeside(p.ID, p.Beside)
			*digest = p.Digest
		}
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
			p, err := decide(ctx, server, args[0], *digest, code)
			if err != nil {
				return err
			}
			return c.showProposal(p)
		})
	}
	return verb
}

func proposalApproveVerb(c *cli) *cobra.Command {
	return decisionVerb(c, &cobra.Command{Use: "approve ID", Short: "Say yes; the last yes makes it happen"},
		func(ctx context.Context, server *client.Client, id, digest string, code api.Secret) (api.Proposal, error) {
			return server.Approve(ctx, id, api.ApproveProposal{Digest: digest, TOTP: code})
		})
}

func proposalRejectVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{Use: "reject ID --reason TEXT", Short: "Say no, which is final"}
	reason := verb.Flags().String("reason", "", "why")
	_ = verb.MarkFlagRequired("reason")
	return decisionVerb(c, verb, func(ctx context.Context, server *client.Client, id, digest string, code api.Secret) (api.Proposal, error) {
		return server.Reject(ctx, id, api.RejectProposal{Digest: digest, Reason: *reason, TOTP: code})
	})
}

func proposalWithdrawVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "withdraw ID", Short: "Take a proposal of yours back", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.act(cmd.Context(), func(ctx context.Context, server *client.Client) error {
				p, err := server.Withdraw(ctx, args[0])
				if err != nil {
					return err
				}
				return c.showProposals(p, p)
			})
		},
	}
}

// approvers says at which levels an approval is missing, and who can give it.
func approvers(p api.Proposal) string {
	var levels []string
	for _, level := range slices.Sorted(maps.Keys(p.Can)) {
		levels = append(levels, fmt.Sprintf("%s (%s)", level, strings.Join(p.Can[level], ", ")))
	}
	return strings.Join(levels, ", ")
}

// showProposal writes one with what it changes.
func (c *cli) showProposal(p api.Proposal) error {
	if c.output == asJSON {
		return c.showJSON(p)
	}
	rows := [][]string{{"id", p.ID}, {"status", proposalStatus(p)}, {"asked for by", p.Requester}, {"reason", p.Reason}, {"revision", fmt.Sprint(p.Revision)}}
	for _, d := range p.Change {
		rows = append(rows, []string{p.Subject + ", " + label(d.Field), before(p, d) + " -> " + value(d.Field, d.After)})
	}
	for _, a := range p.Approvals {
		rows = append(rows, []string{"approved", fmt.Sprintf("by %s as %s, %s%s", inPlaceOf(a.Person, a.For), a.Level, moment(a.At), sameDevice(a))})
	}
	switch {
	case p.Status != custody.Open:
	case !p.Announced.IsZero():
		rows = append(rows, []string{"takes effect", moment(p.ExpiresAt) + ", unless somebody rejects it before"})
	default:
		rows = append(rows, []string{"still needs", approvers(p)}, []string{"expires", moment(p.ExpiresAt)})
	}
	if len(p.Beside) > 0 {
		rows = append(rows, []string{"mind", fmt.Sprintf("you are in the device of %s, who asked for it or approved it: an approval here is serious", strings.Join(p.Beside, ", "))})
	}
	for _, d := range p.Departing {
		rows = append(rows, []string{"mind", fmt.Sprintf("%s would get a seat, and leaves at %s", d.Person, moment(d.At))})
	}
	for _, w := range p.Warnings {
		rows = append(rows, []string{"warning", "once it happens, " + fewCan(w)})
	}
	if p.Release != "" {
		rows = append(rows, []string{"release code", fmt.Sprintf("%s (read it to %s yourself, face to face)", string(p.Release), p.Subject)})
	}
	rows = append(rows, []string{"digest", p.Digest})
	return c.show(p, []string{"PROPOSAL", ""}, rows...)
}

// noteBeside says, before somebody approves, who acted in the device in which they are.
func (c *cli) noteBeside(id string, others []string) {
	if len(others) > 0 {
		c.note("Mind: you are in the device in which %s asked for %s or approved it. To approve it here is a serious event.", strings.Join(others, ", "), id)
	}
}

// sameDevice says of an approval who else acted where it was given.
func sameDevice(a api.Approval) string {
	if len(a.SameDevice) == 0 {
		return ""
	}
	return ", in the device of " + strings.Join(a.SameDevice, ", ")
}

// before says how it is now, which of a proposal that is over is not known any more.
func before(p api.Proposal, d api.Difference) string {
	switch {
	case p.Status != custody.Open:
		return "(was something else)"
	case d.Before == d.After:
		return "as it is"
	}
	return value(d.Field, d.Before)
}

// label is what a field is called, and value how people read what is in it. What only a
// newer server knows stands as it came.
func label(field string) string {
	if said, has := words.In(words.English).Label(field); has {
		return said
	}
	return field
}

func value(field, of string) string {
	if said, err := words.In(words.English).Value(field, of); err == nil {
		return said
	}
	return of
}

func proposalStatus(p api.Proposal) string {
	switch {
	case p.Failure != "":
		return fmt.Sprintf("%s (%s)", p.Status, p.Failure)
	case p.EndedBy != "":
		return fmt.Sprintf("%s by %s", p.Status, p.EndedBy)
	}
	return string(p.Status)
}

// showProposals writes an answer of the API that is about these proposals.
func (c *cli) showProposals(answer any, list ...api.Proposal) error {
	var rows [][]string
	for _, p := range list {
		rows = append(rows, []string{p.ID, p.Kind, p.Subject, p.Requester, proposalStatus(p), approvers(p), moment(p.ExpiresAt), p.Reason})
	}
	return c.show(answer, []string{"ID", "KIND", "ABOUT", "ASKED FOR BY", "STATUS", "STILL NEEDS", "EXPIRES", "REASON"}, rows...)
}
