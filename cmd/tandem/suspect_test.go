package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/store"
	"github.com/tandem-custody/tandem/custody/totp"
)

// TestAStartOnYesterdaysFile: it comes up, to be read, says so to whoever watches
// it, and does nothing. The next start has not forgotten it.
func TestAStartOnYesterdaysFile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.initialise("ada")
	h.start()
	h.mustServe()
	must(t, h.signIn(ada))
	h.stop()
	yesterday, err := os.ReadFile(h.file("tandem.db"))
	must(t, err)
	h.start()
	h.mustServe()
	h.wantReady()
	must(t, entersRefusal(t.Context(), ada))
	h.stop()
	today, err := os.ReadFile(h.file("tandem.db"))
	must(t, err)
	must(t, os.WriteFile(h.file("tandem.db"), yesterday, 0o600))
	for range 2 {
		h.start()
		h.mustServe()
		h.wantCause("ledger_suspect")
		if causes := h.causes(); !slices.Equal(causes, []string{"ledger_suspect"}) {
			t.Errorf("causes %v", causes)
		}
		if _, metrics := h.operations("/metrics"); !strings.Contains(metrics, "\ntandem_ledger_suspect 1\n") {
			t.Error("the metrics do not say so")
		}
		if _, err := ada.Server.Entries(t.Context(), desk.EntryQuery{}); err != nil {
			t.Errorf("reading the ledger: %v", err)
		}
		_, err := ada.Server.CheckOut(t.Context(), "db01", api.CheckOut{Purpose: "ticket 1", TOTP: "123456"})
		if p, is := errors.AsType[*edge.Problem](err); !is || p.Status != http.StatusServiceUnavailable || p.Code != "ledger_suspect" {
			t.Errorf("a check-out: %v", err)
		}
		if err := h.signIn(ada); codeOf(err) != "ledger_suspect" {
			t.Errorf("a log-in: %v", err)
		}
		h.stop()
	}
	if log := h.log(); !strings.Contains(log, "rolled back") || !strings.Contains(log, "alarm=true") {
		t.Errorf("the log does not say so:\n%s", log)
	}
	must(t, os.WriteFile(h.file("tandem.db"), today, 0o600))
	h.start()
	h.mustServe()
	h.wantReady()
}

// TestTwoPeopleRecoverOnTheHost: a demo's folder, in which somebody has made the
// backup the holder while nothing ran.
func TestTwoPeopleRecoverOnTheHost(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	running, err := startDemo(t.TempDir(), "--data="+data)
	must(t, err)
	running.kill()
	h := newHouse(t)
	h.folder, h.origin = data, demoOrigin
	h.secrets = fmt.Sprintf("secrets: embedded\nembedded: {path: %s, key_file: %s}", h.file("secrets"), h.file("secrets.key"))
	h.configure()
	db, err := sql.Open("sqlite3", h.file("tandem.db"))
	must(t, err)
	_, err = db.Exec("UPDATE credentials SET doc = json_set(doc, '$.holder', 'tech-b')")
	must(t, errors.Join(err, db.Close()))
	h.start()
	h.mustServe()
	h.wantCause("ledger_suspect")
	h.stop()

	recover := func(wantCode int, args ...string) (answer recoverable) {
		t.Helper()
		out, said, code := h.tandem(append([]string{"ledger", "recover", "-o", "json"}, args...)...)
		if code != wantCode {
			t.Fatalf("%v: exit %d\n%s", args, code, said)
		}
		if code == 0 {
			must(t, json.Unmarshal([]byte(out), &answer))
		}
		return answer
	}
	if plan := recover(0); plan.Recovered || plan.Lost != 0 || plan.Kept == 0 || plan.Kept != plan.Present || plan.Aside != "" {
		t.Errorf("%+v", plan)
	}
	recover(exitUsage, "--by=tech-a", "--reason=drill")
	recover(exitUsage, "--by=tech-a", "--by=manager")
	code := func(username string, ahead int64) string {
		p := running.People[slices.IndexFunc(running.People, func(p demo.Person) bool { return p.Username == username })]
		code, err := totp.Code(custody.SecretString(p.TOTPSecret), totp.Step(p.TOTPPeriod, time.Now())+ahead)
		must(t, err)
		return code
	}
	by := []string{"--by=tech-a", "--by=manager", "--reason=drill"}
	wrong, said, exit := h.tandemWith([]string{codeVariable + "=000000,000000"}, append([]string{"ledger", "recover"}, by...)...)
	if exit != exitRefused || wrong != "" {
		t.Errorf("with wrong codes: exit %d\n%s", exit, said)
	}
	out, said, exit := h.tandemWith([]string{codeVariable + "=" + code("tech-a", 1) + "," + code("manager", 1)}, append([]string{"ledger", "recover", "-o", "json"}, by...)...)
	var done recoverable
	if exit != 0 || json.Unmarshal([]byte(out), &done) != nil || !done.Recovered || done.Lost != 0 {
		t.Fatalf("exit %d: %s\n%s", exit, out, said)
	}
	var row *store.Difference
	if _, err := verifyDatabase(t.Context(), done.Aside, auditor.Request{Now: time.Now()}); !errors.As(err, &row) {
		t.Errorf("the copy that was kept aside is as it was: %v", err)
	}
	if _, err := verifyDatabase(t.Context(), h.file("tandem.db"), auditor.Request{Now: time.Now()}); err != nil {
		t.Error(err)
	}
	h.start()
	h.mustServe()
	h.wantReady()
}
