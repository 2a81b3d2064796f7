package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody/envelope"
)

// TestKilledBetweenTheStepsOfAnEnvelope kills the server with SIGKILL between each two steps
// in which an envelope is made. A start without any help makes it, two keys open it, and
// what is inside opens the server.
func TestKilledBetweenTheStepsOfAnEnvelope(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	in := newInstallation(t, "envelopes: {folder: "+folder+"}")
	keys := map[string]*age.X25519Identity{}
	var holders []api.Keyholder
	for _, name := range []string{"director", "tech-b"} {
		key, err := age.GenerateX25519Identity()
		must(t, err)
		keys[name] = key
		holders = append(holders, api.Keyholder{Person: name, Recipient: key.Recipient().String()})
	}
	now, err := in.people["admin"].Server.Policy(t.Context())
	must(t, err)
	agreed(t, in.people, func(admin *client.Client, code api.Secret) (api.Proposal, error) {
		values := now.Values
		values.Keyholders = holders
		return admin.AdoptPolicy(t.Context(), api.AdoptPolicy{Values: values, ReviewBy: time.Now().AddDate(0, 6, 0), Reason: "keys", TOTP: code})
	})
	inForce := func() (e api.Envelope, is bool) {
		all, err := in.people["auditor"].Server.Envelopes(t.Context())
		if err != nil || len(all.Envelopes) != 1 {
			return e, false
		}
		e = all.Envelopes[0]
		return e, e.State == api.EnvelopeInForce
	}
	in.waitFor("the first envelope to be in force", func() bool { _, is := inForce(); return is })
	for _, c := range []struct {
		step    string
		written bool // its file is in the folder, and whether the ledger has it is told by the next start
	}{{"intended", false}, {"read", false}, {"written", true}, {"sealed", true}} {
		before, number := in.credential(), files(t, folder)
		in.serving.kill()
		in.start(dieAt + "=envelope-" + c.step)
		in.must("tech-a", func(who *client.Client, code api.Secret) error {
			_, err := who.Rotate(t.Context(), installed, api.ConfirmedReason{Reason: c.step, TOTP: code})
			return err
		})
		select {
		case <-in.serving.ended:
		case <-time.After(60 * time.Second):
			t.Fatalf("%s: the server was not killed there", c.step)
		}
		if after := files(t, folder); (after > number) != c.written {
			t.Errorf("killed at %s: %d files in the folder, after %d", c.step, after, number)
		}
		in.start()
		in.waitFor("the envelope to be in force after it was killed at "+c.step, func() bool {
			e, is := inForce()
			return is && e.Version > before.Version
		})
		e, _ := inForce()
		if e.Version != before.Version+1 {
			t.Errorf("killed at %s: an envelope of version %d after %d", c.step, e.Version, before.Version)
		}
		content, err := os.ReadFile(filepath.Join(folder, e.File))
		must(t, err)
		closed, err := envelope.Read(content)
		must(t, err)
		letter, _, err := closed.Open(keys["director"], keys["tech-b"])
		if err != nil || !in.opens(api.Secret(letter.Password.Reveal())) {
			t.Errorf("killed at %s: what is in the envelope does not open the server: %v", c.step, err)
		}
		var locked *envelope.LockedError
		if _, _, err := closed.Open(keys["director"]); !errors.As(err, &locked) {
			t.Errorf("killed at %s: one key alone: %v", c.step, err)
		}
	}
	in.verify()
}

// files counts the envelopes in a folder.
func files(t *testing.T, folder string) (n int) {
	t.Helper()
	must(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".envelope" {
			n++
		}
		return err
	}))
	return n
}
