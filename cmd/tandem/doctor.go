package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/store"
	"github.com/tandem-custody/tandem/custody/vault"
)

// diagnosis is one thing that the doctor looked at.
type diagnosis struct {
	Part    string  `json:"part"` // configuration, files, tls, clock, database, secrets, server, backups, reach
	Verdict verdict `json:"verdict"`
	What    string  `json:"what"`
	Next    string  `json:"next,omitzero"` // what to do; "": nothing
}

type verdict string

const (
	sound   verdict = "ok"
	warned  verdict = "warning" // it works, and not as it should
	ailing  verdict = "problem" // it does not work, or gives something away
	unasked verdict = "skipped" // it could not be looked at
)

// doctor looks at everything around a server, from the machine and as the user that it runs
// on. It changes nothing, and holds a server that runs up in nothing.
type doctor struct {
	cfg   config.Config
	file  string // of the configuration; "": there is none
	reach bool   // what is on other machines, too: mail server, rooms, witnesses, SIEM
	now   time.Time
	found []diagnosis
}

func (d *doctor) add(part string, v verdict, what, next string) {
	d.found = append(d.found, diagnosis{part, v, what, next})
}

// doctorPatience bounds one look at what may not answer.
const doctorPatience = 10 * time.Second

func (d *doctor) examine(ctx context.Context) []diagnosis {
	d.configuration()
	d.files()
	d.certificates()
	d.clock()
	d.database(ctx)
	d.secretStore(ctx)
	d.server(ctx)
	d.backups()
	if d.reach {
		d.others(ctx)
	}
	return d.found
}

// configuration says what config check does, each thing by itself.
func (d *doctor) configuration() {
	_, err := passwordPolicies(d.cfg.PasswordPolicies)
	problems := errors.Join(d.cfg.CheckFiles(), err, channelsCanBe(d.cfg))
	for _, problem := range eachOf(problems) {
		d.add("configuration", ailing, problem.Error(), "put it right in the configuration, or put the file there; tandem config check says whether it is")
	}
	if problems == nil {
		d.add("configuration", sound, "every key is known, and every file that it names is there", "")
	}
	if d.cfg.Secrets == config.Embedded {
		d.add("configuration", warned, "passwords are kept in a file on this machine, beside the database", "use Vault for anything but one machine and a small office: docs/operating.md")
	} else if d.cfg.Vault.WrapKeyFile == "" {
		d.add("configuration", warned, "vault.wrap_key_file is not set: whoever administers Vault reads every password", "set it before the first start; for one that has begun without, it is too late")
	}
	if d.cfg.MetricsListen == "" {
		d.add("configuration", warned, "metrics_listen is not set: nobody is told when the server is not well", "set metrics_listen: 127.0.0.1:8701 and have it watched: docs/metrics.md")
	}
}

// eachOf takes joined errors apart.
func eachOf(err error) (all []error) {
	if joined, is := err.(interface{ Unwrap() []error }); is { //nolint:errorlint // errors.Join's own
		for _, one := range joined.Unwrap() {
			all = append(all, eachOf(one)...)
		}
		return all
	}
	if err != nil {
		all = append(all, err)
	}
	return all
}

// files looks at who else on this machine can read secrets, or change what decides.
func (d *doctor) files() {
	before := len(d.found)
	for _, f := range d.cfg.SecretFiles() {
		d.mode(f.Key, f.Path, 0o077, "can be read by others on this machine", "chmod 600 "+f.Path)
	}
	if d.file != "" {
		d.mode("the configuration", d.file, 0o022, "can be changed by others on this machine: they decide who is given passwords", "chmod 644 "+d.file+", and give it to root")
	}
	if path := d.cfg.SQLitePath(); path != "" {
		d.mode("database", path, 0o077, "can be read by others on this machine", "chmod 600 "+path)
		d.mode("the folder of the database", filepath.Dir(path), 0o022, "can be written to by others on this machine: they can replace the database", "chmod 700 "+filepath.Dir(path))
	}
	if d.cfg.Secrets == config.Embedded {
		d.mode("embedded.path", d.cfg.Embedded.Path, 0o077, "can be read by others on this machine", "chmod 600 "+d.cfg.Embedded.Path)
	}
	if len(d.found) == before {
		d.add("files", sound, "nobody else on this machine reads secrets, or changes what decides", "")
	}
}

// mode reports a file that has one of these bits. One that is not there was reported, or is
// made by the first start.
func (d *doctor) mode(what, path string, bits fs.FileMode, problem, next string) {
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&bits != 0 && info.Mode()&fs.ModeSticky == 0 {
		d.add("files", ailing, fmt.Sprintf("%s: %s (mode %04o) %s", what, path, info.Mode().Perm(), problem), next)
	}
}

// soonEnds is how long before its end a certificate is a warning, as in the alarm.
const soonEnds = 14 * 24 * time.Hour

func (d *doctor) certificates() {
	if d.cfg.TLS.Cert == "" {
		host, _, _ := net.SplitHostPort(d.cfg.Listen)
		if config.Loopback(host) || strings.HasPrefix(d.cfg.PublicURL, "https://") {
			d.add("tls", sound, "TLS ends before Tandem, or nobody but this machine reaches it", "")
		} else {
			d.add("tls", ailing, "passwords cross the network in clear: there is neither tls nor an https public_url", "set tls.cert and tls.key, or public_url of the proxy in front")
		}
	}
	for _, one := range []struct{ key, cert, private, host string }{
		{"tls", d.cfg.TLS.Cert, d.cfg.TLS.Key, hostOf(d.cfg.PublicURL)},
		{"ledger.stream", d.cfg.Ledger.Stream.Cert, d.cfg.Ledger.Stream.Key, ""},
	} {
		if one.cert != "" {
			d.certificate(one.key, one.cert, one.private, one.host)
		}
	}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func (d *doctor) certificate(key, cert, private, host string) {
	pair, err := tls.LoadX509KeyPair(cert, private)
	if err != nil {
		return // the configuration was reported
	}
	leaf := pair.Leaf
	until := leaf.NotAfter.UTC().Format(time.DateOnly)
	switch {
	case d.now.After(leaf.NotAfter):
		d.add("tls", ailing, key+": the certificate ended on "+until, "put a new one into "+cert+": it is taken without a restart")
	case d.now.Before(leaf.NotBefore):
		d.add("tls", ailing, key+": the certificate is good only from "+leaf.NotBefore.UTC().Format(time.RFC3339), "look at the clock of this machine, and of whoever made it")
	case leaf.NotAfter.Sub(d.now) < soonEnds:
		d.add("tls", warned, key+": the certificate ends on "+until, "put a new one into "+cert+": it is taken without a restart")
	default:
		d.add("tls", sound, key+": the certificate is good until "+until, "")
	}
	if host != "" && leaf.VerifyHostname(host) != nil {
		d.add("tls", warned, key+": the certificate is not for "+host+", by which people reach it", "have one made for that name, or correct public_url")
	}
}

func (d *doctor) database(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	version, known, err := store.Schema(ctx, d.cfg.DatabaseAddress())
	switch {
	case err != nil:
		d.add("database", ailing, err.Error(), "start the database, or correct database in the configuration")
		return
	case version == 0:
		d.add("database", warned, "there is none yet: "+d.cfg.Database, "tandem init makes it, with the first admin")
		return
	case version > known:
		d.add("database", ailing, fmt.Sprintf("its schema is %d, and this Tandem knows %d: a later one was here", version, known), "install that later one, or restore the backup from before it: docs/install.md")
		return
	case version < known:
		d.add("database", warned, fmt.Sprintf("its schema is %d, and this Tandem's is %d", version, known), "the next start of tandem serve brings it up to date; make a backup before")
		return
	}
	opened, err := store.OpenReadOnly(ctx, d.cfg.DatabaseAddress(), slog.New(slog.DiscardHandler))
	if err != nil {
		d.add("database", ailing, err.Error(), "the log of the server says more")
		return
	}
	size, err := opened.Size(ctx)
	if err := errors.Join(err, opened.Close()); err != nil {
		d.add("database", ailing, err.Error(), "the log of the server says more")
		return
	}
	d.add("database", sound, fmt.Sprintf("schema %d, %d entries; whether they are right, tandem ledger verify says", version, size), "")
	d.room()
}

// littleRoom is as in the alarm.
const littleRoom = 1e9

func (d *doctor) room() {
	path := d.cfg.SQLitePath()
	if path == "" {
		return
	}
	var fsys unix.Statfs_t
	if unix.Statfs(filepath.Dir(path), &fsys) != nil {
		return
	}
	if free := float64(fsys.Bavail) * float64(fsys.Bsize); free < littleRoom {
		d.add("database", warned, fmt.Sprintf("%.0f MB are left in %s; under 16 MiB nothing is decided any more", free/1e6, filepath.Dir(path)), "make room, and never delete a -wal file")
	}
}

func (d *doctor) secretStore(ctx context.Context) {
	if d.cfg.Secrets != config.Vault {
		if _, err := os.Stat(d.cfg.Embedded.Path); err != nil {
			d.add("secrets", warned, "there is no file of secrets yet: "+d.cfg.Embedded.Path, "tandem init makes it")
		} else {
			d.add("secrets", sound, "the file of secrets is there; it is opened by the server alone", "")
		}
		return
	}
	if d.cfg.Vault.Auth.Wrapped {
		d.add("secrets", unasked, errWrapped.Error(), "/readyz of the server says whether it has all rights")
		return
	}
	settings, err := vaultConfig(d.cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		d.add("secrets", ailing, err.Error(), "correct the configuration")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	opened, err := vault.Open(ctx, settings)
	if err != nil {
		d.add("secrets", ailing, err.Error(), "correct the configuration")
		return
	}
	defer opened.Close()
	findings := opened.Check(ctx)
	for _, f := range findings {
		d.add("secrets", ailing, f.String(), "start or unseal Vault; where a right is missing or too many, tandem vault setup")
	}
	if len(findings) == 0 {
		d.add("secrets", sound, "Vault is as Tandem needs it", "")
	}
}

func (d *doctor) server(ctx context.Context) {
	at, err := opsURL(d.cfg)
	if err != nil {
		return // the configuration was reported
	}
	h := askHealth(ctx, at, false)
	switch {
	case !h.Answers:
		d.add("server", warned, "nobody answers at "+at+": "+h.Error, "tandem serve, or systemctl start tandem")
	case !h.Ready:
		for i, cause := range h.Causes {
			d.add("server", ailing, cause+": "+reasonAt(h.Reasons, i), "docs/operating.md says of each cause what to do")
		}
	default:
		d.add("server", sound, "it runs, and is ready", "")
	}
	for _, warning := range h.Warnings {
		d.add("server", warned, warning, "docs/operating.md")
	}
}

func reasonAt(reasons []string, i int) string {
	if i < len(reasons) {
		return reasons[i]
	}
	return "no reason was given"
}

// oldBackup is as in the alarm.
const oldBackup = 26 * time.Hour

func (d *doctor) backups() {
	if d.cfg.Backups == "" {
		d.add("backups", warned, "backups is not set: nobody is told when none is made", "have tandem backup run once a day into a folder, and set backups to that")
		return
	}
	newest, err := backups{d.cfg.Backups}.newest()
	switch {
	case err != nil: // the configuration was reported
	case newest.IsZero():
		d.add("backups", ailing, "there is none in "+d.cfg.Backups, "tandem backup "+filepath.Join(d.cfg.Backups, "NAME"))
	case d.now.Sub(newest) > oldBackup:
		d.add("backups", ailing, "the newest is of "+moment(newest), "look at what should make one each day")
	default:
		d.add("backups", sound, "the newest is of "+moment(newest), "")
	}
}

// others looks whether what is on other machines can be reached at all. It sends nothing.
func (d *doctor) others(ctx context.Context) {
	type place struct{ what, at string }
	var all []place
	if at := d.cfg.Notify.SMTP.Address; at != "" {
		all = append(all, place{"the mail server", at})
	}
	if at := d.cfg.Ledger.Stream.Address; at != "" {
		all = append(all, place{"the SIEM", at})
	}
	for _, w := range d.cfg.Ledger.Witnesses {
		all = append(all, place{"a witness", hostPortOf(w.URL)})
	}
	for _, c := range d.cfg.Notify.Channels {
		if r, err := roomOf(d.cfg, c); err == nil { // else the configuration was reported
			all = append(all, place{"the channel " + c.Name, hostPortOf(r.URL)})
		}
	}
	if len(all) == 0 {
		d.add("reach", sound, "the configuration names nobody on another machine", "")
	}
	for _, p := range all {
		d.dial(ctx, p.what, p.at)
	}
}

func (d *doctor) dial(ctx context.Context, what, at string) {
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", at)
	if err != nil {
		d.add("reach", ailing, what+" at "+at+" cannot be reached: "+err.Error(), "look at names, firewalls, and whether it runs")
		return
	}
	_ = connection.Close() // nothing was said
	d.add("reach", sound, what+" at "+at+" takes connections", "")
}

// hostPortOf gives host and port of a URL, and nothing else of it: a room's has its token.
func hostPortOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = "443"
		if u.Scheme == "http" {
			port = "80"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}
