package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody/certificate"
)

// certify is what the verbs have in common that make a certificate: for whom it is comes
// first, then --out, --key and --font.
func (c *cli) certify(verb *cobra.Command, gather func(cmd *cobra.Command, server *client.Client, of string) (certificate.Bundle, error)) *cobra.Command {
	var file, key string
	var fonts []string
	flags := verb.Flags()
	flags.StringVarP(&file, "out", "O", "", "file to write (default: the name, and .html)")
	flags.StringVar(&key, "key", "", "the ledger's key, from where you trust it (default: the server's)")
	flags.StringArrayVar(&fonts, "font", nil, "file of a font with Chinese characters, for a PDF; can be given again")
	verb.Args = cobra.ExactArgs(1)
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
		bundle, err := gather(cmd, server, args[0])
		if err != nil {
			return err
		}
		if _, err := bundle.Document(key); err != nil {
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
