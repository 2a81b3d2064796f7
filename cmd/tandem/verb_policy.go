package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
)

func policyVerbs(c *cli) *cobra.Command {
	return family("policy", "The policy in force, and its yearly review", policyShowVerb(c), policyProposeVerb(c), policyReviewVerb(c))
}

func policyShowVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show the policy in force, and when it has to be looked at again", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := c.connect()
			if err != nil {
				return err
			}
			p, err := server.Policy(cmd.Context())
			if err != nil {
				return err
			}
			v := p.Values
			review := moment(p.ReviewBy)
			if p.Overdue {
				review += " (overdue: a manager and a director review it)"
			}
			return c.show(p, []string{"POLICY", fmt.Sprintf("version %d", p.Version)},
				[]string{"in force since", moment(p.Since)},
				[]string{"review by", review},
				[]string{"approvals", string(v.Approvals)},
				[]string{"exclusive", string(v.Exclusive)},
				[]string{"lease", seconds(v.LeaseSeconds).String()},
				[]string{"offer-ttl", seconds(v.OfferTTLSeconds).String()},
				[]string{"rotation-deadline", seconds(v.RotationDeadlineSeconds).String()},
				[]string{"lock-after", fmt.Sprint(v.LockAfter)},
				[]string{"lock-base", seconds(v.LockBaseSeconds).String()},
				[]string{"lock-max", seconds(v.LockMaxSeconds).String()},
				[]string{"session-idle", seconds(v.SessionIdleSeconds).String()},
				[]string{"approve-within", seconds(v.ApproveWithinSeconds).String()},
				[]string{"silence-after", seconds(v.SilenceAfterSeconds).String()},
				[]string{"use-within", seconds(v.UseWithinSeconds).String()},
				[]string{"hold-for", seconds(v.HoldForSeconds).String()},
				[]string{"review-within", seconds(v.ReviewWithinSeconds).String()},
				[]string{"keyholders", keyholdersSaid(v.Keyholders)},
				[]string{"drill-every", seconds(v.DrillEverySeconds).String()},
				[]string{"signature-ttl", seconds(v.SignatureTTLSeconds).String()},
				[]string{"absence-wait", seconds(v.AbsenceWaitSeconds).String()},
				[]string{"remind-first", seconds(v.RemindFirstSeconds).String()},
				[]string{"remind-last", seconds(v.RemindLastSeconds).String()},
				[]string{"totp-skew", fmt.Sprint(v.TOTPSkew)},
				[]string{"assessors", cmp.Or(strings.Join(v.Assessors, ", "), "every manager and director")})
		},
	}
}

// reviewByFlag says before when a policy has to be looked at again.
func reviewByFlag(verb *cobra.Command) func() (time.Time, error) {
	text := verb.Flags().String("review-by", "", "before when it has to be looked at again, such as 2027-06-30 (at most a year ahead)")
	_ = verb.MarkFlagRequired("review-by")
	return func() (time.Time, error) { return parseUntil(*text, time.Now()) }
}

// valueFlags adds the flags for what of a policy is a matter of degree: what is not given
// stays as it is.
func valueFlags(flags *pflag.FlagSet, p *custody.Policy) {
	flags.DurationVar(&p.Lease, "lease", p.Lease, "longest check-out, such as 8h")
	flags.DurationVar(&p.OfferTTL, "offer-ttl", p.OfferTTL, "an offer that nobody accepts expires after this")
	flags.DurationVar(&p.RotationDeadline, "rotation-deadline", p.RotationDeadline, "a rotation that takes longer is a serious event")
	flags.IntVar(&p.LockAfter, "lock-after", p.LockAfter, "wrong codes in a row before somebody is locked out")
	flags.DurationVar(&p.LockBase, "lock-base", p.LockBase, "length of the first lock-out; each further one doubles it")
	flags.DurationVar(&p.LockMax, "lock-max", p.LockMax, "longest lock-out")
	flags.DurationVar(&p.SessionIdle, "session-idle", p.SessionIdle, "a log-in that nobody uses for this long ends")
	flags.DurationVar(&p.ApproveWithin, "approve-within", p.ApproveWithin, "an emergency that nobody approved by then lapses")
	flags.DurationVar(&p.SilenceAfter, "silence-after", p.SilenceAfter, "nobody has answered for this long: it is granted, where a credential's policy allows it")
	flags.DurationVar(&p.UseWithin, "use-within", p.UseWithin, "an emergency that was granted, and that nobody used by then, lapses")
	flags.DurationVar(&p.HoldFor, "hold-for", p.HoldFor, "it ends after this at the latest; a day is the most")
	flags.DurationVar(&p.ReviewWithin, "review-within", p.ReviewWithin, "somebody looks at it by then; later is a serious event")
	flags.DurationVar(&p.SignatureTTL, "signature-ttl", p.SignatureTTL, "what was signed ahead of an absence longer ago moves nothing; 2160h are the most")
	flags.DurationVar(&p.AbsenceWait, "absence-wait", p.AbsenceWait, "how long a password that is being changed is waited for when an absence begins; a day is the most")
	flags.DurationVar(&p.RemindFirst, "remind-first", p.RemindFirst, "somebody is reminded this long before their absence")
	flags.DurationVar(&p.RemindLast, "remind-last", p.RemindLast, "and once more, later than that")
	flags.DurationVar(&p.DrillEvery, "drill-every", p.DrillEvery, "each keyholder opens an envelope in a drill at least this often")
	flags.Var((*keyholderFlag)(&p.Keyholders), "keyholders", "two to five PERSON=KEY, with commas between: any two of them open an envelope, none alone; none: nobody")
	flags.Int64Var(&p.TOTPSkew, "totp-skew", p.TOTPSkew, "steps before and after the current one whose codes are taken")
	flags.StringSliceVar(&p.Assessors, "assessors", p.Assessors, "usernames of those who assess incidents; \"\": every manager and director")
	flags.StringVar((*string)(&p.Exclusive), "exclusive", string(p.Exclusive), "which roles one person may not have together: strict or auditor_only")
	flags.StringVar((*string)(&p.Approvals), "approvals", string(p.Approvals), "that what changes who may do what needs: two, one or none")
}

// keyholderFlag is the value of --keyholders.
type keyholderFlag custody.Keyholders

func (k *keyholderFlag) String() string {
	return keyholdersSaid(api.ValuesOf(custody.Policy{Keyholders: custody.Keyholders(*k)}).Keyholders)
}
func (k *keyholderFlag) Type() string { return "PERSON=KEY,…" }

func (k *keyholderFlag) Set(text string) error {
	var all []custody.Keyholder
	for one := range strings.SplitSeq(text, ",") {
		person, key, is := strings.Cut(strings.TrimSpace(one), "=")
		switch {
		case text == noKeyholders:
		case !is:
			return usagef("must be PERSON=KEY")
		default:
			all = append(all, custody.Keyholder{Person: person, Recipient: key})
		}
	}
	these, fit := custody.KeyholdersOf(all)
	if !fit {
		return usagef("must be at most five")
	}
	*k = keyholderFlag(these)
	return nil
}

const noKeyholders = "none"

func keyholdersSaid(all []api.Keyholder) string {
	var said []string
	for _, k := range all {
		said = append(said, k.Person+"="+k.Recipient)
	}
	return cmp.Or(strings.Join(said, ","), noKeyholders)
}

func policyProposeVerb(c *cli) *cobra.Command {
	return newPolicyVerb(c, &cobra.Command{
		Use: "propose --reason TEXT --review-by DAY", Args: cobra.NoArgs,
		Short: "Propose another policy; flags that are left out stay as they are",
	}, func(ctx context.Context, server *client.Client, _ []string, in api.AdoptPolicy) (api.Proposal, error) {
		return server.AdoptPolicy(ctx, in)
	})
}

// newPolicyVerb takes the values of another policy than the one in force.
func newPolicyVerb(c *cli, verb *cobra.Command, ask func(context.Context, *client.Client, []string, api.AdoptPolicy) (api.Proposal, error)) *cobra.Command {
	var in api.AdoptPolicy
	valueFlags(verb.Flags(), new(custody.Policy))
	reviewBy := reviewByFlag(verb)
	verb.Flags().StringVar(&in.Reason, "reason", "", "why")
	_ = verb.MarkFlagRequired("reason")
	verb.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if in.ReviewBy, err = reviewBy(); err != nil {
			return err
		}
		return c.proposed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) (api.Proposal, error) {
			now, err := server.Policy(ctx)
			if err != nil {
				return api.Proposal{}, err
			}
			values, flags := now.Values.Policy(), pflag.NewFlagSet("", pflag.ContinueOnError)
			valueFlags(flags, &values)
			if err := overlay(flags, cmd.Flags()); err != nil {
				return api.Proposal{}, err
			}
			in.Values, in.TOTP = api.ValuesOf(values), code
			return ask(ctx, server, args, in)
		})
	}
	return verb
}

func policyReviewVerb(c *cli) *cobra.Command {
	return newReviewVerb(c, &cobra.Command{
		Use: "review --reason TEXT --review-by DAY", Args: cobra.NoArgs,
		Short: "Propose that the policy was looked at again and stays as it is",
	}, func(ctx context.Context, server *client.Client, _ []string, in api.ReviewPolicy) (api.Proposal, error) {
		return server.ReviewPolicy(ctx, in)
	})
}

func newReviewVerb(c *cli, verb *cobra.Command, ask func(context.Context, *client.Client, []string, api.ReviewPolicy) (api.Proposal, error)) *cobra.Command {
	var in api.ReviewPolicy
	reviewBy := reviewByFlag(verb)
	verb.Flags().StringVar(&in.Reason, "reason", "", "what was looked at")
	_ = verb.MarkFlagRequired("reason")
	verb.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if in.ReviewBy, err = reviewBy(); err != nil {
			return err
		}
		return c.proposed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) (api.Proposal, error) {
			now, err := server.Policy(ctx)
			if err != nil {
				return api.Proposal{}, err
			}
			in.Version, in.TOTP = now.Version, code
			return ask(ctx, server, args, in)
		})
	}
	return verb
}
