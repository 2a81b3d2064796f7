package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/cmd/opening"
)

func envelopeVerbs(c *cli) *cobra.Command {
	return family("envelope", "Envelopes: passwords for when Tandem itself is down",
		envelopeListVerb(c), opening.Verb(c.opening()), envelopeOpenedVerb(c), envelopeDrillVerb(c))
}

func (c *cli) opening() opening.Console {
	return opening.Console{In: c.in, Out: c.out, Err: c.err, JSON: func() bool { return c.output == asJSON }, Usage: usagef}
}

func envelopeListVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{Use: "list", Short: "List envelopes, and whose drill is due", Args: cobra.NoArgs}
	superseded := verb.Flags().Bool("superseded", false, "list the files that are not in force instead: destroy them")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		server, err := c.connect()
		if err != nil {
			return err
		}
		all, err := server.Envelopes(cmd.Context())
		if err != nil {
			return err
		}
		if *superseded {
			var rows [][]string
			for _, name := range all.Superseded {
				rows = append(rows, []string{name})
			}
			return c.show(all.Superseded, []string{"FILE"}, rows...)
		}
		c.noteEnvelopes(all)
		var rows [][]string
		for _, e := range all.Envelopes {
			state := strings.ReplaceAll(string(e.State), "_", " ")
			if e.Lost != "" {
				state += ": " + strings.ReplaceAll(string(e.Lost), "_", " ")
			}
			if len(e.DrillBy) > 0 {
				state += ", drill under way"
			}
			rows = append(rows, []string{e.Credential, state, fmt.Sprint(e.Version), e.File, moment(e.SealedAt), strings.Join(e.Keyholders, ", ")})
		}
		return c.show(all, []string{"CREDENTIAL", "STATE", "VERSION", "FILE", "SEALED", "KEYHOLDERS"}, rows...)
	}
	return verb
}

func (c *cli) noteEnvelopes(all api.Envelopes) {
	if len(all.Keyholders) == 0 {
		c.note("The policy names no keyholders: there are no envelopes (tandem policy propose --keyholders PERSON=KEY,PERSON=KEY).")
	}
	if all.Few {
		c.note("Fewer than two keyholders have access: none can be made until a policy names others.")
	}
	for _, f := range all.Failing {
		c.note("None can be made since %s: %s.", moment(f.Since), strings.ReplaceAll(string(f.Why), "_", " "))
	}
	for _, k := range all.Keyholders {
		if k.Overdue {
			c.note("%s should have opened one in a drill by %s.", k.Person, moment(k.Due))
		}
	}
	if len(all.Superseded) > 0 {
		c.note("%d files are not in force: destroy them (tandem envelope list --superseded).", len(all.Superseded))
	}
}

func envelopeOpenedVerb(c *cli) *cobra.Command {
	var in api.OpenedEnvelope
	var patience waiting
	verb := &cobra.Command{
		Use: "opened NAME --by PERSON --by PERSON --reason TEXT", Args: cobra.ExactArgs(1),
		Short: "Say that two keyholders opened an envelope; its password is changed",
	}
	verb.Flags().StringArrayVar(&in.By, "by", nil, "one of the two keyholders")
	verb.Flags().StringVar(&in.Reason, "reason", "", "why it was opened")
	patience.addFlags(verb)
	_ = verb.MarkFlagRequired("by")
	_ = verb.MarkFlagRequired("reason")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		return c.changeCredential(cmd.Context(), patience, args[0], func(ctx context.Context, server *client.Client, code api.Secret) (api.Credential, error) {
			in.TOTP = code
			return server.EnvelopeOpened(ctx, args[0], in)
		})
	}
	return verb
}

func envelopeDrillVerb(c *cli) *cobra.Command {
	var keys []string
	var patience waiting
	verb := &cobra.Command{
		Use: "drill NAME FILE -i KEYS -i KEYS", Args: cobra.ExactArgs(2),
		Short: "Open an envelope with two keyholders to see whether that works",
		Long: `Opens the envelope of a credential with the keys of two keyholders, one of whom
you are, and proves to the server that it was opened. The password is not shown
and does not travel; the server tries it, and changes it.`,
	}
	verb.Flags().StringArrayVarP(&keys, "identity", "i", nil, "a file of private keys of age's; two people's")
	patience.addFlags(verb)
	_ = verb.MarkFlagRequired("identity")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		e, letter, by, err := c.opening().Open(args[1], keys)
		if err != nil {
			return err
		}
		if e.Credential != args[0] {
			return usagef("%s is an envelope of %s", args[1], e.Credential)
		}
		c.note("Opened with the keys of %s and %s.", by[0], by[1])
		return c.changeCredential(cmd.Context(), patience, args[0], func(ctx context.Context, server *client.Client, code api.Secret) (api.Credential, error) {
			return server.EnvelopeDrill(ctx, args[0], api.DrilledEnvelope{By: by[:], Proof: api.Secret(letter.Proof.Reveal()), TOTP: code})
		})
	}
	return verb
}
