package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/vault"
)

// demoFolder is the folder of a demo. demo.lock marks it as one and is held
// while the demo runs; demo.json is written last when it is set up, so a folder
// without it was left half done and is set up anew.
type demoFolder struct {
	path string
	lock *os.File
}

// demoRecord is demo.json: what the demo has to know again at its next start. It
// holds passwords and TOTP seeds in clear, because whoever tries the demo plays
// all its people. A real installation keeps neither: the people have them.
type demoRecord struct {
	SSH    string       `json:"ssh"` // where the credentials say that the server is
	People []demoPerson `json:"people"`
	Vault  *demoVault   `json:"vault,omitzero"`
}

// demoPerson is a log-in, as --json shows it.
type demoPerson struct {
	Username   string         `json:"username"`
	Password   string         `json:"password"`
	TOTPSecret string         `json:"totp_secret"` // base32
	TOTPPeriod int            `json:"totp_period"` // seconds
	Roles      []custody.Role `json:"roles"`

	enrolled int64 // TOTP step of the code that enrolment used up, in the process that did
}

// demoVault is what a demo has made for itself in a Vault.
type demoVault struct {
	Address string      `json:"address"`
	Names   vault.Names `json:"names"`
	RoleID  string      `json:"role_id"`
}

// demoFiles are all files that a demo makes, beside its lock.
var demoFiles = []string{
	"demo.json", "tandem.db", "tandem.db-journal", "tandem.db-wal", "tandem.db-shm", "secrets", "secrets.lock", "secrets.key",
	"vault-secret-id", "ssh_host_key", "ssh_admin_key", "ssh_accounts",
}

// openDemoFolder takes the folder for this process. It refuses a folder with
// something else in it: a demo must never touch an installation.
func openDemoFolder(path string) (_ *demoFolder, err error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	f := &demoFolder{path: path}
	_, err = os.Stat(f.file("demo.lock"))
	if errors.Is(err, fs.ErrNotExist) {
		if entries, err := os.ReadDir(path); err != nil || len(entries) > 0 {
			return nil, errors.Join(err, usagef("%s is not empty and no demo's folder: name a new one", path))
		}
	}
	if f.lock, err = os.OpenFile(f.file("demo.lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	// The system lets go of the lock however the process ends.
	if err := syscall.Flock(int(f.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another demo runs in %s", path), f.lock.Close())
	}
	return f, nil
}

func (f *demoFolder) file(name string) string { return filepath.Join(f.path, name) }

func (f *demoFolder) close() error { return f.lock.Close() }

// load gives the record; found is false where the demo is not set up, and then
// nothing is left of an attempt that was cut short.
func (f *demoFolder) load() (r demoRecord, found bool, err error) {
	r, found, err = f.read()
	if err == nil && !found {
		err = f.clear()
	}
	return r, found, err
}

func (f *demoFolder) read() (r demoRecord, found bool, err error) {
	text, err := os.ReadFile(f.file("demo.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, false, fmt.Errorf("%s: %w", f.file("demo.json"), err)
	}
	return r, true, nil
}

// demoSetUp reads the record of a demo, also of one that runs.
func demoSetUp(path string) (demoRecord, error) {
	r, found, err := (&demoFolder{path: path}).read()
	if err == nil && !found {
		err = usagef("no demo is set up in %s: name the folder that it prints as Data", path)
	}
	return r, err
}

// runningDemos gives the folders of the demos that run and were given no folder.
func runningDemos() ([]string, error) {
	found, err := filepath.Glob(filepath.Join(os.TempDir(), temporaryDemo))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(path string) bool {
		lock, err := os.Open(filepath.Join(path, "demo.lock"))
		if err != nil {
			return true // of somebody else, or none
		}
		defer lock.Close()
		return syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil // nobody holds it
	}), nil
}

// temporaryDemo is what the folder of a demo is called that was given none.
const temporaryDemo = "tandem-demo-*"

func (f *demoFolder) clear() error {
	for _, name := range demoFiles {
		if err := os.Remove(f.file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (f *demoFolder) save(r demoRecord) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return writeDurably(f.file("demo.json"), text)
}
