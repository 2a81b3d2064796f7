package auditor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"os"
	"regexp"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/tandem-custody/tandem/audit"
)

// unsaved undoes what editors and mail programs do to every text that they save:
// the mark at its beginning, UTF-16, and line ends of two characters.
func unsaved(text []byte) []byte {
	if plain, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), text); err == nil {
		text = plain
	}
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
}

var (
	quoted   = regexp.MustCompile(`(?m)^[\pZ\t]*(>[\pZ\t]*)*`)
	trailing = regexp.MustCompile(`(?m)[\pZ\t]+$`)
	gaps     = regexp.MustCompile(`\n{3,}`)
	wrapped  = regexp.MustCompile(`(?m)^(— \S+)\n([A-Za-z0-9+/=]+)$`) // a signature, cut between name and value
)

// mendings are what may have been done to a checkpoint on its way here. Nothing of
// it can make a signature valid: what they give is verified like any other.
var mendings = []func([]byte) []byte{
	unsaved,
	func(text []byte) []byte {
		plain, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(unsaved(text))))
		if err != nil {
			return nil
		}
		return unsaved(plain)
	},
	unquoted,
	func(text []byte) []byte { return wrapped.ReplaceAll(unquoted(text), []byte("$1 $2")) },
}

// unquoted takes off what a mail program puts before each line of what it quotes.
func unquoted(text []byte) []byte {
	text = trailing.ReplaceAll(quoted.ReplaceAll(unsaved(text), nil), nil)
	return gaps.ReplaceAll(text, []byte("\n\n"))
}

// ErrNoCheckpoint: a file in which none can be read. That says nothing about a ledger.
var ErrNoCheckpoint = errors.New("no checkpoint can be read in it: it has a line with the ledger's name, one with a number, " +
	"one with a hash, an empty line, and a signature that begins with a dash; save it as it was sent")

// ReadCheckpoints gives the checkpoints in a file, mended so that as many as can be
// are valid by one of the keys, and whether there is anything else.
func ReadCheckpoints(path string, keys []string) (texts [][]byte, left bool, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, false, err
	}
	var from []byte
	best := 0
	for _, mend := range mendings {
		mended := mend(text)
		found, valid := readable(audit.SplitCheckpoints(mended), keys)
		if len(found)+valid > best {
			texts, from, best = found, mended, len(found)+valid
		}
	}
	if len(texts) == 0 {
		return nil, false, fmt.Errorf("%s: %w", path, ErrNoCheckpoint)
	}
	used := 0
	for _, note := range texts {
		used += len(bytes.ReplaceAll(note, []byte("\n"), nil))
	}
	return texts, used < len(bytes.ReplaceAll(from, []byte("\n"), nil)), nil
}

// readable leaves out what is no signed note, and counts those that are valid.
func readable(notes [][]byte, keys []string) (found [][]byte, valid int) {
	for _, note := range notes {
		_, err := audit.OpenAnyCheckpoint(note, keys)
		if errors.Is(err, audit.ErrUnreadable) {
			continue
		}
		if found = append(found, note); err == nil {
			valid++
		}
	}
	return found, valid
}

// VerifierKey gives a key as it was typed or read from a file, without what has
// stuck to its ends. What is no key is a mistake of whoever gave it, and no evidence.
func VerifierKey(text string) (string, error) {
	text = strings.TrimSpace(strings.Trim(string(unsaved([]byte(text))), "\ufeff"))
	if _, err := audit.OpenCheckpoint(nil, text); errors.Is(err, audit.ErrKey) {
		return "", misusef("--key must be the ledger's key as tandem ledger checkpoint says it: NAME+HASH+KEY")
	}
	return text, nil
}

func VerifierKeys(texts []string) (keys []string, err error) {
	for _, text := range texts {
		key, err := VerifierKey(text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}
