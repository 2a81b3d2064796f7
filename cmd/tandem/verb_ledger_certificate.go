package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/certificate"
)

func ledgerCertificateVerb(c *cli) *cobra.Command {
	var file, key string
	var fonts []string
	verb := &cobra.Command{
		Use:   "certificate HANDOVER [-O FILE]",
		Short: "Make a handover record (交接单) for print, with its proofs",
		Long: `Writes a handover record in English and Chinese: the two persons, what was handed
over and why, both confirmations, where they stand in the ledger, and a QR code of
the proof. FILE ends in .html or .pdf; a PDF needs a font with Chinese characters, and cannot
show scripts that are written from right to left or whose letters change together.
Who has the file and the ledger's key can check it without a server:
tandem ledger verify-certificate FILE --key KEY.`,
		Args: cobra.ExactArgs(1),
	}
	flags := verb.Flags()
	flags.StringVarP(&file, "out", "O", "", "file to write (default: HANDOVER.html)")
	flags.StringVar(&key, "key", "", "the ledger's key, from where you trust it (default: the server's)")
	flags.StringArrayVar(&fonts, "font", nil, "file of a font with Chinese characters, for a PDF; can be given again")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		if file == "" {
			file = args[0] + ".html"
		}
		pdf := strings.HasSuffix(file, ".pdf")
		if !pdf && !strings.HasSuffix(file, ".html") {
			return usagef("the file must end in .html or .pdf")
		}
		server, err := c.connect()
		if err != nil {
			return err
		}
		if key, err = ledgerKey(cmd.Context(), server, key); err != nil {
			return err
		}
		if pdf {
			found, err := certificate.FindFonts()
			if err != nil && len(fonts) == 0 {
				return err
			}
			fonts = append(fonts, found...)
		}
		h, err := server.Handover(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if h.AcceptedAt.IsZero() {
			return fmt.Errorf("%s was not accepted (it is %s): there is nothing to certify", h.ID, h.Status)
		}
		bundle, err := auditor.Certify(cmd.Context(), server, auditor.Handed{
			ID: h.ID, From: h.From, To: h.To, Credentials: h.Credentials, Offered: h.OfferedAt, Accepted: h.AcceptedAt.In(time.Local),
		})
		if err != nil {
			return err
		}
		if _, err := bundle.Check(key); err != nil {
			return verificationError{err}
		}
		err = c.writeFile(file, func(w io.Writer) error {
			if pdf {
				return certificate.WritePDF(w, bundle, key, fonts...)
			}
			return certificate.WriteHTML(w, bundle, key)
		})
		if err == nil {
			c.note("%s written.", file)
		}
		return err
	}
	return verb
}

// maxCertificate bounds what is read of a certificate, in bytes.
const maxCertificate = 64 << 20

func ledgerVerifyCertificateVerb(c *cli) *cobra.Command {
	var key string
	verb := &cobra.Command{
		Use:   "verify-certificate FILE --key KEY",
		Short: "Check a handover record, without a server",
		Long: `Hashes the records in the file again, checks their proofs and the signature of the
ledger, and that both persons confirmed. An HTML page must also say just what its
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
		paper, err := certificate.CheckFile(text, key)
		if errors.Is(err, certificate.ErrNone) {
			return fmt.Errorf("%s: %w", args[0], err) // which says nothing about a ledger
		}
		if err != nil {
			return verificationError{err}
		}
		return c.showPaper(paper)
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
