package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/certificate"
)

func ledgerCertificateVerb(c *cli) *cobra.Command {
	return c.certify(&cobra.Command{
		Use:   "certificate HANDOVER [-O FILE]",
		Short: "Make a handover record (交接单) for print, with its proofs",
		Long: `Writes a handover record in English and Chinese: the two persons, what was handed
over and why, both confirmations, where they stand in the ledger, and a QR code of
the proof. FILE ends in .html or .pdf; a PDF needs a font with Chinese characters, and cannot
show scripts that are written from right to left or whose letters change together.
Who has the file and the ledger's key can check it without a server:
tandem ledger verify-certificate FILE --key KEY.`,
	}, func(cmd *cobra.Command, server *client.Client, id string) (certificate.Bundle, error) {
		h, err := server.Handover(cmd.Context(), id)
		if err != nil {
			return certificate.Bundle{}, err
		}
		if h.AcceptedAt.IsZero() {
			return certificate.Bundle{}, fmt.Errorf("%s was not accepted (it is %s): there is nothing to certify", h.ID, h.Status)
		}
		return auditor.Certify(cmd.Context(), server, auditor.Handed{
			ID: h.ID, From: h.From, To: h.To, Credentials: h.Credentials, Offered: h.OfferedAt, Accepted: h.AcceptedAt.In(time.Local),
		})
	})
}

// maxCertificate bounds what is read of a certificate, in bytes.
const maxCertificate = 64 << 20

func ledgerVerifyCertificateVerb(c *cli) *cobra.Command {
	var key string
	verb := &cobra.Command{
		Use:   "verify-certificate FILE --key KEY",
		Short: "Check a handover record or a certificate of a leaving, without a server",
		Long: `Hashes the records in the file again, checks their proofs and the signature of the
ledger; of a handover that both persons confirmed; of a leaving that the whole command is
there which ended the access, and a later proof of every item. An HTML page must also say just what its
records say; a PDF is to be compared with what is printed here. It does not prove
that nothing followed: for that, tandem ledger verify.`,
		Args: cobra.ExactArgs(1),
	}
	verb.Flags().StringVar(&key, "key", "", "the ledger's key, from where you trust it")
	_ = verb.MarkFlagRequired("key")
	verb.RunE = func(_ *cobra.Command, args []string) error {
		key, err := auditor.VerifierKey(key)
		if err != nil {
			return err
		}
		file, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		text, err := io.ReadAll(io.LimitReader(file, maxCertificate+1))
		if err != nil {
			return err
		}
		if len(text) > maxCertificate {
			return fmt.Errorf("%s is longer than any record: not all of it was read", args[0])
		}
		proved, err := certificate.CheckFile(text, key)
		if errors.Is(err, certificate.ErrNone) {
			return fmt.Errorf("%s: %w", args[0], err) // which says nothing about a ledger
		}
		if err != nil {
			return verificationError{err}
		}
		if proved.Leaving != nil {
			return c.showLeaving(*proved.Leaving)
		}
		return c.showPaper(*proved.Paper)
	}
	return verb
}

func (c *cli) showPaper(p certificate.Paper) error {
	c.note("%s from %s to %s: %s. Signed by %s, root %s of %d entries.",
		p.Handover, p.From, p.To, p.Reason, p.Origin, p.Root, p.Size)
	for _, item := range p.Credentials {
		c.note("  %s  %s", item.Name, item.Account)
	}
	var rows [][]string
	for _, s := range p.Steps {
		rows = append(rows, []string{strconv.FormatInt(s.Index, 10), s.Type, moment(s.Time), s.Actor, s.Confirmed})
	}
	return c.show(p, []string{"ENTRY", "WHAT", "TIME", "BY", "CONFIRMED"}, rows...)
}
