package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/notify/smtp/smtptest"
)

// TestAChangedHookGetsNoPassword is what an operator alone can try: a line of the
// configuration sends the next password elsewhere, and other lines send the mails away
// with it. Until a manager has acknowledged it the hook is told nothing, and everybody
// is told by the mail server that was there before.
func TestAChangedHookGetsNoPassword(t *testing.T) {
	t.Parallel()
	ours, theirs := smtptest.Start(t, false), smtptest.Start(t, false)
	in := newInstallation(t)
	ctx := t.Context()
	hook := func(name, to string) string {
		path := in.file(name)
		must(t, os.WriteFile(path, []byte(fmt.Sprintf("#!/bin/sh\nread p\nprintf %%s \"$p\" > %q\n", in.file(to))), 0o700))
		return path
	}
	configured := func(path string, mail *smtptest.Server) {
		t.Helper()
		ca := in.file("mail-ca.pem")
		must(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: mail.Certificate}), 0o600))
		must(t, os.WriteFile(in.file("mail-password"), []byte(smtptest.Password), 0o600))
		in.configure("dependents: [{name: app, command: ["+path+"]}]",
			fmt.Sprintf("notify: {from: tandem@example.org, smtp: {address: %q, ca: %s, username: %s, password_file: %s}}", mail.Address, ca, smtptest.User, in.file("mail-password")))
	}
	restart := func() {
		t.Helper()
		in.serving.kill()
		in.start()
		in.waitFor("it to be ready", func() bool { return in.status("/readyz") == 200 })
	}
	told := func(to string) string {
		text, _ := os.ReadFile(in.file(to)) // not there: nothing was told
		return string(text)
	}
	rotate := func() {
		t.Helper()
		before := in.credential().Version
		in.must("tech-a", func(who *client.Client, code api.Secret) error {
			_, err := who.Rotate(ctx, installed, api.ConfirmedReason{Reason: "worn", TOTP: code})
			return err
		})
		in.waitFor("another password", func() bool { c := in.credential(); return c.Phase == custody.Held && c.Version > before })
	}
	current := func() string {
		t.Helper()
		out, err := in.checkOut("tech-a")
		must(t, err)
		_, err = in.people["tech-a"].Server.CheckIn(ctx, installed)
		must(t, err)
		return string(out.Password)
	}

	good := hook("good.sh", "told")
	configured(good, ours)
	restart()
	for _, who := range []string{"manager", "director"} {
		in.must(who, func(server *client.Client, code api.Secret) error {
			f, err := server.Founding(ctx)
			if err == nil {
				_, err = server.ConfirmFounding(ctx, api.ConfirmFounding{Digest: f.Digest, TOTP: code})
			}
			return err
		})
	}
	in.must("manager", func(server *client.Client, code api.Secret) error {
		address := "manager@example.org"
		_, err := server.EditMe(ctx, api.EditPerson{Email: &address, TOTP: code})
		return err
	})
	agreed(t, in.people, func(admin *client.Client, code api.Secret) (api.Proposal, error) {
		return admin.ProposePolicy(ctx, installed, api.ProposePolicy{Policy: api.Policy{Dependents: []string{"app"}}, Reason: "the app needs it", TOTP: code})
	})
	rotate()
	in.waitFor("the hook to be told", func() bool { return told("told") != "" && len(in.credential().Updates) == 0 })
	if told("told") != current() {
		t.Fatal("the hook has another password")
	}

	// Whoever has the configuration changes the hook and the mail server, and starts anew.
	must(t, os.Remove(in.file("told")))
	configured(hook("other.sh", "stolen"), theirs)
	restart()
	rotate()
	in.waitFor("the hook to be refused", func() bool {
		return slices.ContainsFunc(in.credential().Updates, func(u api.Update) bool { return u.Failure == "unacknowledged" })
	})
	if told("stolen")+told("told") != "" {
		t.Fatal("a hook that nobody acknowledged was given the password")
	}
	if _, ready := in.operations("/readyz"); !strings.Contains(ready, "configuration_unacknowledged: dependents.app, notify: ") || !strings.Contains(ready, "acknowledged by manager") {
		t.Errorf("readyz: %s", ready)
	}
	if _, metrics := in.operations("/metrics"); !strings.Contains(metrics, "\ntandem_configuration_unacknowledged 2\n") {
		t.Error("the metrics do not say so")
	}
	for _, mail := range []*smtptest.Server{ours, theirs} {
		in.mailed(mail, "manager@example.org", "the configuration of Tandem was changed")
	}
	if _, said, code := in.tandem("tech-a", "status"); code != 0 || !strings.Contains(said, "not in force: dependents.app, notify") || !strings.Contains(said, "can acknowledge it: manager") {
		t.Errorf("status: %d %s", code, said)
	}
	if _, _, code := in.tandem("tech-a", "configuration", "acknowledge"); code != exitRefused {
		t.Errorf("a technician: exit code %d", code)
	}
	out, _, code := in.tandem("manager", "configuration", "show")
	for _, want := range []string{"good.sh", "other.sh", ours.Address, theirs.Address, "changed"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("show: %d, no %s in\n%s", code, want, out)
		}
	}
	if _, said, code := in.tandem("manager", "configuration", "acknowledge"); code != 0 || !strings.Contains(said, "before: "+good) {
		t.Fatalf("acknowledge: %d %s", code, said)
	}
	in.waitFor("the hook to be told", func() bool { return told("stolen") != "" && len(in.credential().Updates) == 0 })
	if told("stolen") != current() {
		t.Error("acknowledged, and the hook has another password")
	}
	if _, ready := in.operations("/readyz"); strings.Contains(ready, "unacknowledged") {
		t.Errorf("readyz: %s", ready)
	}

	// The same line, and another program behind it, while the server runs.
	hook("other.sh", "stolen again")
	rotate()
	in.waitFor("the hook to be refused", func() bool {
		return slices.ContainsFunc(in.credential().Updates, func(u api.Update) bool { return u.Failure == "unacknowledged" })
	})
	if told("stolen again") != "" {
		t.Error("a program that nobody acknowledged was given the password")
	}
	in.mailed(theirs, "manager@example.org", "the configuration of Tandem was changed")

	// Nobody is to be told any more: they are, by the mail server in force.
	in.configure("dependents: [{name: app, command: [" + in.file("other.sh") + "]}]")
	restart()
	in.mailed(theirs, "manager@example.org", "the configuration of Tandem was changed")
	in.verify()
}

// tandem runs a verb as a person, from a log-in of its own, with their next code.
func (in *installation) tandem(username string, args ...string) (out, said string, code int) {
	in.t.Helper()
	kept := in.file("session-" + username)
	in.must(username, func(server *client.Client, code api.Secret) error {
		session, err := server.SignIn(in.t.Context(), api.SignIn{Username: username, Password: api.Secret(in.people[username].Password), TOTP: code})
		if err != nil {
			return err
		}
		text, err := json.Marshal(savedSession{Server: "http://" + in.address, Username: username, Token: string(session.Token), Expires: session.ExpiresAt})
		if err != nil {
			return err
		}
		return os.WriteFile(kept, text, 0o600)
	})
	return tandemTo(in.t, nil, []string{"TANDEM_TOTP=" + in.code(username)}, append(args, "--token-file", kept))
}

// mailed waits for a mail to somebody with words in its subject, and looks at no other.
func (in *installation) mailed(server *smtptest.Server, to, subject string) {
	in.t.Helper()
	for limit := time.Now().Add(90 * time.Second); time.Now().Before(limit); {
		if m := server.Next(in.t); m.To == to && strings.Contains(m.Subject, subject) {
			return
		}
	}
	in.t.Fatalf("no mail to %s of %q", to, subject)
}

// TestSettingsOnRecord: replicas with one configuration have the same, on whatever
// address and in whatever folder; and each thing that decides who is given passwords, or
// by whom people are told, changes one.
func TestSettingsOnRecord(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := func(name, text string) string {
		path := folder + "/" + name
		must(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	one := func() config.Config {
		c := config.Default()
		c.Secrets, c.Vault.Address, c.Ledger.Origin = config.Vault, "https://vault.example", "ledger.example/tandem"
		c.Notify.SMTP.Address, c.Notify.From = "mail.example:587", "tandem@example.org"
		c.Dependents = []config.Dependent{
			{Name: "app", Command: []string{file("hook.sh", "one"), "argument", file("with", "one")}},
			{Name: "chat", URLFile: file("url", "https://chat.example/one"), CA: file("ca", "one")},
		}
		return c
	}
	wholes := func(c config.Config) map[string]string {
		all := map[string]string{}
		for _, s := range settingsOf(c)() {
			all[s.Key] = string(s.Whole)
			if strings.Contains(s.Said, "chat.example/one") {
				t.Errorf("%s says what is in a file: %s", s.Key, s.Said)
			}
		}
		return all
	}
	base := wholes(one())
	for name, change := range map[string]func(*config.Config){
		"another address":        func(c *config.Config) { c.Listen, c.MetricsListen = "10.0.0.2:8700", "10.0.0.2:9100" },
		"another file":           func(c *config.Config) { c.Database = "elsewhere.db" },
		"another token file":     func(c *config.Config) { c.Dependents[1].TokenFile = file("token", "x") },
		"another log-in":         func(c *config.Config) { c.Vault.Auth.RoleID = "other" },
		"another mail password":  func(c *config.Config) { c.Notify.SMTP.PasswordFile = file("password", "x") },
		"another level of a log": func(c *config.Config) { c.Log.Level = "debug" },
	} {
		c := one()
		change(&c)
		for key, whole := range wholes(c) {
			if base[key] != whole {
				t.Errorf("%s changes %s", name, key)
			}
		}
	}
	for name, c := range map[string]struct {
		key    string
		change func(*config.Config)
	}{
		"another Vault":              {"secrets", func(c *config.Config) { c.Vault.Address = "https://other.example" }},
		"another mount":              {"secrets", func(c *config.Config) { c.Vault.Mount = "other" }},
		"another authority of Vault": {"secrets", func(c *config.Config) { c.Vault.CA = file("vault-ca", "x") }},
		"another origin":             {"origin", func(c *config.Config) { c.Ledger.Origin = "other" }},
		"another mail server":        {"notify", func(c *config.Config) { c.Notify.SMTP.Address = "other.example:587" }},
		"a database on a server":     {"database", func(c *config.Config) { c.Database = "postgres://tandem@db.example/tandem" }},
		"no mail server":             {"notify", func(c *config.Config) { c.Notify.SMTP.Address = "" }},
		"other links in mails":       {"notify", func(c *config.Config) { c.PublicURL = "https://other.example" }},
		"a witness": {"witnesses", func(c *config.Config) {
			c.Ledger.Witnesses = []config.Witness{{URL: "https://w.example", Key: "w+1+x"}}
		}},
		"a stream":                 {"stream", func(c *config.Config) { c.Ledger.Stream.Address = "siem.example:6514" }},
		"a delivery":               {"deliveries", func(c *config.Config) { c.Ledger.Deliveries = []config.Delivery{{File: "/x", Every: time.Hour}} }},
		"another argument":         {"dependents.app", func(c *config.Config) { c.Dependents[0].Command[1] = "other" }},
		"another program":          {"dependents.app", func(c *config.Config) { file("hook.sh", "two") }},
		"another file it is given": {"dependents.app", func(c *config.Config) { file("with", "two") }},
		"no program":               {"dependents.app", func(c *config.Config) { must(t, os.Remove(folder+"/hook.sh")) }},
		"another URL in the file":  {"dependents.chat", func(c *config.Config) { file("url", "https://elsewhere.example") }},
		"another authority":        {"dependents.chat", func(c *config.Config) { file("ca", "two") }},
		"one less":                 {"dependents.chat", func(c *config.Config) { c.Dependents = c.Dependents[:1] }},
	} {
		changed := one()
		c.change(&changed)
		now := wholes(changed)
		var keys []string
		for key := range now {
			if base[key] != now[key] {
				keys = append(keys, key)
			}
		}
		for key := range base {
			if _, there := now[key]; !there {
				keys = append(keys, key)
			}
		}
		if !slices.Equal(keys, []string{c.key}) {
			t.Errorf("%s changes %v", name, keys)
		}
	}
}
