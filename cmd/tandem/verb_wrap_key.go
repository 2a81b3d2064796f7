package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/vault"
)

func wrapKeyVerbs(c *cli) *cobra.Command {
	return family("wrap-key", "The key that values are wrapped with before they reach Vault", wrapKeyNewVerb(c), wrapKeyRestoreVerb(c), wrapKeyUnwrapVerb(c))
}

func wrapKeyNewVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "new",
		Short: "Make a key for vault.wrap_key_file, and show its two shares, once",
		Long: `Makes a key and writes it into a file that must not exist yet. Its two shares are
shown once and kept nowhere: neither says anything of the key, both together are it.
Give them to two people, on paper, apart from each other and from the server.

With vault.wrap_key_file no password, seed or hash reaches Vault in clear. Without the
key, and without both shares, everything that is in Vault is lost. It is set before
the first start: an installation that was begun without it stays without it.`,
		Args: cobra.NoArgs,
	}
	file := verb.Flags().String("file", "", "where the key is written")
	_ = verb.MarkFlagRequired("file")
	verb.RunE = func(*cobra.Command, []string) error {
		text, shares := vault.NewWrapKey()
		key, err := vault.ReadWrapKey(text)
		if err != nil {
			return err
		}
		if err := writeKey(*file, text); err != nil {
			return err
		}
		c.note("The key is in %s. These are its two shares, shown once: write them down, for two people.", *file)
		return c.show(struct {
			ID     string   `json:"id"`
			Shares []string `json:"shares"`
		}{key.ID(), []string{shares[0].Reveal(), shares[1].Reveal()}}, []string{"SHARE"}, []string{shares[0].Reveal()}, []string{shares[1].Reveal()})
	}
	return verb
}

func wrapKeyRestoreVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "restore",
		Short: "Make the file of a lost key again, of its two shares",
		Args:  cobra.NoArgs,
	}
	file := verb.Flags().String("file", "", "where the key is written")
	first := verb.Flags().String("share-1-file", "", "file with the first share (without it the terminal is asked)")
	second := verb.Flags().String("share-2-file", "", "file with the second one")
	_ = verb.MarkFlagRequired("file")
	verb.RunE = func(*cobra.Command, []string) error {
		var shares [2]custody.Secret
		for i, from := range []string{*first, *second} {
			var err error
			if shares[i], err = c.share(i+1, from); err != nil {
				return err
			}
		}
		text, err := vault.JoinShares(shares[0], shares[1])
		if err != nil {
			return usageError{err}
		}
		return writeKey(*file, text)
	}
	return verb
}

func (c *cli) share(number int, file string) (custody.Secret, error) {
	if file != "" {
		return secretFile(file)
	}
	if !isTerminal(c.in) {
		return custody.Secret{}, usagef("share %d is needed: name its file with --share-%d-file, or run this on a terminal", number, number)
	}
	typed, err := c.ask(fmt.Sprintf("Share %d", number)) // which shows: 60 letters are not typed blind
	return custody.SecretString(typed), err
}

func wrapKeyUnwrapVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "unwrap",
		Short: "Show one value without a server: for an emergency in which Tandem is down",
		Long: `Reads what Vault has at a path as the field "wrapped", on standard input, and shows
the value. Vault says which version it is. Nothing enters this in a ledger: have the
password changed afterwards.

  vault kv get -mount=tandem -field=wrapped credentials/db01 |
    tandem vault wrap-key unwrap --key-file KEY --path credentials/db01 --version 7`,
		Args: cobra.NoArgs,
	}
	file := verb.Flags().String("key-file", "", "the key")
	path := verb.Flags().String("path", "", "where it is below the mount, such as credentials/db01")
	version := verb.Flags().Int64("version", 0, "which version it is")
	for _, name := range []string{"key-file", "path", "version"} {
		_ = verb.MarkFlagRequired(name)
	}
	verb.RunE = func(*cobra.Command, []string) error {
		key, err := wrapKey(*file)
		if err != nil {
			return err
		}
		wrapped, err := io.ReadAll(io.LimitReader(c.in, 1<<20))
		if err != nil {
			return err
		}
		value, err := key.Unwrap(*path, *version, string(wrapped))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.out, value.Reveal())
		return err
	}
	return verb
}

// writeKey writes a key into a file that there was not.
func writeKey(path string, text custody.Secret) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usagef("%s is there already: a key that something was wrapped with must not be lost", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text.Bytes())
	return errors.Join(err, f.Sync(), f.Close())
}
