package ssh_test

import (
	"bytes"
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
)

// No password is seen on the host: not in the arguments or the environment of
// any process while it is changed, not in sshd's log, not in what a shell keeps.
func TestNothingIsSeenOnTheHost(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	for name, test := range map[string]struct {
		program  string // that must have been seen at work
		settings func(*sshtest.Server) []string
	}{
		"root": {"chpasswd", func(*sshtest.Server) []string { return nil }},
		"sudo": {"chpasswd", func(s *sshtest.Server) []string { return []string{"admin", s.AddSudoAdmin(t), "sudo", "true"} }},
		"own":  {"passwd", func(*sshtest.Server) []string { return []string{"own", "true"} }},
	} {
		t.Run(name, func(t *testing.T) { // not at the same time as others, whose processes would be seen
			server := sshtest.Start(t, "LogLevel DEBUG3")
			account, old := server.AddAccount(t)
			home := server.GiveHome(t, account)
			described := describe(server, account, test.settings(server)...)
			target := open(t, server, described)

			watched := watch(t)
			used := []custody.Secret{old}
			for range 40 {
				next := sshtest.NewPassword()
				want(t, "change", target.Change(t.Context(), used[len(used)-1], next), nil)
				want(t, "verify", target.Verify(t.Context(), next), nil)
				used = append(used, next)
				if watched.saw(test.program) && len(used) > 3 {
					break
				}
			}
			if !watched.saw(test.program) {
				t.Errorf("%s was never seen at work", test.program)
			}
			// What is refused or declined is logged most of all.
			wrong, weak := sshtest.NewPassword(), custody.SecretString("ñ7_x")
			want(t, "a wrong password", target.Verify(t.Context(), wrong), rotation.ErrRefused)
			if described.Settings["own"] == "true" {
				want(t, "a weak password", target.Change(t.Context(), used[len(used)-1], weak), rotation.ErrDeclined)
			}
			used = append(used, wrong, weak)

			seen := watched.stop()
			server.Stop()
			seen["sshd's log"] = server.Log()
			for _, dir := range []string{home, server.VarLog(), "/var/log"} {
				collect(t, dir, seen)
			}
			if !bytes.Contains(seen["sshd's log"], []byte(account)) {
				t.Error("sshd's log does not even name the account")
			}
			for where, text := range seen {
				for _, secret := range used {
					if bytes.Contains(text, secret.Bytes()) {
						t.Errorf("a password is in %s", where)
					}
				}
			}
		})
	}
}

// watcher looks at the arguments and the environment of every process.
type watcher struct {
	mu   sync.Mutex
	seen map[string]map[string]bool // "cmdline", "environ": what was in it
	end  context.CancelFunc
	done chan struct{}
}

func watch(t *testing.T) *watcher {
	ctx, cancel := context.WithCancel(t.Context())
	w := &watcher{
		seen: map[string]map[string]bool{"cmdline": {}, "environ": {}},
		end:  cancel, done: make(chan struct{}),
	}
	go func() {
		defer close(w.done)
		for ctx.Err() == nil {
			w.look()
		}
	}()
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *watcher) look() {
	processes, _ := os.ReadDir("/proc")
	for _, process := range processes {
		if strings.Trim(process.Name(), "0123456789") != "" {
			continue
		}
		for file, seen := range w.seen {
			text, _ := os.ReadFile("/proc/" + process.Name() + "/" + file) // of one that has ended: nothing
			w.mu.Lock()
			seen[string(text)] = true
			w.mu.Unlock()
		}
	}
}

func (w *watcher) saw(program string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for arguments := range w.seen["cmdline"] {
		if slices.Contains(strings.Split(arguments, "\x00"), program) {
			return true
		}
	}
	return false
}

// stop gives what was seen, by the name of the file.
func (w *watcher) stop() map[string][]byte {
	w.end()
	<-w.done
	all := map[string][]byte{}
	for file, seen := range w.seen {
		all[file] = []byte(strings.Join(slices.Collect(maps.Keys(seen)), "\n"))
	}
	return all
}

// collect reads what is in a folder: logs, histories of shells.
func collect(t *testing.T, dir string, into map[string][]byte) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil // others' logs come and go
		}
		if text, err := os.ReadFile(path); err == nil {
			into[path] = text
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
