package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/custody"
)

// TestSecretsCanary goes through the whole cycle, failures included, and then
// looks for every secret that was in it where none may ever be (I8): the
// database and its journal, the ledger, Tandem's log and output, the arguments
// of every process of ours, the server's own log and the bodies of HTTP errors.
func TestSecretsCanary(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	ctx := t.Context()
	marks := &marks{}

	marks.add("password before custody", in.first.Reveal())
	for _, line := range strings.Split(in.sshd.AdminKey.Reveal(), "\n") {
		if len(line) >= 40 && !strings.Contains(line, "PRIVATE KEY") {
			marks.add("line of the admin's private key", line)
		}
	}
	secretID, err := os.ReadFile(in.file("secret-id"))
	if err != nil {
		t.Fatal(err)
	}
	marks.add("secret_id", strings.TrimSpace(string(secretID)))
	for _, who := range in.people {
		marks.add("seed of "+who.Username, who.TOTPSecret)
		marks.add("password of "+who.Username, who.Password)
	}

	// What people type into the wrong field, and what is wrong altogether.
	typed := "Typed-into-the-wrong-field-7!"
	marks.add("typed into the wrong field", typed)
	admin := in.people["admin"].Server
	for _, try := range []func() error{
		func() error {
			_, err := in.people["tech-a"].Server.CheckOut(ctx, installed, api.CheckOut{Purpose: "p", TOTP: api.Secret(typed)})
			return err
		},
		func() error {
			_, err := in.people["tech-a"].Server.CheckOut(ctx, typed, api.CheckOut{Purpose: "p", TOTP: "123456"})
			return err
		},
		func() error {
			_, err := admin.AddPerson(ctx, api.AddPerson{Username: typed, Name: "N", Roles: []custody.Role{custody.Technician}, Reason: typed, TOTP: api.Secret(typed)})
			return err
		},
		func() error {
			_, err := admin.AddCredential(ctx, api.AddCredential{Name: "other", Primary: "tech-a", Backup: "tech-b",
				Target: api.Target{Kind: "ssh", Address: "127.0.0.1:1", Account: "root", Settings: map[string]string{"host_key": typed}},
				Secret: api.Secret(typed), AdminKey: api.Secret(typed), Reason: "new", TOTP: "123456"})
			return err
		},
		func() error {
			stranger, err := client.New(client.Config{Server: "http://" + in.address})
			if err != nil {
				return err
			}
			_, err = stranger.SignIn(ctx, api.SignIn{Username: typed, Password: api.Secret(typed), TOTP: "123456"})
			return err
		},
	} {
		if err := try(); err == nil {
			t.Fatal("accepted")
		}
	}

	// The rule, with a failure of each real part in it. Every code is marked.
	used := func(username string, do func(*client.Client, api.Secret) error) {
		t.Helper()
		in.must(username, func(who *client.Client, code api.Secret) error {
			marks.addCode(string(code))
			return do(who, code)
		})
	}
	show := func(username string) {
		t.Helper()
		used(username, func(who *client.Client, code api.Secret) error {
			out, err := who.CheckOut(ctx, installed, api.CheckOut{Purpose: "ticket", TOTP: code})
			marks.add("password in custody", string(out.Password))
			return err
		})
	}
	show("tech-a")
	used("tech-a", func(who *client.Client, code api.Secret) error {
		_, err := who.OfferHandover(ctx, api.OfferHandover{All: true, AwayWhenAccepted: true, Reason: "out", TOTP: code})
		return err
	})
	used("tech-b", func(who *client.Client, code api.Secret) error {
		_, err := who.AcceptHandover(ctx, "handover-1", code)
		return err
	})
	show("tech-b")
	in.sshd.Stop()
	used("tech-a", func(who *client.Client, code api.Secret) error {
		_, err := who.SetPresence(ctx, api.SetPresence{State: api.Present, TakeBack: true, TOTP: code})
		return err
	})
	in.waitFor("a failed attempt", func() bool { r := in.credential().Rotation; return r != nil && r.Attempts > 0 })
	for _, staged := range in.secretsAt("staged") {
		marks.add("staged password", staged)
	}
	in.sshd.Start()
	in.waitHeld()
	show("tech-a")
	in.vault.Seal()
	_, err = in.checkOut("tech-a")
	wantCode(t, err, "vault_unavailable")
	in.vault.Unseal()
	in.waitFor("Tandem to be back", func() bool { return in.status("/readyz") == 200 })
	for _, path := range []string{"credentials", "keys", "seeds", "internal"} {
		for _, value := range in.secretsAt(path) {
			if !strings.Contains(value, "PRIVATE KEY") && len(value) > 8 { // shorter is what says that there is no mail server
				marks.add("value in Vault below "+path, value)
			}
		}
	}

	confirmWrongly(t, in, in.people["tech-b"])
	in.noneIsFound(marks, map[string][]byte{"log of the OpenSSH server": in.sshd.Log()})
}

// noneIsFound stops the server and looks for each mark in all that it left behind, and in
// what else is given by its name.
func (in *installation) noneIsFound(marks *marks, places map[string][]byte) {
	t := in.t
	t.Helper()
	arguments, err := argumentsOf(in.serving.command.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	in.serving.stop(t)
	places["arguments of the server"], places["bodies of HTTP errors"] = arguments, in.errors.bytes()
	err = filepath.WalkDir(in.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "secret-id" {
			return err
		}
		places[entry.Name()], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(slices.Collect(maps.Keys(places)), "tandem.db", "log") {
		if len(places[name]) == 0 && !strings.HasPrefix(name, "tandem.db-") { // which is empty once all is in the database
			t.Errorf("nothing to look through: %s", name)
		}
	}
	for name, text := range places {
		for _, found := range marks.in(text) {
			t.Errorf("%s: found in %s", found, name)
		}
	}
	marks.checkTheSearch(t, places["tandem.db"][:4096])
	t.Logf("%d marks in %d places", len(marks.texts)+len(marks.codes), len(places))
}

// confirmWrongly sends codes that no authenticator shows, so that their refusals
// are among the bodies that are looked through.
func confirmWrongly(t *testing.T, in *installation, who *play.Player) {
	t.Helper()
	for _, code := range []string{"1234567", " 123456", "abcdef"} {
		_, err := who.Server.SetPresence(t.Context(), api.SetPresence{State: api.Away, TOTP: api.Secret(code)})
		if got := codeOf(err); got != custody.TOTPInvalid {
			t.Errorf("%q: %v", code, err)
		}
	}
}

// stop ends the server as systemd would, so that all it has to say is in its log.
func (s *serving) stop(t *testing.T) {
	t.Helper()
	if err := s.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(60 * time.Second):
		t.Fatal("the server did not end")
	}
}

// argumentsOf gives the arguments of a process and of all its children.
func argumentsOf(pid int) ([]byte, error) {
	all, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return nil, err
	}
	children, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil, err
	}
	for _, path := range children {
		pids, _ := os.ReadFile(path) // a thread may have ended
		for _, child := range strings.Fields(string(pids)) {
			more, _ := os.ReadFile("/proc/" + child + "/cmdline")
			all = append(all, more...)
		}
	}
	return all, nil
}

// marks are the secrets to look for, and the codes.
type marks struct {
	texts []mark
	codes []string
}

type mark struct{ what, text string }

// add marks a secret, and the ways in which one is written by accident.
func (m *marks) add(what, text string) {
	m.texts = append(m.texts,
		mark{what, text},
		mark{what + ", base64", strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(text)), "=")},
		mark{what + ", hex", hex.EncodeToString([]byte(text))},
		mark{what + ", quoted", strings.Trim(fmt.Sprintf("%q", text), `"`)},
	)
}

// addCode marks a code: six digits that stand alone, as they stand by chance in
// no number of a ledger.
func (m *marks) addCode(code string) { m.codes = append(m.codes, code) }

// in says which marks are in the text.
func (m *marks) in(text []byte) []string {
	var found []string
	for _, mark := range m.texts {
		if bytes.Contains(text, []byte(mark.text)) {
			found = append(found, mark.what)
		}
	}
	for _, code := range m.codes {
		if regexp.MustCompile(`(^|[^0-9.])` + code + `($|[^0-9])`).Match(text) {
			found = append(found, "a TOTP code")
		}
	}
	return found
}

// checkTheSearch hides each mark in a text in turn: a search that finds nothing
// must be one that could.
func (m *marks) checkTheSearch(t *testing.T, text []byte) {
	t.Helper()
	for _, mark := range m.texts {
		if len(m.in(hide(text, mark.text))) == 0 {
			t.Errorf("the search does not find %s", mark.what)
		}
	}
	for _, code := range m.codes {
		if len(m.in(hide(text, `"totp":"`+code+`"`))) == 0 {
			t.Error("the search does not find a code")
		}
	}
}

// hide puts what into the middle of text.
func hide(text []byte, what string) []byte {
	middle := len(text) / 2
	return bytes.Join([][]byte{text[:middle], []byte(what), text[middle:]}, nil)
}
