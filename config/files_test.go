package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// onDisk is a configuration whose files are all there, in a folder.
func onDisk(t *testing.T) (c Config, folder string) {
	t.Helper()
	folder = t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pair := func(name string) (cert, key string) {
		certPEM, keyPEM := certificate(t)
		return file(name+".pem", certPEM, 0o600), file(name+".key", keyPEM, 0o600)
	}
	ca, _ := pair("ca")
	c = Default()
	c.TLS.Cert, c.TLS.Key = pair("tls")
	c.Database = "sqlite:" + filepath.Join(folder, "tandem.db")
	c.Secrets = Vault
	c.Vault.Address, c.Vault.CA = "https://vault.example.org:8200", ca
	c.Vault.Auth.RoleIDFile, c.Vault.Auth.SecretIDFile = file("role-id", "r\n", 0o600), file("secret-id", "s\n", 0o600)
	c.Ledger.Origin = "ledger.example.org/tandem"
	c.Ledger.Stream.Address, c.Ledger.Stream.CA = "siem.example.org:6514", ca
	c.Ledger.Stream.Cert, c.Ledger.Stream.Key = pair("stream")
	c.Ledger.Deliveries = []Delivery{
		{File: filepath.Join(folder, "checkpoints"), Every: time.Hour},
		{WebhookFile: file("hook", "https://hook.example.org/?token=hunter2\n", 0o600), Every: time.Hour},
	}
	c.Notify.From = "tandem@example.org"
	c.Notify.SMTP = SMTP{Address: "mail.example.org:587", TLS: StartTLS, CA: ca, Username: "u", PasswordFile: file("smtp", "hunter2\n", 0o600)}
	c.Notify.Channels = []Channel{
		{Name: "ops", Kind: "dingtalk", URLFile: file("ops", "https://oapi.example.org/robot/send?access_token=hunter2\n", 0o600), SecretFile: file("ops-sign", "hunter2\n", 0o600), CA: ca},
		{Name: "board", Kind: "slack", URLFile: file("board", "https://hooks.example.org/hunter2\n", 0o600)},
	}
	c.Dependents = []Dependent{
		{Name: "app", Command: []string{file("app", "#!/bin/true\n", 0o700)}},
		{Name: "chat", URLFile: file("chat", "https://chat.example.org/hunter2\n", 0o600), CA: ca, TokenFile: file("token", "hunter2\n", 0o600)},
	}
	return c, folder
}

func TestFilesThatAreThere(t *testing.T) {
	c, folder := onDisk(t)
	if err := c.CheckFiles(); err != nil {
		t.Errorf("all is there: %v", err)
	}
	c.Secrets = Embedded
	c.Embedded = EmbeddedStore{Path: filepath.Join(folder, "secrets"), KeyFile: filepath.Join(folder, "made-at-the-first-start")}
	if err := c.CheckFiles(); err != nil {
		t.Errorf("before the first start: %v", err)
	}
}

// config check passed files that were not there, and serve then failed, or a
// rotation at night.
func TestEveryFileOfTheConfigurationIsLookedAt(t *testing.T) {
	files := 0
	c, folder := onDisk(t)
	each(&c, func(f field) {
		path, isText := f.value.Interface().(string)
		if !isText || !strings.HasPrefix(path, folder) {
			return
		}
		files++
		f.value.SetString(filepath.Join(folder, "none", "hunter2"))
		err := c.CheckFiles()
		if err == nil || !strings.Contains(err.Error(), f.key) || !strings.Contains(err.Error(), "there is no such") {
			t.Errorf("%s is not there: %v", f.key, err)
		}
		f.value.SetString(folder)
		if err := c.CheckFiles(); err == nil || !strings.Contains(err.Error(), f.key) {
			t.Errorf("%s is a folder: %v", f.key, err)
		}
		f.value.SetString(path)
	})
	if files < 15 {
		t.Errorf("only %d files were looked at", files)
	}
}

func TestFilesThatAreWrong(t *testing.T) {
	write := func(path, content string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		break_ func(c *Config, folder string)
		want   string
	}{
		"no certificate":         {func(c *Config, _ string) { write(c.TLS.Cert, "hunter2") }, "tls: the certificate and the key"},
		"the key of another":     {func(c *Config, _ string) { c.TLS.Key = c.Ledger.Stream.Key }, "tls: the certificate and the key"},
		"stream, key of another": {func(c *Config, _ string) { c.Ledger.Stream.Key = c.TLS.Key }, "ledger.stream: the certificate and the key"},
		"no authority":           {func(c *Config, f string) { write(c.Vault.CA, "hunter2") }, "vault.ca: holds no certificate"},
		"an empty secret":        {func(c *Config, _ string) { write(c.Vault.Auth.SecretIDFile, "\n") }, "vault.auth.secret_id_file: is empty"},
		"no URL":                 {func(c *Config, _ string) { write(c.Dependents[1].URLFile, "hunter2") }, "dependents[1].url_file: must hold a URL"},
		"no webhook":             {func(c *Config, _ string) { write(c.Ledger.Deliveries[1].WebhookFile, "hunter2") }, "ledger.deliveries[1].webhook_file: must hold a URL"},
		"no URL of a room":       {func(c *Config, _ string) { write(c.Notify.Channels[1].URLFile, "hunter2") }, "notify.channels[1].url_file: must hold a URL that starts with https://"},
		"a room in clear":        {func(c *Config, _ string) { write(c.Notify.Channels[1].URLFile, "http://hooks.example.org/hunter2") }, "notify.channels[1].url_file: must hold a URL that starts with https://"},
		"a room twice": {func(c *Config, _ string) {
			write(c.Notify.Channels[1].URLFile, " https://oapi.example.org/robot/send?access_token=hunter2")
		}, "notify.channels[1].url_file: holds the URL of another channel"},
		"an empty signature": {func(c *Config, _ string) { write(c.Notify.Channels[0].SecretFile, " \n") }, "notify.channels[0].secret_file: is empty"},
		"a token file":       {func(c *Config, f string) { c.Vault.Auth = VaultAuth{Method: TokenFile, TokenFile: f + "/gone"} }, "vault.auth.token_file: there is no such file"},
		"a passphrase": {func(c *Config, f string) {
			c.Secrets, c.Embedded = Embedded, EmbeddedStore{Path: f + "/s", PassphraseFile: f + "/gone"}
		}, "embedded.passphrase_file: there is no such file"},
		"no folder for the key": {func(c *Config, f string) {
			c.Secrets, c.Embedded = Embedded, EmbeddedStore{Path: f + "/s", KeyFile: f + "/gone/key"}
		}, "embedded.key_file: there is no such folder"},
		"no folder for secrets": {func(c *Config, f string) {
			c.Secrets, c.Embedded = Embedded, EmbeddedStore{Path: f + "/gone/s", KeyFile: f + "/key"}
		}, "embedded.path: there is no such folder"},
		"no folder for database":   {func(c *Config, f string) { c.Database = "sqlite:" + f + "/gone/tandem.db" }, "database: there is no such folder"},
		"a program nobody may run": {func(c *Config, f string) { c.Dependents[0].Command[0] = c.TLS.Cert }, "dependents[0].command: is no program that may be run"},
		"a missing program":        {func(c *Config, f string) { c.Dependents[0].Command[0] = f + "/gone" }, "dependents[0].command: there is no such file"},
	} {
		c, folder := onDisk(t)
		test.break_(&c, folder)
		if err := c.CheckFiles(); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
