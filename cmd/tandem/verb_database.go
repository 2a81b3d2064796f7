package main

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/custody/store"
)

func databaseVerbs(c *cli) *cobra.Command {
	return family("database", "On the server's machine: move to another database", databaseCopyVerb(c))
}

// copied is what tandem database copy prints.
type copied struct {
	To   string           `json:"to"`
	Size int64            `json:"size"` // entries
	Root string           `json:"root"` // of their tree, base64
	Rows map[string]int64 `json:"rows"` // by table, of those that were copied as they stand
}

func databaseCopyVerb(c *cli) *cobra.Command {
	var from, to string
	verb := &cobra.Command{
		Use:   "copy --from sqlite:PATH --to postgres://USER@HOST/NAME",
		Short: "Copy everything from a file into an empty database on a server, which is in force from then on",
		Long: `Copies ledger, texts, seals and all that is kept beside them, works out anew what
follows from the entries, and proves it: the same root, every entry carried out
again, every table and every seal compared. Then the file refuses to go on, also
for a server that has it open: who reads there can go on, and who writes waits,
and is refused. The secret store stays where it is.

Where it is cut short, the file is still in force, and the same command again ends it.
Afterwards change the line database of the configuration and start the server. That
its database is another one stands on record with its start, and a manager
acknowledges it.

The password of the server's database is in the file that ` + databasePasswordVariable + `
names.`,
		Args: cobra.NoArgs,
	}
	verb.Flags().StringVar(&from, "from", "", "the file that is in force, sqlite:PATH")
	verb.Flags().StringVar(&to, "to", "", "an empty database, postgres://USER@HOST/NAME")
	_ = verb.MarkFlagRequired("from")
	_ = verb.MarkFlagRequired("to")
	verb.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		path, isFile := strings.CutPrefix(from, "sqlite:")
		if !isFile || path == "" {
			return usagef("--from is a file, as in sqlite:/var/lib/tandem/tandem.db")
		}
		at, err := url.Parse(to)
		if err != nil || at.Scheme != "postgres" && at.Scheme != "postgresql" {
			return usagef("--to is a database on a server, as in postgres://tandem@db.example.org/tandem")
		}
		ctx, log := cmd.Context(), slog.New(slog.DiscardHandler)
		evidence, err := store.OpenReadOnly(ctx, path, log) // never makes a file
		if err == nil {
			err = evidence.Close()
		}
		if err != nil {
			return err
		}
		source, err := store.OpenToReceive(ctx, path, log) // it may have been copied already
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, source.Close()) }()
		target, err := store.OpenToReceive(ctx, addressOf(to), log)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, target.Close()) }()
		called := at.Host + at.Path
		moved, err := source.MoveTo(ctx, target, called)
		if err != nil {
			return err
		}
		c.note("%s is in force now, and %s refuses to go on. Change the line database of the configuration, and start the server.", called, path)
		answer := copied{To: called, Size: moved.Size, Root: base64.StdEncoding.EncodeToString(moved.Root[:]), Rows: moved.Rows}
		return c.show(answer, []string{"TO", "ENTRIES", "ROOT"}, []string{answer.To, strconv.FormatInt(answer.Size, 10), answer.Root})
	}
	return verb
}
