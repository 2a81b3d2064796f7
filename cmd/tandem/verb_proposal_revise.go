package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
)

// proposalReviseVerb asks for something else in a proposal. What that is, each kind says by
// the flags of the verb that asked for it; custodians, the most common, need no name.
func proposalReviseVerb(c *cli) *cobra.Command {
	verb := custodiansVerb(c, "revise ID --primary PERSON --backup PERSON [--until TIME] --reason TEXT",
		"Ask for something else in a proposal of yours; it has to be approved anew",
		func(server *client.Client, ctx context.Context, id string, in api.SetCustodians) (api.Proposal, error) {
			return server.Revise(ctx, id, "custodians", in)
		})
	verb.Long = `Whoever has approved it has to look again, and what they approved counts no more. Of
other things than custodians: tandem proposal revise KIND ID, with the flags of the verb
that asked for it. A password or key that came with an account comes anew.`
	verb.AddCommand(
		newPersonVerb(c, &cobra.Command{Use: "person ID --name NAME --roles ROLE,... --reason TEXT", Short: "Of somebody who is to get an account"},
			func(ctx context.Context, server *client.Client, id string, in api.AddPerson) (api.Proposal, error) {
				p, err := server.Proposal(ctx, id)
				if err != nil {
					return p, err
				}
				in.Username = p.Subject
				return server.Revise(ctx, id, "person", in)
			}),
		newRolesVerb(c, &cobra.Command{Use: "roles ID --roles ROLE,... --reason TEXT", Short: "Of somebody's roles"},
			func(ctx context.Context, server *client.Client, id string, in api.SetRoles) (api.Proposal, error) {
				return server.Revise(ctx, id, "roles", in)
			}),
		newDeputyVerb(c, &cobra.Command{Use: "deputy ID --deputy PERSON --ends DAY --reason TEXT", Short: "Of somebody's deputy"},
			func(ctx context.Context, server *client.Client, id string, in api.NameDeputy) (api.Proposal, error) {
				return server.Revise(ctx, id, "deputy", in)
			}),
		newCredentialVerb(c, &cobra.Command{
			Use:   "credential ID --address HOST:PORT --account ACCOUNT --primary PERSON --backup PERSON --reason TEXT",
			Short: "Of an account that is to come under custody",
		}, func(ctx context.Context, server *client.Client, id string, in api.AddCredential) (api.Proposal, error) {
			p, err := server.Proposal(ctx, id)
			if err != nil {
				return p, err
			}
			in.Name = p.Subject
			return server.Revise(ctx, id, "credential", in)
		}),
		newRetargetVerb(c, &cobra.Command{
			Use:   "retarget ID [--address HOST:PORT] [--set KEY=VALUE] --reason TEXT",
			Short: "Of another way to an account; what is not named stays as it is now, not as it was asked for",
		}, func(server *client.Client, ctx context.Context, id string, in api.Retarget) (api.Proposal, error) {
			return server.Revise(ctx, id, "retarget", in)
		}),
		newDepartureVerb(c, &cobra.Command{Use: "leaves ID --on TIME|--cancel --reason TEXT", Short: "Of the date on which somebody's access ends"},
			func(server *client.Client, ctx context.Context, id string, in api.PlanDeparture) (api.Proposal, error) {
				return server.Revise(ctx, id, "plan_departure", in)
			}),
		newRefoundingVerb(c, &cobra.Command{Use: "refound ID --role manager|director --reason TEXT", Short: "Of a refounding: the other role; the notice begins anew"},
			func(server *client.Client, ctx context.Context, id string, in api.Refound) (api.Proposal, error) {
				return server.Revise(ctx, id, "refound", in)
			}),
		reviseEmailVerb(c),
		reviseCredentialPolicyVerb(c),
		newPolicyVerb(c, &cobra.Command{
			Use: "policy ID --reason TEXT --review-by DAY", Args: cobra.ExactArgs(1),
			Short: "Of the policy; flags that are left out stay as they are in force",
		}, func(ctx context.Context, server *client.Client, args []string, in api.AdoptPolicy) (api.Proposal, error) {
			return server.Revise(ctx, args[0], "adopt_policy", in)
		}),
		newReviewVerb(c, &cobra.Command{Use: "review ID --reason TEXT --review-by DAY", Args: cobra.ExactArgs(1), Short: "Of a review of the policy"},
			func(ctx context.Context, server *client.Client, args []string, in api.ReviewPolicy) (api.Proposal, error) {
				return server.Revise(ctx, args[0], "review_policy", in)
			}),
	)
	return verb
}

func reviseCredentialPolicyVerb(c *cli) *cobra.Command {
	var in api.ProposePolicy
	var given policyFlags
	verb := &cobra.Command{
		Use:   "credential-policy ID --reason TEXT",
		Short: "Of what differs from credential to credential; flags that are left out stay as they are in force",
	}
	given.add(verb.Flags(), api.Policy{})
	return c.proposes(verb, &in.Reason, func(ctx context.Context, server *client.Client, args []string, code api.Secret) (api.Proposal, error) {
		p, err := server.Proposal(ctx, args[0])
		if err != nil {
			return p, err
		}
		credential, err := server.Credential(ctx, p.Subject)
		if err != nil {
			return p, err
		}
		if in.Policy, err = changed(verb.Flags(), credential.Policy); err != nil {
			return p, err
		}
		in.TOTP = code
		return server.Revise(ctx, p.ID, "credential_policy", in)
	})
}

func reviseEmailVerb(c *cli) *cobra.Command {
	var in api.ProposeEmail
	verb := c.proposes(&cobra.Command{Use: "email ID --email ADDRESS --reason TEXT", Short: "Of somebody's e-mail address"}, &in.Reason,
		func(ctx context.Context, server *client.Client, args []string, code api.Secret) (api.Proposal, error) {
			in.TOTP = code
			return server.Revise(ctx, args[0], "change_email", in)
		})
	verb.Flags().StringVar(&in.Email, "email", "", "where messages go; \"\" is nowhere")
	_ = verb.MarkFlagRequired("email")
	return verb
}
