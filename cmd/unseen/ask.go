package unseen

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/tandem-custody/tandem/custody"
)

// Ask asks on the terminal in, writing to out, which is the same one, and gives what was
// typed up to the end of the line. Nothing of it is shown: the terminal stops showing what is
// typed before the question is there, so that an answer which comes with it, from a password
// manager or a paste, is not seen either. The error is that of the terminal, or io.EOF for
// Ctrl-C and Ctrl-D.
func Ask(in *os.File, out io.Writer, question string) (secret custody.Secret, err error) {
	was, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return custody.Secret{}, err
	}
	defer func() {
		if back := term.Restore(int(in.Fd()), was); err == nil {
			err = back
		}
	}()
	screen := struct {
		io.Reader
		io.Writer
	}{in, out}
	typed, err := term.NewTerminal(screen, "").ReadPassword(question)
	if err != nil {
		return custody.Secret{}, err
	}
	return custody.SecretString(typed), nil
}
