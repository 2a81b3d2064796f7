package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/totp"
)

// TestTheKeyOfTheSealsIsReplacedBesideARunningServer: with Tandem's own rights in Vault,
// by whom it may be; the server goes on, and so does the next start.
func TestTheKeyOfTheSealsIsReplacedBesideARunningServer(t *testing.T) {
	t.Parallel()
	h, _ := newVaultHouse(t)
	ada := h.initialise("ada")
	seeds := h.writtenBy(setBy(0), somebody("mia", custody.Manager), somebody("tom", custody.Technician))
	h.start()
	h.mustServe()
	must(t, h.signIn(ada))
	rekey := func(who string) (rekeyed, string, int) {
		t.Helper()
		code, err := totp.Code(seeds[who], totp.Step(totp.DefaultPeriod, time.Now())+1)
		must(t, err)
		out, said, exit := h.tandemWith([]string{codeVariable + "=" + code}, "ledger", "rekey", "--as", who, "-o", "json")
		var changed rekeyed
		if exit == 0 {
			must(t, json.Unmarshal([]byte(out), &changed))
		}
		return changed, said, exit
	}
	if _, said, exit := rekey("tom"); exit != exitRefused {
		t.Errorf("a technician: exit %d\n%s", exit, said)
	}
	changed, said, exit := rekey("mia")
	if exit != 0 || changed.From == changed.To || changed.To == "" {
		t.Fatalf("exit %d: %+v\n%s", exit, changed, said)
	}
	works := func(when, hires string) {
		t.Helper()
		must(t, entersRefusal(t.Context(), ada))
		h.wantReady()
		out, said, exit := tandemTo(t, nil, nil, []string{"ledger", "export", "--format", "jsonl", "--database", h.file("tandem.db"), "-O", "-"})
		if exit != 0 || strings.Count(out, `"seal.key_changed"`) != 1 {
			t.Errorf("%s: exit %d, %d entries say that the key is another\n%s", when, exit, strings.Count(out, `"seal.key_changed"`), said)
		}
	}
	works("running", "bob")
	h.stop()
	if _, err := verifyDatabase(t.Context(), h.file("tandem.db"), auditor.Request{Now: time.Now()}); err != nil {
		t.Error(err)
	}
	h.start()
	h.mustServe()
	works("restarted", "cid")
	if strings.Contains(h.log(), "alarm=true") {
		t.Errorf("an alarm:\n%s", h.log())
	}
}
