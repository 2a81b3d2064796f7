package demo

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/alexedwards/argon2id"
)

// Accounts are the accounts of the demo SSH server and the file that keeps
// them, one "account:argon2id hash" a line, like /etc/shadow. The file is
// replaced durably before a change is answered, so that a kill -9 leaves what a
// real server's disk would have.
type Accounts struct {
	path  string
	write Write

	mu     sync.RWMutex
	hashes map[string]string
}

// accountHash follows OWASP's recommendation for argon2id: 19 MiB, two passes.
var accountHash = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

var ErrNoAccounts = errors.New("the demo SSH server has no account file yet")

// LoadAccounts reads the file; ErrNoAccounts when there is none.
func LoadAccounts(path string, write Write) (*Accounts, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoAccounts
	}
	if err != nil {
		return nil, err
	}
	a := &Accounts{path: path, write: write, hashes: map[string]string{}}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		account, hash, found := strings.Cut(lines.Text(), ":")
		if !found {
			return nil, fmt.Errorf("%s: a line without a colon", path)
		}
		a.hashes[account] = hash
	}
	return a, lines.Err()
}

// CreateAccounts makes the file with these passwords.
func CreateAccounts(path string, passwords map[string]string, write Write) (*Accounts, error) {
	a := &Accounts{path: path, write: write, hashes: map[string]string{}}
	for account := range passwords {
		a.hashes[account] = ""
	}
	return a, a.change(passwords)
}

// change sets all of these passwords, or none: an unknown account refuses all.
func (a *Accounts) change(passwords map[string]string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	changed := maps.Clone(a.hashes)
	for account, password := range passwords {
		if _, known := changed[account]; !known {
			return errors.New("no such account")
		}
		hash, err := argon2id.CreateHash(password, accountHash)
		if err != nil {
			return err
		}
		changed[account] = hash
	}
	var text strings.Builder
	for _, account := range slices.Sorted(maps.Keys(changed)) {
		fmt.Fprintf(&text, "%s:%s\n", account, changed[account])
	}
	if err := a.write(a.path, []byte(text.String())); err != nil {
		return err
	}
	a.hashes = changed
	return nil
}

// opens says whether the password opens the account.
func (a *Accounts) opens(account, password string) bool {
	a.mu.RLock()
	hash := a.hashes[account]
	a.mu.RUnlock()
	same, err := argon2id.ComparePasswordAndHash(password, hash) // an error for an account that is not there
	return err == nil && same
}
