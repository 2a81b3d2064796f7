package vault_test

import (
	"os"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/reconcile"
	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// TestAuditLogOfARealVault: what Tandem and an administrator did is told apart,
// wherever the log is cut in two, and however its ends were cut off.
func TestAuditLogOfARealVault(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	file := p.EnableFileAudit(t)
	p.config.RequestID = desk.RequestOf
	s := p.open(t)
	put(t, s, "credentials/a", canary, 0)
	if _, err := s.Read(desk.WithRequest(t.Context(), "request-1"), "credentials/a"); err != nil {
		t.Fatal(err)
	}
	if err := s.Has(desk.WithRequest(t.Context(), "request-2"), "credentials/a", 1); err != nil {
		t.Fatal(err) // no access: nothing was read
	}
	if _, err := p.root.Logical().Read("tandem/data/credentials/a"); err != nil {
		t.Fatal(err)
	}
	p.do(t, "transit/sign/tandem-ledger", map[string]any{"input": "aGVsbG8="})
	p.root.SetToken("none")
	if _, err := p.root.Logical().Read("tandem/data/credentials/a"); err == nil {
		t.Fatal("Vault takes any token")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut <= len(text); cut += 997 {
		if cut > 0 && cut < len(text) {
			cut += strings.IndexByte(string(text[cut:]), '\n') + 1 // rotation cuts between lines
		}
		log := vault.AuditLog{Names: vault.DefaultNames()}
		for _, part := range []string{`before"}` + "\n" + string(text[:cut]), string(text[cut:]) + `{"time":"20`} {
			if err := log.Read(strings.NewReader(part), "audit.log"); err != nil {
				t.Fatal(err)
			}
		}
		wantAccesses(t, log.Accesses())
	}
}

func wantAccesses(t *testing.T, got []reconcile.Access) {
	t.Helper()
	var own, foreign, signed, refused, labels int
	for _, a := range got {
		switch {
		case a.Request == "request-2":
			t.Errorf("a look whether it is there counts as an access: %+v", a)
		case a.Kind == reconcile.Read && a.Own && a.Request == "request-1" && a.Path == "credentials/a" && !a.Refused:
			own++
		case a.Kind == reconcile.Read && !a.Own && a.Request == "" && !a.Refused && a.Who != "":
			foreign++
		case a.Kind == reconcile.Sign && !a.Own:
			signed++
		case a.Refused:
			refused++
		case a.Kind == reconcile.Write && a.Own:
			labels++
		case a.Kind == reconcile.Probe && a.Own, a.Kind == reconcile.Read && a.Own:
		default:
			t.Errorf("unexpected: %+v", a)
		}
	}
	if own != 1 || foreign != 1 || signed != 1 || refused == 0 || labels == 0 {
		t.Errorf("own %d, foreign %d, signed %d, refused %d, written %d: %+v", own, foreign, signed, refused, labels, got)
	}
}

func TestAuditLogShowsWhatItCannotRead(t *testing.T) {
	log := vault.AuditLog{Names: vault.DefaultNames()}
	const line = `{"time":"2026-03-02T08:00:00Z","type":"request","request":{"id":"1","operation":"read","path":"tandem/data/keys/a","headers":{"X-Tandem-Request":["hmac-sha256:00"]}}}` + "\n"
	if err := log.Read(strings.NewReader(line+"{\n"+"\n"+line), "audit.log"); err != nil {
		t.Fatal(err)
	}
	got := log.Accesses()
	if len(got) != 2 || got[0].Kind != reconcile.Unread || got[0].Line != "audit.log:2" || got[1].Kind != reconcile.Read || !log.Hidden {
		t.Errorf("%+v, hidden %v", got, log.Hidden)
	}
}

func FuzzAuditLog(f *testing.F) {
	f.Add([]byte(`{"type":"response","request":{"id":"1","operation":"read","path":"tandem/data/x"}}` + "\n{"))
	f.Fuzz(func(t *testing.T, text []byte) {
		log := vault.AuditLog{Names: vault.DefaultNames()}
		if err := log.Read(strings.NewReader(string(text)), "f"); err != nil {
			t.Fatal(err)
		}
		log.Accesses()
	})
}
