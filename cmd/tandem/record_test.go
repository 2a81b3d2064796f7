package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody/certificate"
	"github.com/tandem-custody/tandem/custody/totp"
)

// demoPlayers gives everybody of a demo, logged in.
func demoPlayers(t *testing.T, d *runningDemo) map[string]*play.Player {
	t.Helper()
	players := map[string]*play.Player{}
	for _, person := range d.People {
		server, err := client.New(client.Config{Server: d.URL})
		if err != nil {
			t.Fatal(err)
		}
		who := &play.Player{Person: person, Server: server, Last: totp.Step(person.TOTPPeriod, time.Now())}
		if err := who.LogIn(t.Context()); err != nil {
			t.Fatal(err)
		}
		players[person.Username] = who
	}
	return players
}

// refuse has a call refused many times, as fast as the server lets us: it says itself
// how long it wants to be left alone.
func refuse(t *testing.T, times int, call func() error) {
	t.Helper()
	for limit := time.Now().Add(5 * time.Minute); times > 0; {
		if time.Now().After(limit) {
			t.Fatalf("%d refusals were still to come", times)
		}
		problem, refused := errors.AsType[*edge.Problem](call())
		switch {
		case !refused:
			t.Fatal("the call was not refused")
		case problem.Code == edge.RateLimited:
			time.Sleep(time.Duration(problem.RetryAfter) * time.Second)
		default:
			times--
		}
	}
}

// commandLine is a person's own shell: a session and no other surroundings.
type commandLine struct {
	t       *testing.T
	folder  string
	environ []string
}

func newCommandLine(t *testing.T, d *runningDemo, who *play.Player) commandLine {
	t.Helper()
	l := commandLine{t: t, folder: t.TempDir()}
	file := filepath.Join(l.folder, "session.json")
	l.environ = append(os.Environ(), "HOME="+l.folder, "TZ=UTC", "TANDEM_SERVER="+d.URL, "TANDEM_TOKEN_FILE="+file)
	err := who.Confirm(t.Context(), func(code api.Secret) error {
		session, err := who.Server.SignIn(t.Context(), api.SignIn{Username: who.Username, Password: api.Secret(who.Password), TOTP: code})
		if err != nil {
			return err
		}
		text, err := json.Marshal(savedSession{d.URL, who.Username, string(session.Token), session.ExpiresAt})
		if err != nil {
			return err
		}
		return os.WriteFile(file, text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// run runs a verb that must end well.
func (l commandLine) run(args ...string) (stdout, stderr string) {
	l.t.Helper()
	var out, said strings.Builder
	command := exec.CommandContext(l.t.Context(), "tandem", args...)
	command.Dir, command.Env, command.Stdout, command.Stderr = l.folder, l.environ, &out, &said
	if err := command.Run(); err != nil {
		l.t.Fatalf("tandem %s: %v\n%s", strings.Join(args, " "), err, said.String())
	}
	return out.String(), said.String()
}

// entries runs a verb that shows entries.
func (l commandLine) entries(args ...string) (indexes []int64, said string) {
	l.t.Helper()
	text, said := l.run(append(args, "-o", "json")...)
	var list []api.Entry
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		l.t.Fatal(err)
	}
	for _, e := range list {
		indexes = append(indexes, e.Index)
	}
	return indexes, said
}

// TestHandoverRecordAfterManyRefusedCalls: more than a page of refused calls
// before the acceptance, and after it, push nothing out of the record.
func TestHandoverRecordAfterManyRefusedCalls(t *testing.T) {
	t.Parallel()
	d := startDemoFor(t, t.TempDir()+"/data")
	people := demoPlayers(t, d)
	a, b, auditor := people["tech-a"], people["tech-b"], people["auditor"]
	confirm := func(who *play.Player, do func(code api.Secret) error) {
		t.Helper()
		if err := who.Confirm(t.Context(), do); err != nil {
			t.Fatal(err)
		}
	}
	var h api.Handover
	confirm(a, func(code api.Secret) error {
		offered, err := a.Server.OfferHandover(t.Context(), api.OfferHandover{
			Credentials: []string{play.Credential}, Reason: "training", TOTP: code,
		})
		if err == nil {
			h = offered[0]
		}
		return err
	})
	stranger := func() error { _, err := a.Server.AcceptHandover(t.Context(), h.ID, ""); return err }
	refuse(t, 105, stranger)
	confirm(b, func(code api.Secret) error { _, err := b.Server.AcceptHandover(t.Context(), h.ID, code); return err })
	refuse(t, 104, stranger)
	confirm(b, func(code api.Secret) error { _, err := b.Server.ReturnHandover(t.Context(), h.ID, code); return err })

	shell := newCommandLine(t, d, auditor)
	shell.run("ledger", "certificate", h.ID, "-O", "record.html")
	text, _ := shell.run("ledger", "verify-certificate", "record.html", "--key", d.LedgerKey, "-o", "json")
	var paper certificate.Paper
	if err := json.Unmarshal([]byte(text), &paper); err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, step := range paper.Steps {
		steps = append(steps, strings.TrimPrefix(step.Type, "handover."))
	}
	if got := strings.Join(steps, " "); got != "offered accepted returned" && got != "offered accepted returned closed" {
		t.Errorf("the record says %q", got)
	}

	// The lists begin with what happened last, and say that there is more.
	newest, said := shell.entries("ledger", "list")
	last, err := auditor.Server.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	head, err := audit.OpenCheckpoint(last, d.LedgerKey)
	if err != nil {
		t.Fatal(err)
	}
	if len(newest) != 100 || newest[0] < newest[99] || newest[0] < head.Size-10 || !strings.Contains(said, "--before") {
		t.Errorf("ledger list: %d entries from %d to %d of %d: %s", len(newest), newest[0], newest[len(newest)-1], head.Size, said)
	}
	older, _ := shell.entries("ledger", "list", "--before", fmt.Sprint(newest[99]), "--limit", "1")
	if len(older) != 1 || older[0] != newest[99]-1 {
		t.Errorf("the next page begins with %d", older)
	}
	if forward, said := shell.entries("ledger", "list", "--from", "3", "--limit", "2"); !slices.Equal(forward, []int64{3, 4}) || !strings.Contains(said, "--from 5") {
		t.Errorf("from 3 on: %d: %s", forward, said)
	}
	history, said := shell.entries("credential", "show", play.Credential, "--history")
	if len(history) == 0 || history[0] < history[len(history)-1] || len(history) == 100 != strings.Contains(said, "--before") {
		t.Errorf("history: %d: %s", history, said)
	}
	if history, said := shell.entries("credential", "show", play.Credential, "--history", "--limit", "2"); len(history) != 2 || !strings.Contains(said, "--before") {
		t.Errorf("history of 2: %d: %s", history, said)
	}
	if all, said := shell.entries("ledger", "list", "--limit", "5000"); int64(len(all)) < head.Size || strings.Contains(said, "--before") {
		t.Errorf("all: %d of %d: %s", len(all), head.Size, said)
	}
	refused, _ := shell.entries("ledger", "list", "--subject", h.ID, "--type", "command.refused", "--limit", "300")
	if len(refused) != 209 {
		t.Errorf("%d refused calls are on record, want 209", len(refused))
	}
}
