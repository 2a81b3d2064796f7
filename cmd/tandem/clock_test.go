package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/totp"
)

// shifted is the machine's clock, set otherwise.
type shifted struct {
	desk.Clock
	by atomic.Int64 // nanoseconds
}

func (s *shifted) Now() time.Time       { return s.Clock.Now().Add(time.Duration(s.by.Load())) }
func (s *shifted) set(by time.Duration) { s.by.Store(int64(by)) }

func setBy(by time.Duration) *shifted {
	s := &shifted{Clock: desk.MachineClock()}
	s.set(by)
	return s
}

// writtenBy has the house's people added and logged in by a program whose clock is
// set otherwise, and gives their seeds.
func (h *house) writtenBy(clock desk.Clock, people ...custody.AddPerson) map[string]custody.Secret {
	h.t.Helper()
	cfg, err := config.Load(config.Sources{File: h.file("tandem.yaml")})
	must(h.t, err)
	p, err := openProgramFor(h.t.Context(), cfg, slog.New(slog.DiscardHandler), purpose{clock: clock})
	must(h.t, err)
	seeds := map[string]custody.Secret{}
	for _, person := range people {
		login, err := p.desk.AddPerson(h.t.Context(), desk.By{Actor: custody.System, Request: "add-" + person.Username}, person)
		must(h.t, err)
		uri, err := url.Parse(login.OTPAuth.Reveal())
		must(h.t, err)
		seed := custody.SecretString(uri.Query().Get("secret"))
		code, err := totp.Code(seed, totp.Step(person.TOTPPeriod, clock.Now()))
		must(h.t, err)
		_, err = p.desk.SignIn(context.Background(), desk.SignInRequest{Username: person.Username, Password: login.Password, Code: code, Request: "in-" + person.Username})
		must(h.t, err)
		seeds[person.Username] = seed
	}
	must(h.t, p.close())
	return seeds
}

// TestNoPasswordIsChangedWhileTheClockIsWrong: the worker could not enter what it did.
func TestNoPasswordIsChangedWhileTheClockIsWrong(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cfg, err := config.Load(config.Sources{File: h.file("tandem.yaml")})
	must(t, err)
	clock := setBy(0)
	p, err := openProgramFor(t.Context(), cfg, slog.New(slog.DiscardHandler), purpose{clock: clock})
	must(t, err)
	defer func() { must(t, p.close()) }()
	work := rotation.Worklist{Desk: p.desk, Leases: p.store}
	claims := func() (bool, error) {
		return work.Claim(t.Context(), "db01", "this one", clock.Now(), clock.Now().Add(time.Minute))
	}
	if got, err := claims(); !got || err != nil {
		t.Fatalf("%v, %v", got, err)
	}
	clock.set(24 * time.Hour)
	if got, err := claims(); got || !errors.Is(err, desk.ErrClockWrong) {
		t.Errorf("a day ahead: %v, %v", got, err)
	}
	clock.set(0)
	if got, err := claims(); !got || err != nil {
		t.Errorf("right again: %v, %v", got, err)
	}
}

func somebody(username string, role custody.Role) custody.AddPerson {
	return custody.AddPerson{Username: username, Name: username, Roles: []custody.Role{role}, TOTPPeriod: totp.DefaultPeriod}
}

// TestAnInstallationThatWasOffForAWeekAsks whether the clock is right, and goes on
// when somebody on the machine has said so; nobody has to restart it.
func TestAnInstallationThatWasOffForAWeekAsks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.writtenBy(setBy(-7*24*time.Hour), somebody("ada", custody.Admin))
	h.start()
	h.mustServe()
	h.wantCause("clock_wrong")
	if _, metrics := h.operations("/metrics"); !strings.Contains(metrics, "\ntandem_clock_wrong 1\n") {
		t.Error("the metrics do not say it")
	}
	out, said, code := h.tandem("clock", "show", "-o", "json")
	var state clockState
	if err := json.Unmarshal([]byte(out), &state); code != 0 || err != nil || !strings.Contains(state.Next, "tandem clock confirm") || time.Since(state.Last) < 6*24*time.Hour {
		t.Errorf("clock show: exit %d, %v\n%s%s", code, err, out, said)
	}
	if _, said, code := h.tandem("clock", "confirm", "--reason", "holidays; compared with the wall"); code != 0 || !strings.Contains(said, "compared with the wall") {
		t.Fatalf("clock confirm: exit %d\n%s", code, said)
	}
	h.waitFor("the server to go on", func() bool { return len(h.causes()) == 0 })
	if _, metrics := h.operations("/metrics"); !strings.Contains(metrics, "\ntandem_clock_wrong 0\n") {
		t.Error("the metrics still say it")
	}
}

// TestALedgerOfNextYearIsBroughtBackOnTheHost: nothing is decided until then, a
// confirmation is not enough, and a manager's code on the machine is.
func TestALedgerOfNextYearIsBroughtBackOnTheHost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	seeds := h.writtenBy(setBy(365*24*time.Hour), somebody("ada", custody.Admin), somebody("mia", custody.Manager))
	h.start()
	h.mustServe()
	h.wantCause("clock_wrong")
	ada := h.playerOf(`{"person":{"username":"ada"},"password":"x","otpauth":"otpauth://totp/x?secret=` + seeds["ada"].Reveal() + `"}`)
	if err := h.signIn(ada); codeOf(err) != edge.ClockWrong {
		t.Errorf("a log-in: %v", err)
	}
	if _, said, code := h.tandem("clock", "confirm", "--reason", "it is right"); code == 0 || !strings.Contains(said, "tandem clock correct") {
		t.Errorf("clock confirm: exit %d\n%s", code, said)
	}
	h.wantCause("clock_wrong")
	h.stop()

	corrects := func(who string) (string, int) {
		code, err := totp.Code(seeds[who], totp.Step(totp.DefaultPeriod, time.Now()))
		must(t, err)
		return h.correctClock(who, code)
	}
	if said, code := corrects("ada"); code != exitRefused {
		t.Errorf("an admin: exit %d\n%s", code, said)
	}
	if said, code := corrects("mia"); code != 0 || !strings.Contains(said, "special event") {
		t.Fatalf("a manager: exit %d\n%s", code, said)
	}
	h.start()
	h.mustServe()
	h.wantReady()
	out, err := exec.CommandContext(t.Context(), "tandem", "ledger", "verify", "--database", h.file("tandem.db"), "-o", "json").Output()
	var answer auditor.Verified
	if broken := json.Unmarshal(out, &answer); err != nil || broken != nil || answer.Corrected != 1 || !answer.Replayed {
		t.Errorf("ledger verify: %v, %v\n%s", err, broken, out)
	}
}

// correctClock runs the verb with a code.
func (h *house) correctClock(as, code string) (said string, exit int) {
	h.t.Helper()
	command := exec.CommandContext(h.t.Context(), "tandem", "clock", "correct", "--as", as, "--config", h.file("tandem.yaml"))
	command.Env = append(os.Environ(), codeVariable+"="+code)
	text, _ := command.CombinedOutput() // the exit code says what became of it
	return string(text), command.ProcessState.ExitCode()
}
