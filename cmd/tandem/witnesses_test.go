package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/witness"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/witnessing"
)

// witnessed is an installation with the embedded secret store, and two witnesses
// in processes of their own, both of which must cosign.
type witnessed struct {
	*installation
	key     string // of the ledger
	folders []string
	said    []witnessAnnouncement
	process []*exec.Cmd
	entered int // people that were added
}

// newWitnessed has been run without witnesses before. What its database was then
// is in the folder "old".
func newWitnessed(t *testing.T) *witnessed {
	t.Helper()
	w := &witnessed{installation: &installation{
		t: t, folder: t.TempDir(), errors: &errorBodies{}, address: freeAddress(t), ops: freeAddress(t), people: map[string]*play.Player{},
	}}
	w.configure("")
	w.hire()
	w.start()
	w.logIn()
	var err error
	if w.key, err = w.auditor().LedgerKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.serving.kill()
	w.copyDatabase(w.folder, w.file("old"))

	var list strings.Builder
	for i := range 2 {
		folder := w.file(fmt.Sprint("w", i+1))
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		said, process := startWitness(t, folder, w.key, "--name", filepath.Base(folder))
		w.folders, w.said, w.process = append(w.folders, folder), append(w.said, said), append(w.process, process)
		fmt.Fprintf(&list, "    - {url: %q, key: %q}\n", said.URL, said.Key)
	}
	w.configure(fmt.Sprintf("  need: 2\n  deliveries: [{file: %q, every: 1h}]\n  witnesses:\n%s", w.file("checkpoints"), &list))
	w.start()
	return w
}

func (w *witnessed) configure(more string) {
	w.t.Helper()
	text := fmt.Sprintf(`
listen: %s
metrics_listen: %s
database: sqlite:%s
secrets: embedded
embedded: {path: %s, key_file: %s}
log: {level: debug, format: json}
ledger:
  origin: installation.test/ledger
%s`, w.address, w.ops, w.file("tandem.db"), w.file("secrets"), w.file("key"), more)
	if err := os.WriteFile(w.file("tandem.yaml"), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if _, err := config.Load(config.Sources{File: w.file("tandem.yaml")}); err != nil {
		w.t.Fatal(err)
	}
}

// copyDatabase makes the files of the database in to what they are in from.
func (w *witnessed) copyDatabase(from, to string) {
	w.t.Helper()
	if err := os.MkdirAll(to, 0o700); err != nil {
		w.t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		content, err := os.ReadFile(filepath.Join(from, "tandem.db"+suffix))
		if os.IsNotExist(err) {
			err = os.RemoveAll(filepath.Join(to, "tandem.db"+suffix))
		} else if err == nil {
			err = os.WriteFile(filepath.Join(to, "tandem.db"+suffix), content, 0o600)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// enter has the admin refused n times: an entry of the ledger each.
func (w *witnessed) enter(n int) {
	w.t.Helper()
	for range n {
		w.entered++
		if err := entersRefusal(w.t.Context(), w.people["admin"]); err != nil {
			w.t.Fatalf("%v\n%s", err, w.logEnd())
		}
	}
}

func (w *witnessed) auditor() *client.Client { return w.people["auditor"].Server }

func (w *witnessed) head() audit.Checkpoint {
	w.t.Helper()
	text, err := w.auditor().Checkpoint(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	head, err := audit.OpenCheckpoint(text, w.key)
	if err != nil {
		w.t.Fatal(err)
	}
	return head
}

// eventually waits until the API says so.
func (w *witnessed) eventually(what string, is func(api.Witnessing) bool) api.Witnessing {
	w.t.Helper()
	var s api.Witnessing
	w.waitFor(what, func() bool {
		var err error
		if s, err = w.auditor().Witnessing(w.t.Context()); err != nil {
			w.t.Fatalf("%v\n%s", err, w.logEnd())
		}
		return is(s)
	})
	return s
}

func (w *witnessed) metric(line string) bool {
	w.t.Helper()
	_, body := w.operations("/metrics")
	return slices.Contains(strings.Split(body, "\n"), line)
}

func (w *witnessed) conflicts() []api.Entry {
	w.t.Helper()
	entries, err := w.auditor().Entries(w.t.Context(), desk.EntryQuery{Type: "ledger.conflict"})
	if err != nil {
		w.t.Fatal(err)
	}
	return entries
}

// TestRecipients: the address of a webhook can stand in a file of its own, and is
// told to nobody.
func TestRecipients(t *testing.T) {
	hook, bad := filepath.Join(t.TempDir(), "hook"), filepath.Join(t.TempDir(), "bad")
	for path, text := range map[string]string{hook: "https://hook.example/hunter2\n", bad: "hunter2"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for want, d := range map[string]config.Delivery{
		"file checkpoints":      {File: "checkpoints"},
		"webhook plain.example": {Webhook: "https://plain.example/hunter2"},
		"webhook hook.example":  {WebhookFile: hook},
		"e-mail a@b.example":    {Email: "a@b.example"},
	} {
		if to, err := (&program{}).recipient(0, d, nil); err != nil || to.String() != want {
			t.Errorf("%v, %v; want %s", to, err, want)
		}
	}
	for _, path := range []string{bad, bad + "-absent"} {
		if _, err := (&program{}).recipient(0, config.Delivery{WebhookFile: path}, nil); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestWitnessedInstallation: two witnesses cosign; one is lost, and custody goes
// on; an older database is put back and goes on otherwise, which the other
// witness refuses, with evidence, and everybody can see.
func TestWitnessedInstallation(t *testing.T) {
	t.Parallel()
	w := newWitnessed(t)
	ctx := t.Context()
	w.enter(5)
	head := w.head()
	w.eventually("both to cosign", func(s api.Witnessing) bool {
		return s.Witnessed >= head.Size && len(s.By) == 2 && s.Cosigning == 2 && len(s.Alerts) == 0
	})
	text, err := w.auditor().WitnessedCheckpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cosigned, err := audit.OpenCheckpoint(text, w.key)
	if err != nil || cosigned.Size < head.Size {
		t.Fatalf("%d entries, %v", cosigned.Size, err)
	}
	if made, err := (audit.Quorum{Need: 2, Keys: []string{w.said[0].Key, w.said[1].Key}}).Check(cosigned); err != nil || len(made) != 2 {
		t.Errorf("%d cosignatures, %v", len(made), err)
	}
	w.waitFor("a delivery", func() bool {
		delivered, err := os.ReadFile(w.file("checkpoints"))
		if err != nil {
			return false
		}
		notes := audit.SplitCheckpoints(delivered)
		if len(notes) == 0 {
			return false
		}
		_, err = audit.OpenCheckpoint(notes[0], w.key)
		return err == nil
	})

	// A witness is lost.
	_ = w.process[1].Process.Kill()
	_ = w.process[1].Wait()
	w.enter(3)
	head = w.head()
	s := w.eventually("one to be lost", func(s api.Witnessing) bool {
		return s.Witnesses[0].Size >= head.Size && s.Witnesses[1].State == "lost"
	})
	if s.Cosigning != 1 || s.Need != 2 || s.Witnessed != cosigned.Size || len(s.Alerts) != 1 || !strings.Contains(s.Alerts[0], "w2") {
		t.Errorf("%+v", s)
	}
	if status, body := w.operations("/readyz"); status != http.StatusOK || !strings.Contains(body, `"warnings":["witness w2 is lost`) {
		t.Errorf("%d %s", status, body)
	}
	if !w.metric(`tandem_witness_state{state="lost",witness="w2"} 1`) {
		t.Error("not in the metrics")
	}
	var shown strings.Builder
	if err := (&cli{console: console{out: &shown, err: &shown}, output: asTable}).showWitnessing(s); err != nil ||
		!strings.Contains(shown.String(), "1 of 2 witnesses cosign") {
		t.Errorf("%v\n%s", err, &shown)
	}
	if len(w.conflicts()) != 0 {
		t.Error("a lost witness is no conflict")
	}

	// An older database is put back, and goes on otherwise.
	w.serving.kill()
	w.copyDatabase(w.file("old"), w.folder)
	w.start()
	w.enter(1)
	s = w.eventually("a conflict", func(s api.Witnessing) bool {
		return s.Witnesses[0].State == "conflict" && len(w.conflicts()) > 0
	})
	if !slices.ContainsFunc(s.Alerts, func(alert string) bool { return strings.Contains(alert, "special event") }) || s.Witnessed != 0 {
		t.Errorf("%+v", s)
	}
	if !w.metric(`tandem_witness_state{state="conflict",witness="w1"} 1`) {
		t.Error("not in the metrics")
	}
	entered := w.conflicts()
	var fact custody.LedgerConflict
	if err := json.Unmarshal(entered[0].Data, &fact); err != nil {
		t.Fatal(err)
	}
	if len(entered) != 1 || entered[0].Grade != string(custody.Special) || fact.Witness != "w1" || fact.Cosigned < head.Size || fact.Size >= head.Size {
		t.Errorf("%+v of %+v", entered, fact)
	}
	out, err := exec.CommandContext(ctx, "tandem", "witness", "evidence", "-o", "json", "--database", filepath.Join(w.folders[0], "witness.db")).Output()
	if err != nil {
		t.Fatal(err)
	}
	var kept []keptEvidence
	if err := json.Unmarshal(out, &kept); err != nil || len(kept) == 0 {
		t.Fatalf("%s, %v", out, err)
	}
	for _, e := range kept {
		before, err1 := audit.OpenCheckpoint([]byte(e.Cosigned), w.key)
		after, err2 := audit.OpenCheckpoint([]byte(e.Refused), w.key)
		// A server that starts on an older file enters that it did: then it can be as long again.
		rolled := e.Kind == witness.Rollback && after.Size < before.Size || e.Kind == witness.Fork && after.Size == before.Size && after.Root != before.Root
		if err1 != nil || err2 != nil || !rolled {
			t.Errorf("%s: %d refused after %d, %v, %v", e.Kind, after.Size, before.Size, err1, err2)
		}
	}
	if _, err := (auditor.Request{Now: time.Now()}).Server(ctx, w.auditor()); err != nil {
		t.Errorf("the ledger with the conflict in it: %v", err)
	}

	// A restart, which finds the same conflict, enters it no second time.
	w.serving.kill()
	cfg, err := config.Load(config.Sources{File: w.file("tandem.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	p, err := openProgram(ctx, cfg, newLog(config.Log{Level: "error"}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	size, err := p.store.Size(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i, more := range []int64{0, 0, 1} {
		again := witnessing.ConflictReport{Witness: witnessing.Place{Key: w.said[0].Key}, Name: "w1", Size: size, Cosigned: fact.Cosigned + more}
		if err := p.reportConflict(ctx, again); err != nil {
			t.Fatal(err)
		}
		if now, err := p.store.Size(ctx); err != nil || now != size+more {
			t.Errorf("%d: %d entries after %d, %v", i, now, size, err)
		}
	}
}
