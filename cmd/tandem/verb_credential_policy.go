package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
)

// policyFlags are the flags for what differs from credential to credential.
type policyFlags struct {
	in            api.Policy
	lease, maxAge time.Duration
}

func (p *policyFlags) add(flags *pflag.FlagSet, now api.Policy) {
	p.in = now
	flags.BoolVar(&p.in.RotateOnTransfer, "rotate-on-transfer", now.RotateOnTransfer, "change the password at every handover")
	flags.BoolVar(&p.in.RotateOnCheckin, "rotate-on-checkin", now.RotateOnCheckin, "change the password after every check-out")
	flags.DurationVar(&p.maxAge, "max-age", seconds(now.MaxAgeSeconds), "change the password before it is older than this, such as 2160h (0: any age)")
	flags.Int64Var(&p.in.MaxExposed, "max-exposed", now.MaxExposed, "change the password when more people know it (0: any number)")
	flags.BoolVar(&p.in.Silence, "silence", now.Silence, "an emergency of its other custodian is granted when nobody answers")
	flags.BoolVar(&p.in.AutoReconcile, "auto-reconcile", now.AutoReconcile, "when the password drifted, set it at once through the second account")
	flags.DurationVar(&p.lease, "lease", seconds(now.LeaseSeconds), "longest check-out (0: as everywhere)")
	flags.StringVar(&p.in.Password, "password-policy", now.Password, "name of the password policy (none: the general one)")
	flags.StringSliceVar(&p.in.Dependents, "dependents", now.Dependents, "names of what else uses the password and is told each new one")
}

func (p *policyFlags) policy() api.Policy {
	p.in.LeaseSeconds, p.in.MaxAgeSeconds = int64(p.lease/time.Second), int64(p.maxAge/time.Second)
	slices.Sort(p.in.Dependents)
	p.in.Dependents = slices.Compact(p.in.Dependents)
	return p.in
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

func credentialPolicyVerb(c *cli) *cobra.Command {
	var given policyFlags
	verb := &cobra.Command{
		Use:   "policy NAME",
		Short: "Change what differs from credential to credential; flags that are left out stay as they are",
		Args:  cobra.ExactArgs(1),
	}
	given.add(verb.Flags(), api.Policy{})
	reason := verb.Flags().String("reason", "", "why: proposes it, which a looser policy needs; a manager and a director approve")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
			credential, err := server.Credential(ctx, args[0])
			if err != nil {
				return err
			}
			policy, err := changed(cmd.Flags(), credential.Policy)
			if err != nil {
				return err
			}
			if *reason != "" {
				return c.showProposed(server.ProposePolicy(ctx, args[0], api.ProposePolicy{Policy: policy, Reason: *reason, TOTP: code}))
			}
			credential, err = server.ChangePolicy(ctx, args[0], api.ChangePolicy{Policy: policy, TOTP: code})
			if err != nil {
				return err
			}
			return c.showCredentials(credential, credential)
		})
	}
	return verb
}

// changed gives a policy with those values that were given as flags.
func changed(given *pflag.FlagSet, now api.Policy) (api.Policy, error) {
	var p policyFlags
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	p.add(flags, now)
	err := overlay(flags, given)
	return p.policy(), err
}

// overlay sets those of some flags that were given, and leaves the others as they are.
func overlay(flags, given *pflag.FlagSet) (err error) {
	flags.VisitAll(func(f *pflag.Flag) {
		if flag := given.Lookup(f.Name); flag.Changed && err == nil {
			if list, is := f.Value.(pflag.SliceValue); is {
				err = list.Replace(flag.Value.(pflag.SliceValue).GetSlice())
			} else {
				err = f.Value.Set(flag.Value.String())
			}
		}
	})
	return err
}
