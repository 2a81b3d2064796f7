package main

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/export"
)

func ledgerExportVerb(c *cli) *cobra.Command {
	var format, from, to, file, database string
	verb := &cobra.Command{
		Use:   "export --format csv|jsonl|xlsx -O FILE [--from WHERE] [--to WHERE]",
		Short: "Write the ledger, or a part of it, into a file",
		Long: `Writes entries as CSV or XLSX for a spreadsheet, or as JSON lines: the very records
that the ledger's tree is made of. JSON lines from the first entry on can be
verified without a server: tandem ledger verify --export FILE.

WHERE is the index of an entry, or a time. --from is in, --to is not.`,
		Example: `  tandem ledger export --format jsonl -O ledger.jsonl
  tandem ledger export --format xlsx --from '2026-03-01 00:00' --to '2026-04-01 00:00' -O march.xlsx`,
		Args: cobra.NoArgs,
	}
	flags := verb.Flags()
	flags.StringVar(&format, "format", "", "csv, jsonl or xlsx")
	flags.StringVar(&from, "from", "", "the first")
	flags.StringVar(&to, "to", "", "the first that is left out")
	flags.StringVarP(&file, "out", "O", "", "file to write; - is the terminal")
	flags.StringVar(&database, "database", "", "the ledger of this database file instead of the server's")
	_ = verb.MarkFlagRequired("format")
	_ = verb.MarkFlagRequired("out")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		begin, err := parseBorder(from)
		if err != nil {
			return err
		}
		end, err := parseBorder(to)
		if err != nil {
			return err
		}
		count := 0
		err = c.writeFile(file, func(w io.Writer) (err error) {
			count, err = c.export(cmd.Context(), database, format, begin, end, w)
			return err
		})
		if errors.Is(err, export.ErrFormat) {
			err = usageError{err}
		}
		if err == nil {
			c.note("%d entries written.", count)
		}
		return err
	}
	return verb
}

func parseBorder(text string) (auditor.Border, error) {
	if index, err := strconv.ParseInt(text, 10, 64); err == nil && index >= 0 {
		return auditor.Border{Index: index}, nil
	}
	t, err := parsePast(text, time.Now())
	return auditor.Border{Time: t}, err
}

func (c *cli) export(ctx context.Context, database, format string, from, to auditor.Border, w io.Writer) (count int, err error) {
	file, err := export.New(format, w)
	if err != nil {
		return 0, err
	}
	ledger, done, err := c.openLedger(ctx, database)
	if err != nil {
		return 0, err
	}
	defer done()
	return auditor.Extract(ctx, ledger, from, to, file)
}

// writeFile is writeOut, but for "-", which is the answer's own place.
func (c *cli) writeFile(path string, write func(io.Writer) error) error {
	if path == "-" {
		return write(c.out)
	}
	return writeOut(path, write)
}
