package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// The keys of what of a configuration stands on record, beside dependents and channels.
const (
	secretsSetting    = "secrets"
	originSetting     = "origin"
	notifySetting     = "notify"
	witnessesSetting  = "witnesses"
	streamSetting     = "stream"
	deliveriesSetting = "deliveries"
	databaseSetting   = "database"
)

// settingsOf gives what of a configuration stands on record: where secrets are, who is
// given passwords, and by whom people are told of things. Nothing of it is one machine's
// alone, so that replicas with one configuration have the same. Files are read when it
// is asked: what is run can be another program than at the start.
func settingsOf(cfg config.Config) func() []desk.Setting {
	return func() []desk.Setting {
		all := []desk.Setting{
			setting(originSetting, cfg.Ledger.Origin, cfg.Ledger.Origin),
			secretsOnRecord(cfg),
			notifyOnRecord(cfg),
			witnessesOnRecord(cfg.Ledger),
			setting(streamSetting, cmp.Or(cfg.Ledger.Stream.Address, "none"), cfg.Ledger.Stream.Address, cfg.Ledger.Stream.Format, contentOf(cfg.Ledger.Stream.CA)),
			deliveriesOnRecord(cfg.Ledger.Deliveries),
		}
		if cfg.OnServer() {
			all = append(all, databaseOnRecord(cfg))
		}
		if cfg.Envelopes.Folder != "" {
			all = append(all, setting(desk.EnvelopesSetting, "envelopes in "+cfg.Envelopes.Folder, cfg.Envelopes.Folder))
		}
		for _, d := range cfg.Dependents {
			all = append(all, dependentOnRecord(d))
		}
		for _, c := range cfg.Notify.Channels {
			all = append(all, channelOnRecord(cfg, c))
		}
		return all
	}
}

// setting makes one: all parts of it count, in their order.
func setting(key, said string, parts ...any) desk.Setting {
	whole, err := json.Marshal(parts)
	if err != nil { // they are texts, numbers and lists of them
		panic("configuration: " + key + ": " + err.Error())
	}
	return desk.Setting{Key: key, Said: said, Whole: whole}
}

// databaseOnRecord says what the database on a server is called. By which of its addresses
// it is reached is each machine's own, and a file's path is too.
func databaseOnRecord(cfg config.Config) desk.Setting {
	name := "of its role's name"
	if at, err := url.Parse(cfg.Database); err == nil && at.Path != "" {
		name = strings.TrimPrefix(at.Path, "/")
	}
	return setting(databaseSetting, "a PostgreSQL server, database "+name, "postgres", name)
}

func secretsOnRecord(cfg config.Config) desk.Setting {
	if cfg.Secrets != config.Vault {
		return setting(secretsSetting, "embedded", "embedded")
	}
	v := cfg.Vault
	said := fmt.Sprintf("Vault at %s, %s and %s", v.Address, v.Mount, v.TransitMount)
	if v.Namespace != "" {
		said += ", namespace " + v.Namespace
	}
	return setting(secretsSetting, said, "vault", v.Address, v.Namespace, v.Mount, v.TransitMount, v.TransitKey, v.LDAPMount, v.DatabaseMount, contentOf(v.CA))
}

// notifyOnRecord has where mails go, from whom they come and where their links lead. The
// log-in's password is none of it: it changes without anybody being told elsewhere.
func notifyOnRecord(cfg config.Config) desk.Setting {
	n := cfg.Notify
	if n.SMTP.Address == "" {
		return setting(notifySetting, "no mails", "none")
	}
	said := fmt.Sprintf("mails by %s (tls: %s) from %s", n.SMTP.Address, n.SMTP.TLS, n.From)
	if cfg.PublicURL != "" {
		said += ", links to " + cfg.PublicURL
	}
	return setting(notifySetting, said, n.SMTP.Address, n.SMTP.TLS, contentOf(n.SMTP.CA), n.SMTP.Username, n.From, cfg.PublicURL)
}

func witnessesOnRecord(l config.Ledger) desk.Setting {
	said := []string{}
	for _, w := range l.Witnesses {
		name, _, _ := strings.Cut(w.Key, "+")
		said = append(said, name+" at "+w.URL)
	}
	return setting(witnessesSetting, cmp.Or(strings.Join(said, ", "), "none"), l.Witnesses, l.Need)
}

func deliveriesOnRecord(all []config.Delivery) desk.Setting {
	var said []string
	parts := []any{}
	for _, d := range all {
		said = append(said, cmp.Or(d.File, d.Email, d.Webhook, "the URL in "+d.WebhookFile))
		parts = append(parts, d.File, d.Email, d.Webhook, d.WebhookFile, contentOf(d.WebhookFile), d.Every.String())
	}
	return setting(deliveriesSetting, cmp.Or(strings.Join(said, ", "), "none"), parts...)
}

// dependentOnRecord has everything that decides who gets a password: of a command the
// content of each file that it names, of a receiver its URL, whole, and whom it trusts.
// The token by which the receiver knows Tandem changes by itself.
func dependentOnRecord(d config.Dependent) desk.Setting {
	key := custody.DependentSetting(d.Name)
	if len(d.Command) == 0 {
		return setting(key, cmp.Or(d.URL, "the URL in "+d.URLFile), "request", d.URL, contentOf(d.URLFile), contentOf(d.CA))
	}
	said := strings.Join(d.Command, " ")
	parts, files := []any{"command"}, []string{}
	for _, arg := range d.Command {
		content := ""
		if filepath.IsAbs(arg) {
			content = contentOf(arg)
		}
		if content != "" {
			files = append(files, filepath.Base(arg))
		}
		parts = append(parts, arg, content)
	}
	if len(files) > 0 {
		said += " (and what is in " + strings.Join(files, ", ") + ")"
	}
	return setting(key, said, parts...)
}

// contentOf gives the SHA-256 of a file, in hex; "": there is none, or it is no regular
// one, and "unreadable" where it cannot be read. It never leaves this process but inside a
// keyed digest: it may be of a secret.
func contentOf(path string) string {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	file, err := os.Open(path)
	if err != nil {
		return "unreadable"
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "unreadable"
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// unacknowledged says to whoever watches the metrics that a manager has to look at the
// configuration.
func unacknowledged(d *desk.Desk) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tandem_configuration_unacknowledged", Help: "Settings that are not in force until a manager has acknowledged them: dependents among them are given no password.",
	}, func() float64 { return float64(len(d.Configuration().Waiting())) })
}
