package envelope

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
	"filippo.io/age/plugin"

	"github.com/tandem-custody/tandem/custody"
)

// ErrNoIdentity: a file has no private key of age's in it.
var ErrNoIdentity = errors.New("this is no file of private keys as age-keygen or a plug-in of age writes it")

// Asker asks whoever is there. With nobody it is the zero one: a plug-in that needs an
// answer then fails, and so does a file that is closed with a passphrase.
type Asker struct {
	Passphrase func(what string) (custody.Secret, error)
	Plugins    *plugin.ClientUI
}

// Identities reads the private keys of a file: as age-keygen writes them, of plug-ins, or
// either closed with a passphrase by age itself (age -p). name is what the file is called
// when somebody is asked for that.
func Identities(name string, content []byte, ask Asker) ([]age.Identity, error) {
	closed := io.Reader(nil)
	switch {
	case bytes.HasPrefix(content, []byte(armor.Header)):
		closed = armor.NewReader(bytes.NewReader(content))
	case bytes.HasPrefix(content, []byte("age-encryption.org/")):
		closed = bytes.NewReader(content)
	}
	if closed != nil {
		if ask.Passphrase == nil {
			return nil, fmt.Errorf("%s is closed with a passphrase, and nobody is there to give it", name)
		}
		passphrase, err := ask.Passphrase("Passphrase of " + name)
		if err != nil {
			return nil, err
		}
		identity, err := age.NewScryptIdentity(passphrase.Reveal())
		if err != nil {
			return nil, errors.New("that is no passphrase")
		}
		if content, err = decrypted(closed, []age.Identity{identity}); err != nil {
			return nil, fmt.Errorf("%s does not open with that passphrase", name)
		}
	}
	ui := ask.Plugins
	if ui == nil {
		ui = silent()
	}
	var all []age.Identity
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, "AGE-PLUGIN-") {
			identity, err := plugin.NewIdentity(line, ui)
			if err != nil { // which could repeat the key
				return nil, fmt.Errorf("%s: %w", name, ErrNoIdentity)
			}
			all = append(all, identity)
			continue
		}
		these, err := age.ParseIdentities(strings.NewReader(line))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, ErrNoIdentity)
		}
		all = append(all, these...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: %w", name, ErrNoIdentity)
	}
	return all, nil
}
