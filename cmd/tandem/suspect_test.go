package main

import (
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
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
	_, err = ada.server.AddPerson(t.Context(), api.AddPerson{Username: "bob", Name: "Bob", Roles: []custody.Role{custody.Technician}})
	must(t, err)
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
		if _, err := ada.server.Entries(t.Context(), api.EntryQuery{}); err != nil {
			t.Errorf("reading the ledger: %v", err)
		}
		_, err := ada.server.CheckOut(t.Context(), "db01", api.CheckOut{Purpose: "ticket 1", TOTP: "123456"})
		if p, is := errors.AsType[*api.Problem](err); !is || p.Status != http.StatusServiceUnavailable || p.Code != "ledger_suspect" {
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
