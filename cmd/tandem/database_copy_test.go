package main

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/store"
)

// TestAHouseMovesToAServer while it is open: whoever is there is told, nothing is entered in
// two places, and it goes on where it went.
func TestAHouseMovesToAServer(t *testing.T) {
	t.Parallel()
	server := newDatabaseServer(t)
	h := newHouse(t)
	h.configure()
	ada := h.initialise("ada")
	h.start()
	h.mustServe()
	must(t, h.signIn(ada))
	h.wantReady()

	lines := server.create("house")
	address := strings.TrimPrefix(strings.SplitN(lines, "\n", 2)[0], "database: ")
	copyTo := func(from, to string) (out, said string, code int) {
		t.Helper()
		return tandemTo(t, nil, []string{databasePasswordVariable + "=" + server.password}, []string{"database", "copy", "--from", from, "--to", to, "-o", "json"})
	}
	file := "sqlite:" + h.file("tandem.db")
	for what, wrong := range map[string][2]string{
		"from no file":  {address, address},
		"to no server":  {file, file},
		"from an empty": {"sqlite:", address},
	} {
		if _, said, code := copyTo(wrong[0], wrong[1]); code != exitUsage {
			t.Errorf("%s: exit %d, %s", what, code, said)
		}
	}
	if _, _, code := copyTo("sqlite:"+h.file("none.db"), address); code == 0 {
		t.Error("a file that there is not was copied")
	}
	if _, err := os.Stat(h.file("none.db")); !os.IsNotExist(err) {
		t.Errorf("it was made: %v", err)
	}
	out, said, code := copyTo(file, address)
	if code != 0 || !strings.Contains(out, `"size"`) || strings.Contains(out+said, server.AdminPassword.Reveal()) {
		t.Fatalf("exit %d, %s%s", code, out, said)
	}
	// What is refused is entered too, and nothing is entered any more.
	_, err := ada.Server.SetPresence(t.Context(), api.SetPresence{State: api.Away, Reason: "x", TOTP: "000000"})
	if p, is := errors.AsType[*edge.Problem](err); !is || p.Status != http.StatusServiceUnavailable {
		t.Errorf("who has the file open goes on: %v", err)
	}
	h.wantCause("store_unavailable")
	h.stop()
	if _, said, code := h.tandem("maintenance", "end", "--reason", "x"); code == 0 || !strings.Contains(said, "is in force") {
		t.Errorf("the file opens: exit %d, %s", code, said)
	}
	if again, said, code := copyTo(file, address); code != 0 || rootOf(t, again) != rootOf(t, out) {
		t.Errorf("again: exit %d, %s", code, said)
	}

	h.database = lines
	h.configure()
	h.start()
	h.mustServe()
	if _, err := ada.Server.Me(t.Context()); err != nil {
		t.Errorf("a session did not come along: %v", err)
	}
	h.waitFor("it to be ready where it went", func() bool { return h.status("/readyz") == http.StatusOK })
	verified, said, code := tandemTo(t, nil, []string{databasePasswordVariable + "=" + server.password}, []string{"ledger", "verify", "--database", address, "-o", "json"})
	if code != 0 || rootOf(t, verified) == rootOf(t, out) {
		t.Errorf("it did not go on there: exit %d, %s%s", code, verified, said)
	}
	auditor := openAt(t, address, server.password)
	if got := onRecord(t, auditor, databaseSetting); got != "a PostgreSQL server, database house" {
		t.Errorf("on record is the database %q", got)
	}
	h.stop()
}

// openAt opens a database on a server to read it.
func openAt(t *testing.T, address, passwordFile string) *store.Store {
	t.Helper()
	s, err := store.OpenReadOnly(t.Context(), config.WithPasswordFile(address, passwordFile), slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// onRecord gives what the ledger leads to say of a part of the configuration, as it was seen
// last.
func onRecord(t *testing.T, s *store.Store, key string) (said string) {
	t.Helper()
	state, _, err := s.Load(t.Context())
	must(t, err)
	for _, one := range state.Configuration().Seen {
		if one.Key == key {
			texts, err := s.Texts(t.Context(), []custody.Note{one.Said})
			must(t, err)
			return texts[one.Said.Commitment()].Text
		}
	}
	return ""
}
