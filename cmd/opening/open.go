package opening

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/plugin"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tandem-custody/tandem/cmd/clipboard"
	"github.com/tandem-custody/tandem/cmd/unseen"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/envelope"
)

// passphraseVariable stands in for a terminal: it names a file with the passphrase of those
// files of keys that have one.
const passphraseVariable = "TANDEM_IDENTITY_PASSPHRASE_FILE"

// maxKeys is how large a file of keys may be, in bytes.
const maxKeys = 1 << 20

// Console is where the verb reads and writes, and how it prints.
type Console struct {
	In    *os.File
	Out   io.Writer   // what was asked for
	Err   io.Writer   // everything else
	JSON  func() bool // whether -o json was given
	Usage func(format string, args ...any) error
}

// Opened is an envelope that was opened, as -o json prints it.
type Opened struct {
	Credential string    `json:"credential"`
	Version    int64     `json:"version"`
	Made       time.Time `json:"made"`
	Origin     string    `json:"origin"`
	Kind       string    `json:"kind"`
	Address    string    `json:"address"`
	Account    string    `json:"account"`
	By         [2]string `json:"by"`
	Password   string    `json:"password,omitempty"`
}

// Verb makes "open FILE -i KEYS -i KEYS".
func Verb(c Console) *cobra.Command {
	var keys []string
	var reveal bool
	var keep time.Duration
	verb := &cobra.Command{
		Use:   "open FILE -i KEYS -i KEYS",
		Short: "Open an envelope with the keys of two keyholders; it needs no server",
		Long: `Opens an envelope with the keys of two of its keyholders, without a server and
without a network. On a terminal the password goes to the clipboard, which is
emptied after a while; with --reveal it goes to stdout, and nothing else does.

KEYS is a file as age-keygen or a plug-in of age writes it; it may be closed with
a passphrase by age itself (age -p). When Tandem is back, say that it was opened:
tandem envelope opened NAME --by A --by B. The password is changed then.`,
		Example: `  tandem envelope open /mnt/envelopes/db01-root.9.envelope -i ann.txt -i bob.txt`,
		Args:    cobra.ExactArgs(1),
	}
	verb.Flags().StringArrayVarP(&keys, "identity", "i", nil, "a file of private keys of age's; two people's")
	verb.Flags().BoolVar(&reveal, "reveal", false, "print the password on stdout")
	verb.Flags().DurationVar(&keep, "clear-after", 30*time.Second, "empty the clipboard after this")
	_ = verb.MarkFlagRequired("identity")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		if !reveal && (!terminal(c.Out) || clipboard.Lacking()) {
			return c.Usage("there is no terminal with a clipboard here: add --reveal to have the password on stdout")
		}
		e, letter, by, err := c.Open(args[0], keys)
		if err != nil {
			return err
		}
		c.note("%s, version %d, of %s: opened with the keys of %s and %s.", e.Credential, e.Version, e.Made.Format(time.RFC3339), by[0], by[1])
		c.note("%s %s at %s. Say so when Tandem is back: tandem envelope opened %s --by %s --by %s", letter.Kind, letter.Account, letter.Address, e.Credential, by[0], by[1])
		out := Opened{e.Credential, e.Version, e.Made, e.Origin, letter.Kind, letter.Address, letter.Account, by, letter.Password.Reveal()}
		if !reveal {
			return c.copy(cmd.Context(), out, keep)
		}
		if c.JSON() {
			return c.print(out)
		}
		_, err = fmt.Fprintln(c.Out, out.Password)
		return err
	}
	return verb
}

// Open opens a file with what is in files of keys. It asks for passphrases on the terminal.
func (c Console) Open(path string, keys []string) (*envelope.Envelope, envelope.Letter, [2]string, error) {
	content, err := read(path, envelope.MaxSize)
	if err != nil {
		return nil, envelope.Letter{}, [2]string{}, err
	}
	e, err := envelope.Read(content)
	if err != nil {
		return nil, envelope.Letter{}, [2]string{}, fmt.Errorf("%s: %w", path, err)
	}
	var identities []age.Identity
	for _, name := range keys {
		content, err := read(name, maxKeys)
		if err != nil {
			return nil, envelope.Letter{}, [2]string{}, err
		}
		these, err := envelope.Identities(name, content, c.asker())
		if err != nil {
			return nil, envelope.Letter{}, [2]string{}, err
		}
		identities = append(identities, these...)
	}
	letter, by, err := e.Open(identities...)
	if err != nil {
		return nil, envelope.Letter{}, by, fmt.Errorf("%s: %w", path, err)
	}
	return e, letter, by, nil
}

func read(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(content)) > most {
		err = fmt.Errorf("%s is larger than %d bytes", path, most)
	}
	return content, err
}

// asker asks on the terminal, where there is one.
func (c Console) asker() envelope.Asker {
	ask := envelope.Asker{Passphrase: c.passphrase}
	if term.IsTerminal(int(c.In.Fd())) {
		ask.Plugins = plugin.NewTerminalUI(c.note, c.note)
	}
	return ask
}

func (c Console) passphrase(what string) (custody.Secret, error) {
	if path := os.Getenv(passphraseVariable); path != "" {
		text, err := read(path, maxKeys)
		return custody.SecretString(strings.TrimRight(string(text), "\r\n")), err
	}
	if !term.IsTerminal(int(c.In.Fd())) {
		return custody.Secret{}, c.Usage("a passphrase is needed: name its file in %s, or run this on a terminal", passphraseVariable)
	}
	typed, err := unseen.Ask(c.In, c.Err, what+": ")
	if err != nil {
		return custody.Secret{}, errors.New("the passphrase could not be read from the terminal")
	}
	return typed, nil
}

// copy puts the password on the clipboard and takes it off again, also when the person does
// not want to wait.
func (c Console) copy(ctx context.Context, out Opened, keep time.Duration) error {
	return clipboard.Lend(ctx, out.Password, keep, "open it again with --reveal", func() error {
		if c.JSON() {
			out.Password = ""
			if err := c.print(out); err != nil {
				return err
			}
		}
		c.note("The password is on the clipboard for %s.", keep)
		return nil
	})
}

func (c Console) print(out Opened) error {
	to := json.NewEncoder(c.Out)
	to.SetEscapeHTML(false)
	to.SetIndent("", "  ")
	return to.Encode(out)
}

func (c Console) note(format string, args ...any) { fmt.Fprintf(c.Err, format+"\n", args...) }

func terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
