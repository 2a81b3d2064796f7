package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/certificate"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/words"
)

func offboardingVerbs(c *cli) *cobra.Command {
	return family("offboarding", "Who left or changed post, and what is to be done for that within a day",
		offboardingListVerb(c), offboardingShowVerb(c), offboardingSettleVerb(c), offboardingCertificateVerb(c))
}

func offboardingListVerb(c *cli) *cobra.Command {
	var open bool
	verb := &cobra.Command{Use: "list", Short: "List who left or changed post, first those for whom something is to be done", Args: cobra.NoArgs}
	verb.Flags().BoolVar(&open, "open", false, "only those for whom something is to be done")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		server, err := c.connect()
		if err != nil {
			return err
		}
		list, err := server.Offboardings(cmd.Context(), open)
		if err != nil {
			return err
		}
		var rows [][]string
		for _, o := range list {
			rows = append(rows, []string{o.Person, o.Name, offboardingStatus(o), fmt.Sprintf("%d/%d", o.Done, o.All), moment(o.Since), moment(o.Due), o.By})
		}
		return c.show(list, []string{"USERNAME", "NAME", "STATUS", "DONE", "LEFT", "DUE", "BY"}, rows...)
	}
	return verb
}

func offboardingStatus(o api.Offboarding) string {
	switch {
	case !o.Ended.IsZero():
		return "done " + moment(o.Ended)
	case o.Overdue:
		return "OVERDUE"
	}
	return "open"
}

func offboardingShowVerb(c *cli) *cobra.Command {
	return showVerb(c, "show USERNAME", "Show what is to be done for somebody who left", func(server *client.Client, ctx context.Context, username string) (api.Offboarding, error) {
		return server.Offboarding(ctx, desk.Username(username))
	}, func(o api.Offboarding) error { return c.showOffboarding(o, o) })
}

// showOffboarding writes an answer of the API that is about this leaving.
func (c *cli) showOffboarding(answer any, o api.Offboarding) error {
	if c.output == asTable {
		c.note("%s (%s): %s, %d of %d done. Left %s, due %s.", o.Person, o.Name, offboardingStatus(o), o.Done, o.All, moment(o.Since), moment(o.Due))
	}
	var rows [][]string
	for _, i := range o.Items {
		state := string(i.How)
		if i.Done.IsZero() {
			state = "changing, then " + cmp.Or(i.Holder, "parked")
			if i.Failure != "" {
				state += " (" + i.Failure + ")"
			}
		}
		rows = append(rows, []string{strconv.Itoa(i.Item), "password of " + i.Credential, state, "", moment(i.Done), entryOf(i.Index)})
	}
	for _, i := range o.Checklist {
		state := string(i.How)
		if i.Done.IsZero() {
			state = "to settle: " + join(i.Ways)
		}
		rows = append(rows, []string{strconv.Itoa(i.Item), itemName(i.Kind), state, i.By, moment(i.Done), entryOf(i.Index)})
	}
	return c.show(answer, []string{"N", "ITEM", "STATE", "BY", "DONE", "ENTRY"}, rows...)
}

// itemName says what is to be done.
func itemName(kind custody.ItemKind) string {
	said, err := words.In(words.English).Say("term.item."+string(kind), nil)
	if err != nil { // of a newer server
		return string(kind)
	}
	return said
}

func entryOf(index int64) string {
	if index == 0 {
		return ""
	}
	return strconv.FormatInt(index, 10)
}

func offboardingSettleVerb(c *cli) *cobra.Command {
	var in api.SettleItem
	var at string
	verb := &cobra.Command{
		Use:   "settle USERNAME N --how HOW",
		Short: "Say that something was done outside for somebody who left",
		Long: `N is the item's number as tandem offboarding show has it. HOW is one of changed, none
(they had none), and for telling the person email, telephone, in_person. What they knew
of a password is settled by its rotation, never by anybody's word.`,
		Args: cobra.ExactArgs(2),
	}
	how := verb.Flags().String("how", "", "how it was done")
	verb.Flags().StringVar(&at, "at", "", "when the person was told (default: now)")
	_ = verb.MarkFlagRequired("how")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		n, err := strconv.Atoi(args[1])
		if err != nil {
			return usagef("the number of an item is one of those that tandem offboarding show has")
		}
		in.How = custody.How(*how)
		if at != "" {
			if in.At, err = parsePast(at, time.Now()); err != nil {
				return err
			}
		}
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
			in.TOTP = code
			o, err := server.SettleItem(ctx, desk.Username(args[0]), n, in)
			if err != nil {
				return err
			}
			return c.showOffboarding(o, o)
		})
	}
	return verb
}

func offboardingCertificateVerb(c *cli) *cobra.Command {
	return c.certify(&cobra.Command{
		Use:   "certificate USERNAME [-O FILE]",
		Short: "Make the certificate of a leaving (离任单) for print, with its proofs",
		Long: `Writes, in English and Chinese: each password that the person knew or held, with the
entry that proves that it was changed after they left; what was done besides, and by
whom; and a QR code of the proof that all is done. FILE ends in .html or .pdf; a PDF needs
a font with Chinese characters. Who has the file and the ledger's key can check it
without a server: tandem ledger verify-certificate FILE --key KEY.`,
	}, func(cmd *cobra.Command, server *client.Client, username string) (certificate.Bundle, error) {
		o, err := server.Offboarding(cmd.Context(), desk.Username(username))
		if err != nil {
			return certificate.Bundle{}, err
		}
		if o.Ended.IsZero() {
			return certificate.Bundle{}, fmt.Errorf("%d of %d items are not done: there is nothing to certify before", o.All-o.Done, o.All)
		}
		left := auditor.Left{Person: o.Person, Ended: o.Ended.In(time.Local)}
		for _, i := range o.Items {
			left.Proofs = append(left.Proofs, i.Index)
		}
		return auditor.CertifyLeaving(cmd.Context(), server, left)
	})
}

func (c *cli) showLeaving(l certificate.Leaving) error {
	c.note("%s has left, and all is done since %s. Signed by %s, root %s of %d entries.", l.Person, moment(l.Ended), l.Origin, l.Root, l.Size)
	if len(l.Seats) > 0 {
		c.note("  custodian without knowing a password of: %s", strings.Join(l.Seats, ", "))
	}
	var rows [][]string
	for _, i := range l.Items {
		what, how := itemName(i.Kind), string(i.How)
		if i.Kind == custody.ItemCredential {
			what, how = i.Credential+"  "+i.Account, i.Type
		}
		rows = append(rows, []string{strconv.FormatInt(i.Index, 10), what, how, i.By, moment(i.Time)})
	}
	return c.show(l, []string{"ENTRY", "WHAT", "HOW", "BY", "TIME"}, rows...)
}

func personDisableVerb(c *cli) *cobra.Command {
	var in api.ConfirmedReason
	var look, propose bool
	var patience waiting
	verb := &cobra.Command{
		Use:   "disable USERNAME --reason TEXT",
		Short: "End somebody's access at once; what they know is changed",
		Long: `Their sessions, handovers and proposals end, their seats become vacant, and every
password that they held or know is changed. An admin, a manager or a director does it
with a code; it is a serious event, whom it concerns is told, and only a proposal
undoes it. What is left to do stands in tandem offboarding show. Beyond five people
within an hour it takes a proposal, as for anybody else: --propose.`,
		Args: cobra.ExactArgs(1),
	}
	flags := verb.Flags()
	flags.StringVar(&in.Reason, "reason", "", "why")
	flags.BoolVar(&look, "dry-run", false, "only say what would become of everything")
	flags.BoolVar(&propose, "propose", false, "propose it; a manager approves")
	patience.addFlags(verb)
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		var changing []string
		username := desk.Username(args[0])
		switch {
		case look:
			return c.showDisabling(cmd.Context(), username)
		case in.Reason == "":
			return usagef("say why: --reason TEXT")
		}
		if err := c.warnOfDisabling(cmd.Context(), username); err != nil {
			return err
		}
		err := c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
			in.TOTP = code
			if propose {
				p, err := server.ProposeDisabling(ctx, username, in)
				if err != nil {
					return err
				}
				return c.showProposal(p)
			}
			left, err := server.Disable(ctx, username, in)
			if err != nil {
				return err
			}
			for _, i := range left.Offboarding.Items {
				changing = append(changing, i.Credential)
			}
			return c.showOffboarding(left, left.Offboarding)
		})
		if err != nil {
			return err
		}
		return c.waitHeld(cmd.Context(), patience, changing...)
	}
	return verb
}

// warnOfDisabling says, before the code is asked for, where too few could approve then.
// Who may not look at that is refused what they want, too, or proposes it.
func (c *cli) warnOfDisabling(ctx context.Context, username string) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	d, err := server.Disabling(ctx, username)
	if _, answered := errors.AsType[*edge.Problem](err); answered {
		return nil
	}
	for _, w := range d.Warnings {
		c.note("Warning: then %s.", fewCan(w))
	}
	return err
}

func (c *cli) showDisabling(ctx context.Context, username string) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	d, err := server.Disabling(ctx, username)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, p := range d.Credentials {
		seat, changes := "", "stays"
		if p.Seat {
			seat = "becomes vacant"
		}
		if p.Changes {
			changes = "is changed"
		}
		rows = append(rows, []string{p.Credential, seat, changes, cmp.Or(p.To, "parked")})
	}
	if c.output == asTable {
		if len(d.Handovers) > 0 {
			c.note("Handovers that come to nothing: %s", strings.Join(d.Handovers, ", "))
		}
		if len(d.Proposals) > 0 {
			c.note("Proposals that are withdrawn: %s", strings.Join(d.Proposals, ", "))
		}
		for _, role := range d.Sole {
			c.note("Without them nobody could act as %s.", role)
		}
		for _, w := range d.Warnings {
			c.note("Warning: then %s.", fewCan(w))
		}
	}
	return c.show(d, []string{"CREDENTIAL", "SEAT", "PASSWORD", "THEN HELD BY"}, rows...)
}

func personReinstateVerb(c *cli) *cobra.Command {
	var in api.ConfirmedReason
	return c.proposes(&cobra.Command{
		Use:   "reinstate USERNAME --reason TEXT",
		Short: "Propose that somebody whose access ended gets it back",
		Long: `Seats do not come back with it. Once it is approved it goes on as with tandem person
add: the person sets up a log-in of their own, with a link and a release code.`,
	}, &in.Reason, func(ctx context.Context, server *client.Client, args []string, code api.Secret) (api.Proposal, error) {
		in.TOTP = code
		return server.Reinstate(ctx, desk.Username(args[0]), in)
	})
}

func credentialTakeVerb(c *cli) *cobra.Command {
	var patience waiting
	verb := &cobra.Command{
		Use: "take NAME", Short: "Take a credential that nobody holds, or will when its password is changed", Args: cobra.ExactArgs(1),
	}
	patience.addFlags(verb)
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		return c.changeCredential(cmd.Context(), patience, args[0], func(ctx context.Context, server *client.Client, code api.Secret) (api.Credential, error) {
			return server.Take(ctx, args[0], code)
		})
	}
	return verb
}

func credentialParkVerb(c *cli) *cobra.Command {
	var in api.ConfirmedReason
	return c.proposes(&cobra.Command{
		Use:   "park NAME --reason TEXT",
		Short: "Propose that a credential with a vacant seat is parked, so that its only custodian can go",
	}, &in.Reason, func(ctx context.Context, server *client.Client, args []string, code api.Secret) (api.Proposal, error) {
		in.TOTP = code
		return server.Park(ctx, args[0], in)
	})
}
