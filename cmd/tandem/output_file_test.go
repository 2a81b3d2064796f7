package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/demo"
)

// outputs are the two ways in which Tandem writes what a person names.
var outputs = map[string]func(path, text string) error{
	"-O": func(path, text string) error {
		return new(cli).writeFile(path, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	},
	"a token, key or id file": func(path, text string) error { return writeDurably(path, []byte(text)) },
}

// TestAnOutputReplacesNoDevice: tandem ledger export -O /dev/null, as root, made a
// file of it. Here it is a device of the test's own.
func TestAnOutputReplacesNoDevice(t *testing.T) {
	if os.Geteuid() != 0 { // the others cannot make a device, nor break one
		t.Log("without root the device of the test is a pipe")
	}
	for name, write := range outputs {
		path := filepath.Join(t.TempDir(), "null")
		if os.Geteuid() == 0 {
			const null = 1<<8 | 3 // major 1, minor 3 (null(4))
			if err := syscall.Mknod(path, syscall.S_IFCHR|0o666, null); err != nil {
				t.Fatal(err)
			}
		} else {
			path = newPipe(t, nil)
		}
		before := modeOf(t, path)
		// Where no device counts (mount(8), nodev) it is refused, which will do.
		if err := write(path, "text"); err != nil && !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", name, err)
		}
		if after := modeOf(t, path); after != before {
			t.Errorf("%s: the device %v became %v", name, before, after)
		}
		onlyFile(t, path)
	}
}

func TestAnOutputGoesIntoAPipe(t *testing.T) {
	for name, write := range outputs {
		read := make(chan string, 1)
		path := newPipe(t, read)
		if err := write(path, "text"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		select {
		case got := <-read:
			if got != "text" {
				t.Errorf("%s: %q came through", name, got)
			}
		case <-time.After(announcementPatience):
			t.Fatalf("%s: nothing came through the pipe", name)
		}
		if mode := modeOf(t, path); mode.Type() != fs.ModeNamedPipe {
			t.Errorf("%s: the pipe became %v", name, mode)
		}
	}
}

// TestAnOutputFollowsLinks: also one that leads to nothing yet. The link stays.
func TestAnOutputFollowsLinks(t *testing.T) {
	for name, write := range outputs {
		for _, there := range []bool{true, false} {
			folder := t.TempDir()
			target, link := filepath.Join(folder, "elsewhere", "file"), filepath.Join(folder, "link")
			if err := os.Mkdir(filepath.Dir(target), 0o700); err != nil {
				t.Fatal(err)
			}
			if there {
				if err := os.WriteFile(target, []byte("what was there, and longer"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Symlink(filepath.Join("elsewhere", "file"), link); err != nil {
				t.Fatal(err)
			}
			if err := write(link, "text"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if mode := modeOf(t, link); mode.Type() != fs.ModeSymlink {
				t.Errorf("%s, there %v: the link became %v", name, there, mode)
			}
			if text, err := os.ReadFile(target); err != nil || string(text) != "text" {
				t.Errorf("%s, there %v: %q, %v", name, there, text, err)
			}
			onlyFile(t, target)
		}
	}
}

// TestAnOutputThatFailsLeavesWhatWas, and nothing beside it.
func TestAnOutputThatFailsLeavesWhatWas(t *testing.T) {
	full := errors.New("the server is gone")
	failing := func(w io.Writer) error { _, _ = io.WriteString(w, "half"); return full }
	folder := t.TempDir()
	path, link := filepath.Join(folder, "a", "file"), filepath.Join(folder, "link")
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.Symlink(path, link)); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{path, link} {
		if err := new(cli).writeFile(to, failing); !errors.Is(err, full) {
			t.Errorf("%s: %v", to, err)
		}
		if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 0 {
			t.Errorf("%s: left %v, %v", to, entries, err)
		}
	}
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{path, link} {
		if err := new(cli).writeFile(to, failing); !errors.Is(err, full) {
			t.Errorf("%s: %v", to, err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != "before" {
			t.Errorf("%s: %q, %v", to, text, err)
		}
	}
	if err := writeDurably(folder, []byte("text")); err == nil {
		t.Error("a folder was written to")
	}
}

// TestExportIntoStdout, by any of its names: what the shell wrote before stays.
func TestExportIntoStdout(t *testing.T) {
	database := newOfficeDatabase(t)
	for _, name := range []string{"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"} {
		path := filepath.Join(t.TempDir(), "redirected")
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString("# before\n"); err != nil {
			t.Fatal(err)
		}
		command := exec.Command("tandem", "ledger", "export", "--database", database, "--format", "jsonl", "-O", name)
		command.Stdout = file
		if err := errors.Join(command.Run(), file.Close()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if text, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(text), "# before\n{") {
			t.Errorf("%s: %.80q, %v", name, text, err)
		}
	}
}

// TestALogInIsNotKeptInADevice: nor is the device taken away with the log-out.
func TestALogInIsNotKeptInADevice(t *testing.T) {
	path := newPipe(t, nil)
	c := &cli{tokenFile: path}
	if err := c.save(savedSession{Server: "https://tandem.example"}); err != nil {
		t.Error(err)
	}
	if err := c.forget(); err != nil {
		t.Error(err)
	}
	if mode := modeOf(t, path); mode.Type() != fs.ModeNamedPipe {
		t.Errorf("the pipe became %v", mode)
	}

	folder := t.TempDir()
	target, link := filepath.Join(folder, "session"), filepath.Join(folder, "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	c = &cli{tokenFile: link}
	if err := c.save(savedSession{Server: "https://tandem.example", Token: "t"}); err != nil {
		t.Error(err)
	}
	if s, err := c.saved(); err != nil || s.Token != "t" {
		t.Errorf("%+v, %v", s, err)
	}
	if err := c.forget(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(target); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the log-in is still there after the log-out: %v", err)
	}
	if mode := modeOf(t, link); mode.Type() != fs.ModeSymlink {
		t.Errorf("the link became %v", mode)
	}
}

// newPipe makes a FIFO that somebody reads from until the test ends. Into tells
// what came first; nil: nobody is told.
func newPipe(t *testing.T, into chan<- string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	// Opened for both, so that neither end waits for the other.
	pipe, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pipe.Close() })
	go func() {
		text := make([]byte, 1<<16)
		n, _ := pipe.Read(text)
		if into != nil {
			into <- string(text[:n])
		}
	}()
	return path
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

// onlyFile fails if there is anything beside the file.
func onlyFile(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside %s there is %v, %v", path, entries, err)
	}
}

// newOfficeDatabase makes the database of an installation with people in it.
func newOfficeDatabase(t *testing.T) (path string) {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "tandem.yaml")
	text := fmt.Appendf(nil, "database: sqlite:%[1]s/tandem.db\nsecrets: embedded\nembedded: {path: %[1]s/secrets, key_file: %[1]s/key}\nledger: {origin: office.test}\n", folder)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(config.Sources{File: file})
	if err != nil {
		t.Fatal(err)
	}
	p, err := openProgram(t.Context(), cfg, newLog(config.Log{Level: "error"}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = demo.SeedPeople(t.Context(), p.desk, installationPeriod)
	if err := errors.Join(err, p.close()); err != nil {
		t.Fatal(err)
	}
	return cfg.SQLitePath()
}
