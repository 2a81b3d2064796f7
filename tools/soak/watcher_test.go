package soak

import (
	"bytes"
	"context"
	"crypto/rand"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// watcher looks at the arguments and the environment of every process of this
// machine, again and again.
type watcher struct {
	planted string // in a process that it must see

	mu    sync.Mutex
	texts map[string]bool
}

// watch begins to, and ends with the test.
func watch(t *testing.T) *watcher {
	w := &watcher{planted: rand.Text(), texts: map[string]bool{}}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		looks := map[string]int{} // by process
		for look := time.NewTicker(5 * time.Millisecond); ctx.Err() == nil; <-look.C {
			w.look(looks)
		}
	}()
	t.Cleanup(func() { stop(); <-done })
	victim := exec.Command("sh", "-c", "read line", w.planted)
	victim.Env = []string{"PLANTED=" + w.planted}
	in, err := victim.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = victim.Wait() })
	return w
}

// look reads what is new: each process a few times when it is young, because it
// becomes another program then, and now and then when it is old, because some
// write what they do where their arguments were.
func (w *watcher) look(looks map[string]int) {
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	alive := make(map[string]int, len(processes))
	for _, process := range processes {
		n := looks[process]
		alive[process] = n + 1
		if n >= 4 && n%100 != 0 {
			continue
		}
		// In this order: what has become the oracle by then is known by its name.
		environment, _ := os.ReadFile(process + "/environ")
		arguments, _ := os.ReadFile(process + "/cmdline")
		if len(arguments) == 0 || isOracle(arguments) { // it has ended meanwhile
			continue
		}
		w.mu.Lock()
		w.texts["arguments: "+string(arguments)], w.texts["environment: "+string(environment)] = true, true
		w.mu.Unlock()
	}
	clear(looks)
	maps.Copy(looks, alive)
}

// isOracle recognises the servers' own clients, which this test gives passwords
// in their environment; psql may be a script. Tandem runs no program.
func isOracle(arguments []byte) bool {
	for i, argument := range bytes.Split(arguments, []byte{0}) {
		if name := filepath.Base(string(argument)); i < 2 && (name == "psql" || name == "mariadb") {
			return true
		}
	}
	return false
}

func (w *watcher) seen() map[string][]byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return map[string][]byte{"/proc": []byte(strings.Join(slices.Collect(maps.Keys(w.texts)), "\n"))}
}
