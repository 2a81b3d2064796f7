package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/desk"
)

func ledgerVerbs(c *cli) *cobra.Command {
	return family("ledger", "What happened, and the proof of it", ledgerListVerb(c), ledgerShowVerb(c),
		ledgerCheckpointVerb(c), ledgerProofVerb(c), ledgerVerifyVerb(c), ledgerRebuildVerb(c), ledgerRecoverVerb(c), ledgerRekeyVerb(c),
		ledgerReconcileVerb(c), ledgerWitnessesVerb(c), ledgerExportVerb(c),
		ledgerCertificateVerb(c), ledgerVerifyCertificateVerb(c), ledgerRedactVerb(c), ledgerReviewVerb(c), ledgerReviewsVerb(c))
}

func ledgerListVerb(c *cli) *cobra.Command {
	var query desk.EntryQuery
	verb := &cobra.Command{
		Use:   "list",
		Short: "List entries, the newest first; from an index on, in their order",
		Args:  cobra.NoArgs,
	}
	flags := verb.Flags()
	part := addPart(verb, 100)
	flags.StringVar(&query.Actor, "actor", "", "only what this person did")
	flags.StringVar(&query.Subject, "subject", "", "only what is about this person, credential or handover")
	flags.StringVar(&query.Credential, "credential", "", "only what is about this credential, its handovers too")
	flags.StringVar(&query.Type, "type", "", "only these, such as handover.accepted")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		server, err := c.connect()
		if err != nil {
			return err
		}
		return c.showPart(part, server.EachEntry(cmd.Context(), part.query(query)))
	}
	return verb
}

func ledgerShowVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "show INDEX",
		Short: "Show one entry",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			index, server, err := c.entryAt(args[0])
			if err != nil {
				return err
			}
			entry, err := server.Entry(cmd.Context(), index)
			if err != nil {
				return err
			}
			return c.showEntries(entry, entry)
		},
	}
}

func ledgerCheckpointVerb(c *cli) *cobra.Command {
	var witnessed bool
	verb := &cobra.Command{
		Use:   "checkpoint",
		Short: "Print the signed head of the ledger; keep it elsewhere",
		Long: `Prints a C2SP tlog-checkpoint. Kept on another machine, it proves later that
nothing was changed or cut off: tandem ledger verify --checkpoint FILE --key KEY.`,
		Args: cobra.NoArgs,
	}
	verb.Flags().BoolVar(&witnessed, "witnessed", false, "the newest that enough witnesses have cosigned, with their cosignatures")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		server, err := c.connect()
		if err != nil {
			return err
		}
		key, err := server.LedgerKey(cmd.Context())
		if err != nil {
			return err
		}
		get := server.Checkpoint
		if witnessed {
			get = server.WitnessedCheckpoint
		}
		text, err := get(cmd.Context())
		if err != nil {
			return err
		}
		head, err := audit.OpenCheckpoint(text, key)
		if err != nil {
			return verificationError{err}
		}
		c.note("The ledger's key is %s", key)
		if c.output == asJSON {
			return c.showJSON(struct {
				Origin     string `json:"origin"`
				Size       int64  `json:"size"`
				Root       string `json:"root"`
				Key        string `json:"key"`
				Checkpoint string `json:"checkpoint"`
			}{head.Origin, head.Size, head.Root.String(), key, string(text)})
		}
		_, err = c.out.Write(text)
		return err
	}
	return verb
}

// ledgerKey gives the key that somebody trusts, or, where they named none, the server's
// own.
func ledgerKey(ctx context.Context, server *client.Client, trusted string) (string, error) {
	if trusted != "" {
		return auditor.VerifierKey(trusted)
	}
	return server.LedgerKey(ctx)
}

func ledgerProofVerb(c *cli) *cobra.Command {
	var key string
	verb := &cobra.Command{
		Use:   "proof INDEX",
		Short: "Print the proof that an entry is in the ledger",
		Long: `Prints a C2SP tlog-proof, after checking it against the entry. Without --key the
server's own key is used, which proves only that the server agrees with itself.`,
		Args: cobra.ExactArgs(1),
	}
	verb.Flags().StringVar(&key, "key", "", "the ledger's key, from where you trust it")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		index, server, err := c.entryAt(args[0])
		if err != nil {
			return err
		}
		if key, err = ledgerKey(ctx, server, key); err != nil {
			return err
		}
		entry, err := server.Entry(ctx, index)
		if err != nil {
			return err
		}
		text, err := server.EntryProofText(ctx, index)
		if err != nil {
			return err
		}
		head, err := client.CheckProof(entry, text, key)
		if err != nil {
			return verificationError{err}
		}
		c.note("Entry %d is in the ledger of %d entries that %s signed.", index, head.Size, head.Origin)
		if c.output == asJSON {
			proof, err := server.EntryProof(ctx, index)
			if err != nil {
				return err
			}
			return c.showJSON(proof)
		}
		_, err = c.out.Write(text)
		return err
	}
	return verb
}

func (c *cli) entryAt(arg string) (int64, *client.Client, error) {
	index, err := strconv.ParseInt(arg, 10, 64)
	if err != nil || index < 0 {
		return 0, nil, usagef("INDEX is the number of an entry, from 0")
	}
	server, err := c.connect()
	return index, server, err
}

// shownData gives what an entry says, with the texts that are there. What cannot be
// read is shown as it came.
func shownData(entry api.Entry) string {
	event, err := entry.Event()
	if err != nil {
		return string(entry.Data)
	}
	shown, err := event.Shown(custody.Redacted)
	if err != nil || shown.Canonicalize() != nil {
		return string(entry.Data)
	}
	return string(shown)
}

// showEntries writes an answer of the API that is about these entries.
func (c *cli) showEntries(answer any, entries ...api.Entry) error {
	var rows [][]string
	for _, entry := range entries {
		rows = append(rows, []string{
			strconv.FormatInt(entry.Index, 10), moment(entry.Time), entry.Grade, entry.Actor, entry.Type,
			entry.Subject, shownData(entry),
		})
	}
	return c.show(answer, []string{"INDEX", "TIME", "GRADE", "ACTOR", "TYPE", "SUBJECT", "DATA"}, rows...)
}
