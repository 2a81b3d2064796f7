package demo

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

// Write writes a file whole or not at all, for its owner only, so that it lasts.
type Write func(path string, content []byte) error

// FolderError is a folder that is not what whoever named it takes it for.
type FolderError struct{ what string }

func (e *FolderError) Error() string { return e.what }

// Folder is the folder of a demo. demo.lock marks it as one and is held
// while the demo runs; demo.json is written last when it is set up, so a folder
// without it was left half done and is set up anew.
type Folder struct {
	Path  string
	write Write
	lock  *os.File
}

// Record is demo.json: what the demo has to know again at its next start. It
// holds passwords and TOTP seeds in clear, because whoever tries the demo plays
// all its people. A real installation keeps neither: the people have them.
type Record struct {
	SSH    string   `json:"ssh"` // where the credentials say that the server is
	People []Person `json:"people"`
	Vault  *Vault   `json:"vault,omitzero"`
}

// Person is a log-in, as --json shows it.
type Person struct {
	Username   string         `json:"username"`
	Password   string         `json:"password"`
	TOTPSecret string         `json:"totp_secret"` // base32
	TOTPPeriod int            `json:"totp_period"` // seconds
	Roles      []custody.Role `json:"roles"`

	Enrolled int64 `json:"-"` // TOTP step of the code that enrolment used up, in the process that did
}

// Vault is what a demo has made for itself in a Vault.
type Vault struct {
	Address string      `json:"address"`
	Names   vault.Names `json:"names"`
	RoleID  string      `json:"role_id"`
}

// demoFiles are all files that a demo makes, beside its lock.
var demoFiles = []string{
	"demo.json", "tandem.db", "tandem.db-journal", "tandem.db-wal", "tandem.db-shm", "secrets", "secrets.lock", "secrets.key",
	"vault-secret-id", "ssh_host_key", "ssh_admin_key", "ssh_accounts",
}

// OpenFolder takes the folder for this process. It refuses a folder with
// something else in it: a demo must never touch an installation.
func OpenFolder(path string, write Write) (_ *Folder, err error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	f := &Folder{Path: path, write: write}
	_, err = os.Stat(f.File("demo.lock"))
	if errors.Is(err, fs.ErrNotExist) {
		if entries, err := os.ReadDir(path); err != nil || len(entries) > 0 {
			return nil, errors.Join(err, &FolderError{path + " is not empty and no demo's folder: name a new one"})
		}
	}
	if f.lock, err = os.OpenFile(f.File("demo.lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	// The system lets go of the lock however the process ends.
	if err := syscall.Flock(int(f.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another demo runs in %s", path), f.lock.Close())
	}
	return f, nil
}

func (f *Folder) File(name string) string { return filepath.Join(f.Path, name) }

func (f *Folder) Close() error { return f.lock.Close() }

// load gives the record; found is false where the demo is not set up, and then
// nothing is left of an attempt that was cut short.
func (f *Folder) Load() (r Record, found bool, err error) {
	r, found, err = f.read()
	if err == nil && !found {
		err = f.clear()
	}
	return r, found, err
}

func (f *Folder) read() (r Record, found bool, err error) {
	text, err := os.ReadFile(f.File("demo.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, false, fmt.Errorf("%s: %w", f.File("demo.json"), err)
	}
	return r, true, nil
}

// SetUp reads the record of a demo, also of one that runs.
func SetUp(path string) (Record, error) {
	r, found, err := (&Folder{Path: path}).read()
	if err == nil && !found {
		err = &FolderError{"no demo is set up in " + path + ": name the folder that it prints as Data"}
	}
	return r, err
}

// Running gives the folders of the demos that run and were given no folder.
func Running() ([]string, error) {
	found, err := filepath.Glob(filepath.Join(os.TempDir(), Temporary))
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

// Temporary is what the folder of a demo is called that was given none.
const Temporary = "tandem-demo-*"

func (f *Folder) clear() error {
	if err := os.RemoveAll(f.File("envelopes")); err != nil {
		return err
	}
	for _, name := range demoFiles {
		if err := os.Remove(f.File(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (f *Folder) Save(r Record) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return f.write(f.File("demo.json"), text)
}
