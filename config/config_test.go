package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// TestBusted loads each busted_*.yaml: its error is what the lines "# want:" in
// it say, all of it, and it never repeats a value.
func TestBusted(t *testing.T) {
	files, err := filepath.Glob("testdata/busted_*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			_, err := Load(Sources{File: path})
			if err == nil {
				t.Fatal("accepted")
			}
			if want := wanted(t, path); err.Error() != want {
				t.Errorf("got:\n%s\nwant:\n%s", err, want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the error repeats the value")
			}
		})
	}
}

func wanted(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(text)) {
		if message, ok := strings.CutPrefix(line, "# want: "); ok {
			want = append(want, strings.TrimSpace(message))
		}
	}
	return strings.Join(want, "\n")
}

func TestNotYAML(t *testing.T) {
	for name, text := range map[string]string{
		"duplicate":  "listen: a:1\nlisten: b:2\n",
		"unbalanced": "listen: [\n",
		"no mapping": "just words\n",
	} {
		path := filepath.Join(t.TempDir(), "tandem.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(Sources{File: path}); err == nil || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%s: got %v, want an error that names the file", name, err)
		}
	}
	if _, err := Load(Sources{File: "testdata/absent.yaml"}); err == nil || err.Error() != "testdata/absent.yaml: there is no such file" {
		t.Errorf("absent file: %v", err)
	}
}

func TestSourcesOverrideOneAnother(t *testing.T) {
	set := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	AddFlags(set)
	if err := set.Parse([]string{"--log-level=debug"}); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Sources{
		File: "testdata/good_vault.yaml",
		Environ: []string{
			"TANDEM_LOG_LEVEL=error", "TANDEM_LOG_FORMAT=text", "TANDEM_POLICY_LOCK_AFTER=7",
			"TANDEM_VAULT_AUTH_SECRET_ID_FILE=/elsewhere", "TANDEM_SESSION_TTL=2h",
			"TANDEM_LEDGER_NEED=2",
			"TANDEM_VAULT_MOUNT=",               // empty: says nothing
			"TANDEM_PORT=tcp://10.0.0.1:8700",   // Kubernetes
			"TANDEM_SERVICE_HOST=10.0.0.1",      // Kubernetes
			"TANDEM_PASSWORD_FILE=/of/a/client", // the CLI's own
		},
		Flags: set,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Listen = "0.0.0.0:8700"
	want.PublicURL = "https://tandem.example.org"
	want.MetricsListen = "127.0.0.1:8701"
	want.Database = "sqlite:/var/lib/tandem/tandem.db"
	want.Secrets = Vault
	want.Vault = VaultStore{
		Address: "https://vault.example.org:8200", Namespace: "team", CA: "/etc/tandem/vault-ca.pem",
		Mount: "custody", TransitMount: "transit", TransitKey: "ledger", PasswordPolicy: "tandem",
		Auth: VaultAuth{Method: AppRole, Mount: "approle", RoleID: "6f3c8a52-0000-4000-8000-000000000000", SecretIDFile: "/elsewhere"},
	}
	want.Policy.Lease, want.Policy.OfferTTL, want.Policy.LockAfter = 4*time.Hour, 24*time.Hour, 7
	want.PasswordPolicies = []PasswordPolicy{{"network", "/etc/tandem/network.hcl"}}
	want.Dependents = []Dependent{
		{Name: "app", Command: []string{"/usr/local/bin/set-password", "--service", "app"}, Timeout: 10 * time.Second},
		{Name: "deploy", URL: "https://deploy.example.org/hooks/password", CA: "/etc/tandem/deploy-ca.pem", TokenFile: "/run/secrets/deploy"},
		{Name: "chat.ops", URLFile: "/run/secrets/chat-url"},
	}
	want.Ledger = Ledger{
		Origin:     "ledger.example.org/tandem",
		Witnesses:  []Witness{{"https://witness.example.org", "witness.example.org+00000001+BAAA"}, {"http://10.0.0.7:8701", "w2+00000002+BBBB"}},
		Need:       2,
		Deliveries: []Delivery{{File: "/mnt/elsewhere/checkpoints", Every: time.Hour}, {WebhookFile: "/run/secrets/hook", Every: 24 * time.Hour}, {Email: "auditor@example.org", Every: 24 * time.Hour}},
		Stream:     Stream{Format: StreamJSON},
	}
	want.SessionTTL = 2 * time.Hour
	want.Notify = Notify{
		SMTP: SMTP{Address: "mail.example.org:587", TLS: StartTLS, Helo: "tandem.example.org", Username: "tandem", PasswordFile: "/run/secrets/smtp"},
		From: "Tandem <tandem@example.org>", Language: "zh",
		Channels: []Channel{
			{Name: "ops-dingtalk", Kind: "dingtalk", URLFile: "/run/secrets/dingtalk", SecretFile: "/run/secrets/dingtalk-sign", Reaches: []string{"ann", "bob"}},
			{Name: "board", Kind: "slack", URLFile: "/run/secrets/slack", CA: "/etc/ca.pem", Grades: []string{"special"}, Language: "en"},
		},
	}
	want.Log = Log{Level: "debug", Format: "text"}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got\n%+v\nwant\n%+v", c, want)
	}
}

func TestMisspeltVariable(t *testing.T) {
	_, err := Load(Sources{File: "testdata/good_embedded.yaml", Environ: []string{"TANDEM_VAULT_ADRESS=x"}})
	if want := "TANDEM_VAULT_ADRESS (vault.adress): is no key of this version: remove it, or correct its spelling"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A list is for the file: in a variable it would be a language of its own.
func TestListInVariable(t *testing.T) {
	_, err := Load(Sources{File: "testdata/good_embedded.yaml", Environ: []string{"TANDEM_LEDGER_WITNESSES=https://hunter2.example"}})
	if want := "TANDEM_LEDGER_WITNESSES (ledger.witnesses): is a list: write it into the file, each item behind a dash"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestEffective: what is printed loads again, and shows no half of a log-in.
func TestEffective(t *testing.T) {
	c, err := Load(Sources{File: "testdata/good_vault.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.Effective()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), c.Vault.Auth.RoleID) {
		t.Errorf("role_id is printed:\n%s", text)
	}
	path := filepath.Join(t.TempDir(), "effective.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Load(Sources{File: path})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	c.Vault.Auth.RoleID = redacted
	if !reflect.DeepEqual(again, c) {
		t.Errorf("got\n%+v\nwant\n%+v", again, c)
	}
}

func TestURL(t *testing.T) {
	for _, test := range []struct {
		c    Config
		want string
	}{
		{Config{Listen: "127.0.0.1:8700"}, "http://127.0.0.1:8700"},
		{Config{Listen: ":8443", PublicURL: "https://tandem.example.org"}, "https://tandem.example.org"},
		{Config{Listen: "tandem.example.org:8443", TLS: TLS{Cert: "c", Key: "k"}}, "https://tandem.example.org:8443"},
	} {
		if got := test.c.URL(); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestTrustedProxies(t *testing.T) {
	c, err := Load(Sources{File: "testdata/good_embedded.yaml", Environ: []string{"TANDEM_TRUSTED_PROXIES=10.0.0.5, 2001:db8::/32"}})
	if err != nil {
		t.Fatal(err)
	}
	networks, err := Networks(c.TrustedProxies)
	if err != nil || len(networks) != 2 || networks[0].String() != "10.0.0.5/32" || networks[1].String() != "2001:db8::/32" {
		t.Errorf("%v, %v", networks, err)
	}
	for _, wrong := range []string{"proxy.example.org", "10.0.0.0/33", "0.0.0.0/0", "::/0", "::ffff:10.0.0.0/104", "10.0.0.1:8080"} {
		var e *Error
		if _, err := Networks([]string{"10.0.0.1", wrong}); !errors.As(err, &e) || e.Key != "trusted_proxies[1]" {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

// TestNoMoreDependentsThanStandOnRecord: what they are is one entry of the ledger.
func TestNoMoreDependentsThanStandOnRecord(t *testing.T) {
	c, err := Load(Sources{File: "testdata/good_vault.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	for len(c.Dependents) <= maxDependents {
		c.Dependents = append(c.Dependents, Dependent{Name: fmt.Sprint("d", len(c.Dependents)), Command: []string{"/bin/true"}})
	}
	if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), "dependents: must be at most 100") {
		t.Errorf("one too many: %v", err)
	}
	c.Dependents = c.Dependents[:maxDependents]
	if err := c.Validate(); err != nil {
		t.Errorf("as many as can be: %v", err)
	}
}
