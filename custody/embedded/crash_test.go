package embedded_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/embedded"
)

// TestKilledWhileWriting kills a process that writes without pause, with SIGKILL
// and at whatever point it happens to be. What it had reported as written must
// be there, whole, and the next process must get the store.
func TestKilledWhileWriting(t *testing.T) {
	const folder = "TANDEM_EMBEDDED_WRITER" // set for the process that is killed
	if path := os.Getenv(folder); path != "" {
		writeUntilKilled(t, path)
		return
	}
	path, key := place(t)
	must(t)(embedded.Create(path, key)).Close()
	for round := range 25 {
		writer := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledWhileWriting$")
		writer.Env = append(os.Environ(), folder+"="+path)
		writer.Stderr = os.Stderr
		out, err := writer.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		var reported int64
		for n := 0; n < 3+round && lines.Scan(); {
			if v, ok := strings.CutPrefix(lines.Text(), "written "); ok {
				if reported, err = strconv.ParseInt(v, 10, 64); err != nil {
					t.Fatal(err)
				}
				n++
			}
		}
		if _, err := embedded.Open(path, key); !errors.Is(err, embedded.ErrInUse) {
			t.Errorf("while the writer has it: %v, want %v", err, embedded.ErrInUse)
		}
		if err := writer.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it managed to report before it died
			if v, ok := strings.CutPrefix(lines.Text(), "written "); ok {
				if n, err := strconv.ParseInt(v, 10, 64); err == nil {
					reported = n
				}
			}
		}
		if err := writer.Wait(); err == nil {
			t.Fatal("the writer ended by itself")
		}

		s, err := embedded.Open(path, key)
		if err != nil {
			t.Fatalf("after the kill: %v", err)
		}
		got, err := s.Read(t.Context(), "credentials/a")
		if err != nil || got.Version < reported || got.Version > reported+1 {
			t.Fatalf("version %d (%v), the writer had reported %d", got.Version, err, reported)
		}
		for v := got.Version; v > max(0, got.Version-10); v-- {
			if old, err := s.ReadVersion(t.Context(), "credentials/a", v); err != nil || old.Reveal() != fmt.Sprint("value ", v) {
				t.Fatalf("version %d: %v, or another value", v, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func writeUntilKilled(t *testing.T, path string) {
	s, err := embedded.Open(path, embedded.Unlock{KeyFile: path[:strings.LastIndexByte(path, '/')] + "/key"})
	if err != nil {
		t.Fatal(err)
	}
	var version int64
	if got, err := s.Read(t.Context(), "credentials/a"); err == nil {
		version = got.Version
	}
	for {
		value := custody.SecretString(fmt.Sprint("value ", version+1))
		if version, err = s.Write(t.Context(), "credentials/a", value, version, nil); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("\nwritten %d\n", version)
	}
}

// What a crash can leave beside the file is in nobody's way.
func TestLeftoverOfACrash(t *testing.T) {
	path, key := place(t)
	s := must(t)(embedded.Create(path, key))
	put(t, s, "credentials/a", "kept", 0)
	s.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, leftover := range [][]byte{{}, whole[:len(whole)/2], []byte("rubbish")} {
		if err := os.WriteFile(path+".tmp", leftover, 0o400); err != nil {
			t.Fatal(err)
		}
		s := must(t)(embedded.Open(path, key))
		wantValue(t, s, "credentials/a", "kept", int64(i)+1)
		put(t, s, "credentials/a", "kept", int64(i)+1)
		s.Close()
	}
}
