package store

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// TestASessionRowThatNoLogInMadeIsFound: whatever is put into the table, taken out
// of it or changed there is not what the ledger gives, and a rebuild puts it right.
func TestASessionRowThatNoLogInMadeIsFound(t *testing.T) {
	made := fmt.Sprintf(`{"token":"%064x","opened":"2026-03-02T08:00:00.000000000Z","until":"2026-03-03T08:00:00.000000000Z"}`, 99)
	for name, statement := range map[string]string{
		"for somebody who is logged in": "UPDATE sessions SET doc = replace(doc, ']', '," + made + "]') WHERE key = 'tech-a'",
		"for somebody who never was":    `INSERT INTO sessions VALUES ('manager', '{"person":"manager","open":[` + made + "]}')",
		"one that was ended":            `UPDATE sessions SET doc = '{"person":"tech-b","open":[` + made + "]}' WHERE key = 'tech-b'",
		"taken out":                     "DELETE FROM sessions WHERE key = 'tech-a'",
	} {
		t.Run(name, func(t *testing.T) {
			s := newOffice(t)
			s.do(t, step{custody.System, custody.AddPerson{Username: "manager", Name: "M", Roles: []custody.Role{custody.Manager}, TOTPPeriod: 30}},
				step{"tech-b", custody.SignOut{}})
			if err := s.store.Diff(t.Context()); err != nil {
				t.Fatal(err)
			}
			execAll(t, administrator(t, s.path), statement)
			reader, err := OpenReadOnly(t.Context(), s.path, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			var found *Difference
			if err := reader.Diff(t.Context()); !errors.As(err, &found) || found.Table != "sessions" {
				t.Errorf("compared: %v", err)
			}
			if _, err := reader.Verify(t.Context(), audit.VerifyOptions{}); !errors.As(err, &found) || found.Table != "sessions" {
				t.Errorf("verified: %v", err)
			}
			if err := s.store.Rebuild(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.store.Diff(t.Context()); err != nil {
				t.Errorf("rebuilt: %v", err)
			}
		})
	}
}
