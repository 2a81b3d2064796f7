package web_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api/web"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ldap"
	"github.com/tandem-custody/tandem/custody/rotation/manual"
	"github.com/tandem-custody/tandem/custody/rotation/mysql"
	"github.com/tandem-custody/tandem/custody/rotation/postgres"
	"github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/vaultrole"
)

// twoLines is PEM as browsers send it.
const twoLines = "-----BEGIN CERTIFICATE-----\r\nAAAA\r\nBBBB\r\n-----END CERTIFICATE-----\r\n"

// someKinds are the real ones of these names, of which the probes too; without a
// name all.
func someKinds(names ...string) []desk.TargetKind {
	left := func(c rotation.Connector) bool { return len(names) > 0 && !slices.Contains(names, c.Name) }
	connectors := slices.DeleteFunc([]rotation.Connector{ssh.Connector, postgres.Connector, mysql.Connector, ldap.Connector}, left)
	probes := rotation.Probes(connectors)
	connectors = append(connectors, vaultrole.Connectors(nil, probes)...)
	connectors = append(connectors, manual.Connector(probes))
	var kinds []desk.TargetKind
	for _, c := range slices.DeleteFunc(connectors, left) {
		kinds = append(kinds, c.TargetKind)
	}
	return kinds
}

// TestAFormSaysHowLongAPasswordCanBe, where its kind knows, and who sets it.
func TestAFormSaysHowLongAPasswordCanBe(t *testing.T) {
	admin := newOffice(t).as("admin", "en")
	for _, k := range someKinds() {
		text := admin.get("/admin/credentials/new?kind=" + k.Name).text()
		if limit := fmt.Sprintf("A password has %d bytes at most.", k.Most); strings.Contains(text, "bytes at most") != (k.Most > 0) || k.Most > 0 && !strings.Contains(text, limit) {
			t.Errorf("%s: %s", k.Name, text)
		}
		if byHand := strings.Contains(text, "the primary sets it by hand"); byHand != k.ByHand || byHand != (k.Name == custody.Manual) {
			t.Errorf("%s is set by hand: %v", k.Name, byHand)
		}
	}
}

// TestEveryKindIsAdded by its own form: what was typed there, and nothing else,
// becomes the target.
func TestEveryKindIsAdded(t *testing.T) {
	var tested custody.Target
	var key, password string
	o := newOffice(t, func(c *setup) {
		c.TestTarget = func(_ context.Context, target custody.Target, k, p custody.Secret) error {
			tested, key, password = target, k.Reveal(), p.Reveal()
			return nil
		}
	})
	o.Approvers()
	admin := o.as("admin", "en")
	const oneLine = "-----BEGIN CERTIFICATE----- AAAA BBBB -----END CERTIFICATE-----"
	for name, c := range map[string]struct {
		typed         []string
		settings      map[string]string
		key, password string
	}{
		"ssh": {[]string{"kind", "ssh", "set.host_key", "ssh-ed25519 AAAA\r\n\r\n ssh-rsa BBBB\r\n", "set.own", "true", "set.shell", "false", "set.database", "nonsense", "admin_key", "one\r\ntwo\r\n", "password", "old"},
			map[string]string{"host_key": "ssh-ed25519 AAAA;ssh-rsa BBBB", "own": "true", "shell": "false"}, "one\ntwo\n", "old"},
		"postgres": {[]string{"kind", "postgres", "set.admin", " tandem ", "set.database", "", "set.tls", "verify", "set.ca", twoLines, "admin_key", "hers"},
			map[string]string{"admin": "tandem", "tls": "verify", "ca": oneLine}, "hers", ""},
		"mysql": {[]string{"kind", "mysql", "set.host", "10.%", "set.tls", "off", "password", "old"},
			map[string]string{"host": "10.%", "tls": "off"}, "", "old"},
		"ldap": {[]string{"kind", "ldap", "set.admin", "cn=tandem,dc=example,dc=com", "set.method", "userPassword", "set.tls", "ldaps", "admin_key", "its"},
			map[string]string{"admin": "cn=tandem,dc=example,dc=com", "method": "userPassword", "tls": "ldaps"}, "its", ""},
		"vault-ldap": {[]string{"kind", "vault-ldap", "set.role", "app", "probe", "ldap", "set.probe.ca", twoLines, "set.probe.account", "cn=app", "set.probe.admin", "nonsense", "admin_key", "nonsense", "password", "nonsense"},
			map[string]string{"role": "app", "probe": "ldap", "probe.ca": oneLine, "probe.account": "cn=app"}, "", ""},
		"vault-database": {[]string{"kind", "vault-database", "set.role", "app", "set.mount", "db/eu"}, map[string]string{"role": "app", "mount": "db/eu"}, "", ""},
		"manual":         {[]string{"kind", "manual", "set.host_key", "nonsense"}, map[string]string{}, "", ""},
		"manual-https": {[]string{"kind", "manual", "probe", "https", "set.path", "/redfish/v1/Systems", "set.sha256", "3A:5F"},
			map[string]string{"probe": "https", "path": "/redfish/v1/Systems", "sha256": "3A:5F"}, "", ""},
		"manual-ssh": {[]string{"kind", "manual", "probe", "ssh", "set.host_key", "ssh-ed25519 AAAA"},
			map[string]string{"probe": "ssh", "host_key": "ssh-ed25519 AAAA"}, "", ""},
	} {
		form := append([]string{"name", name, "address", " x.example:1 ", "account", name, "primary", "tech-a", "backup", "tech-b", "reason", "new server"}, c.typed...)
		o.Clock.Add(10 * time.Minute) // more are not tested in less
		admin.fill("/admin/credentials/new", append(form, "do", "test")...).shows(t, 200, "takes the log-in")
		o.approved(admin.fill("/admin/credentials/new", append(form, "do", "add")...))
		admin.get("/credentials/"+name).shows(t, 200, name, "The password is being changed")
		got, _ := o.Credential(name).Target.Plain()
		if kind := strings.TrimSuffix(strings.TrimSuffix(name, "-https"), "-ssh"); got.Kind != kind || got.Address != "x.example:1" || !maps.Equal(got.Settings, c.settings) {
			t.Errorf("%s became %+v", name, got)
		}
		if !maps.Equal(tested.Settings, c.settings) || key != c.key || password != c.password {
			t.Errorf("%s was tested as %+v with %q, %q", name, tested, key, password)
		}
	}
}

// TestAKindsFormAsksForWhatItNeeds, and for no more.
func TestAKindsFormAsksForWhatItNeeds(t *testing.T) {
	o := newOffice(t, func(c *setup) {
		c.Offered = web.Offered{Kinds: someKinds("ssh", "postgres", "manual"), PasswordPolicies: []string{"long"}, Dependents: []string{"app"}}
	})
	admin := o.as("admin", "en")
	p := admin.get("/admin/credentials/new")
	p.shows(t, 200, "SSH server", "PostgreSQL", "By hand")
	if text := p.text(); strings.Contains(text, "MariaDB") || strings.Contains(text, "Vault") || strings.Contains(p.body, `name="address"`) {
		t.Errorf("it offers what there is not: %s", text)
	}
	names := func(path string) map[string]bool {
		found := map[string]bool{}
		for _, n := range admin.get(path).nodes(t) {
			if name := attr(n, "name"); name != "" {
				found[name] = true
			}
		}
		return found
	}
	postgres, byHand := names("/admin/credentials/new?kind=postgres"), names("/admin/credentials/new?kind=manual&probe=ssh")
	for _, name := range []string{"set.admin", "set.database", "set.tls", "set.ca", "admin_key", "password", "auto_reconcile", "max_age_days", "max_exposed", "password_policy", "dependents"} {
		if !postgres[name] {
			t.Errorf("the form for PostgreSQL does not ask for %s", name)
		}
	}
	if postgres["set.host_key"] || byHand["admin_key"] || byHand["auto_reconcile"] || byHand["set.admin"] || !byHand["set.host_key"] || !byHand["password"] {
		t.Errorf("PostgreSQL: %v, by hand: %v", postgres, byHand)
	}
	if unknown := names("/admin/credentials/new?kind=mysql"); unknown["address"] {
		t.Error("there is a form for a kind that is not offered")
	}
	for refused, form := range map[string][]string{
		"must be chosen first":      {"kind", "mysql"},
		"must be one that is":       {"kind", "manual", "probe", "mysql"},
		"must be a number from 0":   {"kind", "postgres", "max_age_days", "many"},
		"or 3600, an hour":          {"kind", "postgres", "max_age_days", "0.01", "address", "a:1", "account", "b", "name", "c", "primary", "tech-a", "backup", "tech-b", "reason", "new"},
		"must be 1 to 63 of a-z, 0": {"kind", "postgres", "address", "a:1", "account", "b", "name", "C", "primary", "tech-a", "backup", "tech-b", "reason", "new"},
	} {
		size := o.Size()
		admin.post("/admin/credentials/new", form...).shows(t, http.StatusUnprocessableEntity, refused)
		if got := o.Size() - size; got > 1 {
			t.Errorf("%s: %d entries", refused, got)
		}
	}
	p = admin.post("/admin/credentials/new", "kind", "postgres", "name", "pg01", "set.ca", twoLines, "set.tls", "off", "max_exposed", "2", "rotate_on_checkin", "yes",
		"dependents", "app", "password_policy", "long", "admin_key", "KEY-MARKED", "password", "PASS-MARKED")
	p.shows(t, http.StatusUnprocessableEntity)
	p.check(t, "refused form", "en")
	for _, kept := range []string{`value="pg01"`, "AAAA\nBBBB", `<option value="off" selected>`, `<option selected>2</option>`, `value="app" checked`, `<option selected>long</option>`} {
		if !strings.Contains(strings.ReplaceAll(p.body, "\r", ""), kept) {
			t.Errorf("the form forgot %s", kept)
		}
	}
	if strings.Contains(p.body, "MARKED") {
		t.Error("the form repeats a secret")
	}
}

// TestARefusedSettingIsCalledAsOnTheForm.
func TestARefusedSettingIsCalledAsOnTheForm(t *testing.T) {
	field := ""
	o := newOffice(t, func(c *setup) {
		c.TestTarget = func(context.Context, custody.Target, custody.Secret, custody.Secret) error {
			return custody.Invalid(field, "empty")
		}
	})
	for lang, words := range map[string]map[string]string{
		"en": {"target.settings.ca": `"Certificates (PEM)" must not be empty`, "target.settings.probe.database": `"Database" must`, "target.settings.odd": `"Setting odd" must`, "key": "Key or password of the second account"},
		"zh": {"target.settings.ca": "字段“证书（PEM）”不能为空", "target.settings.probe.database": "字段“数据库”不能为空"},
	} {
		admin := o.as("admin", lang)
		for name, want := range words {
			field = name
			o.Clock.Add(10 * time.Minute) // more are not tested in less
			admin.fill("/admin/credentials/new", "kind", "postgres", "address", "x.example:1", "account", "app", "do", "test").shows(t, 422, want)
		}
	}
}

func TestPolicyOfACredential(t *testing.T) {
	o := newOffice(t, func(c *setup) {
		c.Offered = web.Offered{Kinds: someKinds(), PasswordPolicies: []string{"long"}, Dependents: []string{"app", "web"}}
	})
	admin := o.as("admin", "en")
	admin.get("/credentials/db01").shows(t, 200, "After a return the password is always changed", "It may have any age.", "Change this policy")
	typed := []string{"rotate_on_transfer", "yes", "auto_reconcile", "yes", "max_age_days", "90", "lease_hours", "0.5",
		"max_exposed", "1", "password_policy", "long", "dependents", "web", "dependents", "app"}
	o.Approvers()
	admin.fill("/credentials/db01/policy", typed...).shows(t, 422, `"Reason" must not be empty`)
	asked := admin.fill("/credentials/db01/policy", append(typed, "reason", "as agreed")...)
	if p := o.Credential("db01").Policy; p.RotateOnTransfer || p.MaxExposed != 0 {
		t.Errorf("%+v, and nobody has approved it", p)
	}
	manager := o.as("manager", "en")
	manager.get(asked.proposal()).shows(t, 200, "Another policy of a credential", "Change on transfer no yes", "Greatest age of a password not set 90 d 0 h",
		"Longest check-out not set 30 min 0 s", "Most people who may know a password not set 1", "Dependents not set app , web")
	o.as("director", "zh").get(asked.proposal()).shows(t, 200, "变更凭据策略", "交接时改密 否 是", "密码最长使用时间 未设置 90 天 0 小时", "领取最长时间 未设置 30 分 0 秒")
	manager.get(asked.proposal()).check(t, "/proposals", "en")
	o.approved(asked)
	admin.get("/credentials/db01").shows(t, 200, "It is changed at every handover.", "older than 90 d 0 h", "more than 1 person knows it", "lasts 30 min 0 s at most", "long", "app web")
	got := o.Credential("db01").Policy
	if !got.RotateOnTransfer || got.RotateOnCheckin || !got.AutoReconcile || got.MaxAgeSeconds != 90*24*3600 || got.LeaseSeconds != 1800 || got.MaxExposed != 1 ||
		got.Password != "long" || strings.Join(got.Dependents, " ") != "app web" {
		t.Errorf("the policy is %+v", got)
	}
	p := admin.get("/credentials/db01")
	for _, shown := range []string{`name="max_age_days" value="90"`, `name="lease_hours" value="0.5"`, `<option selected>long</option>`} {
		if !strings.Contains(p.body, shown) {
			t.Errorf("the form does not show %s", shown)
		}
	}
	o.as("tech-b", "zh").get("/credentials/db01").shows(t, 200, "使用时间超过 90 天 0 小时", "知悉人数超过 1 人时改密")

	p = admin.fill("/credentials/db01/policy", "max_age_days", "0.001", "rotate_on_checkin", "yes")
	p.shows(t, 422, "Greatest age of a password")
	if !strings.Contains(p.body, `value="0.001"`) || !strings.Contains(p.body, `name="rotate_on_checkin" value="yes" checked`) {
		t.Error("the form forgot what was typed")
	}
	stricter := []string{"rotate_on_transfer", "yes", "rotate_on_checkin", "yes", "auto_reconcile", "yes", "max_age_days", "90", "lease_hours", "0.5",
		"max_exposed", "1", "password_policy", "long", "dependents", "web", "dependents", "app"}
	admin.post("/credentials/db01/policy", "max_age_days", "90", "reason", "less").shows(t, 422, "must be confirmed with a code")
	admin.post("/credentials/db01/policy", stricter...).shows(t, 422, "must be confirmed with a code")
	const offered = `action="/credentials/db01/policy"`
	auditor := o.as("auditor", "en")
	if strings.Contains(auditor.get("/credentials/db01").body, offered) || !strings.Contains(o.as("tech-a", "en").get("/credentials/db01").body, offered) {
		t.Error("it is offered to who only looks, or not to who can ask for it")
	}
	auditor.fill("/credentials/db01/policy", "reason", "mine").shows(t, 403, "Clause 3.1")
	if p := o.Credential("db01").Policy; p.MaxExposed != 1 || p.RotateOnCheckin {
		t.Error("a refused form changed the policy")
	}
	admin.done(admin.fill("/credentials/db01/policy", stricter...)).shows(t, 200, "The policy has been changed.", "It is changed after every check-out.")
	if !o.Credential("db01").Policy.RotateOnCheckin {
		t.Error("a stricter policy waits for somebody")
	}
}

// addByHand has sw01 of tech-a wait for its password to be set by hand.
func (o *office) addByHand(name string) {
	o.T.Helper()
	_, err := o.Desk.AddCredential(o.T.Context(), desk.By{Actor: custody.System, Request: "onboard-" + name}, custody.AddCredential{
		Name: name, Primary: "tech-a", Backup: "tech-b",
		Target: desk.NewTarget(custody.Target{Kind: custody.Manual, Address: "rack 4, unit 12, " + name, Account: "admin"}),
	}, custody.SecretString("Before-MARKED"), custody.Secret{})
	if err != nil {
		o.T.Fatal(err)
	}
	if _, err := o.Secrets.Write(o.T.Context(), desk.StagedPath(name, 1), custody.SecretString("Staged-MARKED"), 0, nil); err != nil {
		o.T.Fatal(err)
	}
	o.Must(custody.System, custody.ReportStaged{Rotation: custody.RotationID{Credential: name, Number: 1}})
}

// showNew shows tech-a a new password that is to be set by hand.
func (o *office) showNew(name string) {
	o.T.Helper()
	by := desk.By{Actor: "tech-a", Request: "show-" + name, Code: o.Code("tech-a")}
	if _, err := o.Desk.ShowNew(o.T.Context(), by, custody.ShowNew{Credential: name}); err != nil {
		o.T.Fatal(err)
	}
}

// drifts has a target refuse its password.
func (o *office) drifts(name string) {
	o.T.Helper()
	version := o.Credential(name).Version
	o.Must(custody.System, custody.StartVerification{Credential: name, Version: version})
	o.Must(custody.System, custody.EndVerification{Credential: name, Version: version, Result: custody.VerificationRefused})
}
