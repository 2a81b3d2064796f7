package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Validate says what is wrong, for all keys at once: the error joins an *Error
// for each. It touches no file and no network.
func (c Config) Validate() error { return errors.Join(c.problems()...) }

func (c Config) problems() []error {
	var v validation
	v.server(c)
	v.database(c)
	v.oneOf("secrets", c.Secrets, Embedded, Vault)
	switch c.Secrets {
	case Embedded:
		v.embedded(c.Embedded)
	case Vault:
		v.vault(c.Vault)
	}
	v.policy(c.Policy)
	v.passwordPolicies(c.PasswordPolicies)
	v.dependents(c)
	v.envelopes(c.Envelopes)
	v.origin(c.Ledger.Origin)
	v.stream(c.Ledger.Stream)
	v.witnesses(c.Ledger)
	v.deliveries(c.Ledger.Deliveries)
	v.notify(c)
	v.channels(c.Notify.Channels)
	if c.Rotation.VerifyEvery != 0 { // which is never
		v.between("rotation.verify_every", c.Rotation.VerifyEvery, time.Second, 30*24*time.Hour)
	}
	v.between("rotation.lockout_window", c.Rotation.LockoutWindow, time.Second, 24*time.Hour)
	v.between("session_ttl", c.SessionTTL, time.Minute, 30*24*time.Hour)
	v.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	v.oneOf("log.format", c.Log.Format, "text", "json")
	return v.problems
}

// URL is what people and clients call the server.
func (c Config) URL() string {
	switch {
	case c.PublicURL != "":
		return c.PublicURL
	case c.TLS.Cert != "":
		return "https://" + c.Listen
	}
	return "http://" + c.Listen
}

// Networks reads addresses (10.0.0.5) and networks (10.0.0.0/8). The error is an
// *Error of trusted_proxies.
func Networks(texts []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for i, text := range texts {
		network, err := netip.ParsePrefix(text)
		if addr, single := netip.ParseAddr(text); single == nil {
			network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		key := fmt.Sprintf("trusted_proxies[%d]", i)
		switch {
		case err != nil:
			return nil, &Error{Key: key, Problem: "must be an address or a network, such as 10.0.0.5 or 10.0.0.0/8"}
		case network.Bits() == 0:
			return nil, &Error{Key: key, Problem: "is every address there is: anybody could say where they come from"}
		case network.Addr().Is4In6():
			return nil, &Error{Key: key, Problem: "must be written as IPv4: such as 10.0.0.0/8"}
		}
		all = append(all, network.Masked())
	}
	return all, nil
}

// validation collects what is wrong.
type validation struct{ problems []error }

func (v *validation) add(key, format string, args ...any) {
	v.problems = append(v.problems, &Error{Key: key, Problem: fmt.Sprintf(format, args...)})
}

func (v *validation) server(c Config) {
	v.address("listen", c.Listen)
	if c.MetricsListen != "" {
		v.address("metrics_listen", c.MetricsListen)
		if sameListener(c.Listen, c.MetricsListen) {
			v.add("metrics_listen", "is where listen is already: give it a port of its own")
		}
	}
	if _, err := Networks(c.TrustedProxies); err != nil {
		v.problems = append(v.problems, err)
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		v.add("tls", "cert and key go together: name both files, or neither")
	}
	if c.PublicURL != "" {
		u := v.url("public_url", c.PublicURL)
		if u != nil && (strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "") {
			v.add("public_url", "must end behind the host: Tandem is served at the root of a name of its own")
		}
	}
	u, err := url.Parse(c.URL())
	if err == nil && u.Scheme == "http" && !Loopback(u.Hostname()) {
		v.add("listen", "would carry passwords in clear: name tls.cert and tls.key, or set public_url to the https address of the proxy in front")
	}
}

func (v *validation) embedded(e EmbeddedStore) {
	v.required("embedded.path", e.Path, "the file that holds the secrets")
	if (e.KeyFile == "") == (e.PassphraseFile == "") {
		v.add("embedded", "name either key_file or passphrase_file: one of them opens the secrets")
	}
}

func (v *validation) vault(s VaultStore) {
	u := v.url("vault.address", s.Address)
	if u != nil && u.Scheme == "http" && !Loopback(u.Hostname()) && !s.AllowHTTP {
		v.add("vault.address", "would carry secrets in clear: use https, and vault.ca for a certificate of your own (or vault.allow_http, for trying it out)")
	}
	v.required("vault.mount", s.Mount, "the path of the KV v2 engine")
	v.required("vault.transit_mount", s.TransitMount, "the path of the Transit engine")
	v.required("vault.transit_key", s.TransitKey, "the name of the ledger's key")
	v.required("vault.password_policy", s.PasswordPolicy, "the name of the password policy")
	v.oneOf("vault.auth.method", s.Auth.Method, AppRole, TokenFile)
	switch s.Auth.Method {
	case AppRole:
		if (s.Auth.RoleID == "") == (s.Auth.RoleIDFile == "") {
			v.add("vault.auth", "give either role_id or role_id_file")
		}
		v.required("vault.auth.secret_id_file", s.Auth.SecretIDFile, "the file with the secret id of the AppRole")
	case TokenFile:
		v.required("vault.auth.token_file", s.Auth.TokenFile, "the file with the token")
	}
}

func (v *validation) policy(p Policy) {
	const day = 24 * time.Hour
	v.between("policy.lease", p.Lease, time.Minute, 7*day)
	v.between("policy.offer_ttl", p.OfferTTL, time.Minute, 30*day)
	v.between("policy.rotation_deadline", p.RotationDeadline, time.Minute, 7*day)
	v.between("policy.lock_base", p.LockBase, time.Second, day)
	v.between("policy.lock_max", p.LockMax, max(p.LockBase, time.Second), 7*day)
	v.between("policy.session_idle", p.SessionIdle, time.Minute, day)
	v.between("policy.approve_within", p.ApproveWithin, time.Minute, day)
	v.between("policy.silence_after", p.SilenceAfter, time.Minute, max(p.ApproveWithin, time.Minute))
	v.between("policy.use_within", p.UseWithin, time.Minute, day)
	v.between("policy.hold_for", p.HoldFor, time.Minute, day)
	v.between("policy.review_within", p.ReviewWithin, time.Hour, 30*day)
	v.between("policy.signature_ttl", p.SignatureTTL, day, 90*day)
	v.between("policy.absence_wait", p.AbsenceWait, time.Minute, day)
	v.between("policy.remind_first", p.RemindFirst, 2*time.Minute, 30*day)
	v.between("policy.remind_last", p.RemindLast, time.Minute, max(p.RemindFirst-time.Minute, time.Minute))
	v.between("policy.drill_every", p.DrillEvery, day, 2*365*day)
	v.oneOf("policy.approvals", p.Approvals, ApprovedByTwo, ApprovedByOne, ApprovedByNone)
	v.oneOf("policy.exclusive", p.Exclusive, ExclusiveStrict, ExclusiveAuditor)
	if p.LockAfter < 1 || p.LockAfter > 100 {
		v.add("policy.lock_after", "must be 1 to 100 wrong codes")
	}
	if _, err := time.Parse(time.DateOnly, p.ReviewBy); p.ReviewBy != "" && err != nil {
		v.add("policy.review_by", "must be a day like 2027-06-30")
	}
	if p.TOTPSkew < 0 || p.TOTPSkew > 2 {
		v.add("policy.totp_skew", "must be 0 to 2 steps: each one more makes a stolen code good for longer")
	}
}

// passwordPolicies looks at the names only; package password reads the files when
// the server starts. A name becomes part of one in Vault.
func (v *validation) passwordPolicies(all []PasswordPolicy) {
	seen := map[string]bool{}
	for i, p := range all {
		at := fmt.Sprintf("password_policies[%d]", i)
		switch {
		case !policyName.MatchString(p.Name) || len(p.Name) > maxPolicyName:
			v.add(at+".name", "must be at most %d small letters and digits, with single dashes between them", maxPolicyName)
		case seen[p.Name]:
			v.add(at+".name", "is the name of another one")
		}
		seen[p.Name] = true
		v.required(at+".file", p.File, "the file with the policy, in HCL as Vault takes it")
	}
}

var policyName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

const maxPolicyName = 40

// dependents looks at no file. A name is one as credentials and people have it.
func (v *validation) dependents(c Config) {
	if len(c.Dependents) > maxDependents {
		v.add("dependents", "must be at most %d: what they are stands in one entry of the ledger", maxDependents)
	}
	seen := map[string]bool{}
	for i, d := range c.Dependents {
		at := fmt.Sprintf("dependents[%d]", i)
		switch {
		case !dependentName.MatchString(d.Name) || strings.Contains(d.Name, ".."):
			v.add(at+".name", "must be 1 to 63 of a-z, 0-9, dot, hyphen and underscore, starting with a letter or digit")
		case seen[d.Name]:
			v.add(at+".name", "is the name of another one")
		}
		seen[d.Name] = true
		if d.Timeout != 0 {
			v.between(at+".timeout", d.Timeout, time.Second, LongestTimeout)
		}
		switch posted := d.URL != "" || d.URLFile != ""; {
		case posted == (len(d.Command) > 0), d.URL != "" && d.URLFile != "":
			v.add(at, "name one of command, url and url_file")
		case posted:
			v.receiver(at, d, c)
		default:
			if !filepath.IsAbs(d.Command[0]) {
				v.add(at+".command", "must begin with the absolute path of a program: no PATH is searched, and no shell run")
			}
			if d.CA != "" || d.TokenFile != "" {
				v.add(at, "ca and token_file are for a url")
			}
		}
	}
}

// envelopes looks at the form only: a folder on a disk that is not mounted is no mistake of
// the configuration's.
func (v *validation) envelopes(e Envelopes) {
	if e.Folder != "" && (!filepath.IsAbs(e.Folder) || filepath.Clean(e.Folder) != e.Folder || e.Folder == "/") {
		v.add("envelopes.folder", "must be the absolute path of a folder of its own, such as /mnt/envelopes")
	}
}

// maxDependents keeps them, and what else stands on record beside them, within what one
// entry can hold (custody.MaxSettings).
const maxDependents = 100

var dependentName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

func (v *validation) receiver(at string, d Dependent, c Config) {
	if c.Secrets == Vault && c.Vault.WrapKeyFile != "" {
		v.add(at, "would have Vault see the password, which vault.wrap_key_file is there to prevent: name a command")
	}
	if c.Secrets != Vault {
		v.add(at, "needs secrets: vault, which makes the one-time token that a receiver is posted instead of the password: name a command, or change over")
	}
	if d.URL == "" {
		return
	}
	switch u := v.url(at+".url", d.URL); {
	case u == nil:
	case u.RawQuery != "":
		v.add(at+".url", "has a query, which may hold a secret: write the URL into a file and name that in url_file")
	case u.Scheme == "http" && !Loopback(u.Hostname()):
		v.add(at+".url", "would carry a token for the password in clear: use https, and ca for a certificate of your own")
	}
}

// origin checks what C2SP signed-note asks of a key name, which the origin is.
func (v *validation) origin(origin string) {
	switch {
	case origin == "":
		v.add("ledger.origin", "is needed: the ledger's name in every checkpoint, such as ledger.example.org/tandem; it can never change")
	case strings.ContainsAny(origin, " \t\r\n+") || len(origin) > 200:
		v.add("ledger.origin", "must have no white space and no plus sign, and at most 200 bytes")
	}
}

func (v *validation) stream(s Stream) {
	v.oneOf("ledger.stream.format", s.Format, StreamJSON, StreamCEF)
	if s.Address != "" {
		v.remote("ledger.stream.address", s.Address)
	}
	if (s.Cert == "") != (s.Key == "") {
		v.add("ledger.stream", "cert and key go together: name both files, or neither")
	}
}

// witnesses looks at the shape of the keys only; package audit reads them when
// the server starts. A name must tell a witness from the others: it labels their
// metrics.
func (v *validation) witnesses(l Ledger) {
	seen := map[string]bool{}
	for i, w := range l.Witnesses {
		at := fmt.Sprintf("ledger.witnesses[%d]", i)
		v.url(at+".url", w.URL)
		name, rest, _ := strings.Cut(w.Key, "+")
		switch {
		case name == "" || !strings.Contains(rest, "+") || strings.ContainsAny(w.Key, " \t\r\n") || len(w.Key) > maxWitnessKey:
			v.add(at+".key", "must be the verifier key of the witness, NAME+ID+KEY, as tandem witness prints it")
		case strings.HasPrefix(w.Key, "PRIVATE+"):
			v.add(at+".key", "is a private key, which belongs to the witness alone: give its verifier key, and make a new one")
		case seen[name]:
			v.add(at+".key", "has the name of another witness")
		}
		seen[name] = true
	}
	if l.Need < 0 || l.Need > len(l.Witnesses) {
		v.add("ledger.need", "must be 0 to %d, the number of ledger.witnesses", len(l.Witnesses))
	}
}

// maxWitnessKey bounds a verifier key, in bytes. One of ML-DSA-44 has 1,312 and
// its name, in base64.
const maxWitnessKey = 3000

func (v *validation) deliveries(all []Delivery) {
	for i, d := range all {
		at := fmt.Sprintf("ledger.deliveries[%d]", i)
		places := 0
		for _, place := range []string{d.File, d.Webhook, d.WebhookFile, d.Email} {
			if place != "" {
				places++
			}
		}
		if places != 1 {
			v.add(at, "name one of file, webhook, webhook_file and email")
		}
		if d.Webhook != "" {
			if u := v.url(at+".webhook", d.Webhook); u != nil && u.RawQuery != "" {
				v.add(at+".webhook", "has a query, which may hold a secret: write the URL into a file and name that in webhook_file")
			}
		}
		v.between(at+".every", d.Every, time.Minute, 30*24*time.Hour)
	}
}

// notify asks for a server when there is anything to send.
func (v *validation) notify(c Config) {
	n := c.Notify
	v.oneOf("notify.language", n.Language, "en", "zh")
	v.oneOf("notify.smtp.tls", n.SMTP.TLS, StartTLS, ImplicitTLS, NoTLS)
	for i, d := range c.Ledger.Deliveries {
		at := fmt.Sprintf("ledger.deliveries[%d].email", i)
		if a, err := mail.ParseAddress(d.Email); d.Email != "" && (err != nil || a.Address != d.Email) {
			v.add(at, "must be an e-mail address, such as auditor@example.org")
		}
		if d.Email != "" && n.SMTP.Address == "" {
			v.add(at, "needs a mail server: name it in notify.smtp.address")
		}
	}
	if n.SMTP.Address == "" {
		if n.From != "" || n.SMTP.Helo != "" || n.SMTP.Username != "" || n.SMTP.PasswordFile != "" {
			v.add("notify.smtp.address", "is needed to send e-mails: the HOST:PORT of your mail server")
		}
		return
	}
	v.remote("notify.smtp.address", n.SMTP.Address)
	if n.SMTP.Helo != "" && !heloForm.MatchString(n.SMTP.Helo) {
		v.add("notify.smtp.helo", "must be a full name in ASCII, such as tandem.example.org, or an address such as [192.0.2.7]: mail servers refuse others")
	}
	if _, err := mail.ParseAddress(n.From); err != nil {
		v.add("notify.from", "must be whom the e-mails come from, such as Tandem <tandem@example.org>")
	}
	if (n.SMTP.Username == "") != (n.SMTP.PasswordFile == "") {
		v.add("notify.smtp", "username and password_file go together: name both, or neither")
	}
	host, _, err := net.SplitHostPort(n.SMTP.Address)
	if err == nil && n.SMTP.TLS == NoTLS && !Loopback(host) {
		v.add("notify.smtp.tls", "may be off only for a server on this machine: use starttls or tls")
	}
}

// Kinds of channels, and whether messages are signed with a secret.
var channelKinds = map[string]bool{"dingtalk": true, "wecom": false, "feishu": true, "lark": true, "webhook": true, "slack": false, "teams": false}

// maxChannels keeps them within what one entry can hold, beside dependents
// (custody.MaxSettings).
const maxChannels = 12

// channelName is what a channel and a person can be called on record (custody.checkName).
var (
	channelName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	otherNames  = regexp.MustCompile(`\.\.|^(system|email|(handover|lease|p|absence|emergency)-[0-9]+)$`)
)

func (v *validation) channels(all []Channel) {
	names, files := map[string]bool{}, map[string]bool{}
	if len(all) > maxChannels {
		v.add("notify.channels", "must be at most %d", maxChannels)
	}
	for i, c := range all {
		at := fmt.Sprintf("notify.channels[%d]", i)
		switch {
		case !channelName.MatchString(c.Name) || otherNames.MatchString(c.Name):
			v.add(at+".name", "must be a name on record, such as ops-dingtalk: small letters, figures, dots, dashes and underscores; and not email")
		case names[c.Name]:
			v.add(at+".name", "is the name of another channel")
		}
		names[c.Name] = true
		signs, known := channelKinds[c.Kind]
		if !known {
			v.oneOf(at+".kind", c.Kind, slices.Sorted(maps.Keys(channelKinds))...)
		}
		v.required(at+".url_file", c.URLFile, "the file that has the URL of the room, as there is a token in it")
		if c.URLFile != "" && files[c.URLFile] {
			v.add(at+".url_file", "is that of another channel: one room is one channel")
		}
		files[c.URLFile] = true
		switch {
		case signs:
			v.required(at+".secret_file", c.SecretFile, "the file that has the secret by which "+c.Kind+" knows Tandem")
		case known && c.SecretFile != "":
			v.add(at+".secret_file", "is for kinds that are signed: to %s the URL is all", c.Kind)
		}
		for j, grade := range c.Grades {
			v.oneOf(fmt.Sprintf("%s.grades[%d]", at, j), grade, "ordinary", "serious", "special")
		}
		if c.Language != "" {
			v.oneOf(at+".language", c.Language, "en", "zh")
		}
		for j, person := range c.Reaches {
			switch {
			case !channelName.MatchString(person):
				v.add(fmt.Sprintf("%s.reaches[%d]", at, j), "must be the username of somebody who reads the room")
			case slices.Contains(c.Reaches[:j], person):
				v.add(fmt.Sprintf("%s.reaches[%d]", at, j), "is named twice")
			}
		}
	}
}

// SecureURL says whether a URL can be asked for without anybody on the way reading it:
// by https, or on this machine.
func SecureURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Hostname() != "" && (u.Scheme == "https" || u.Scheme == "http" && Loopback(u.Hostname()))
}

// heloForm is what may stand behind EHLO (RFC 5321, 4.1.1.1): a domain, here with
// a dot in it, or an address literal.
var heloForm = regexp.MustCompile(`^([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+|\[[0-9A-Za-z:.]+\])$`)

func (v *validation) required(key, value, what string) {
	if value == "" {
		v.add(key, "is needed: %s", what)
	}
}

func (v *validation) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		v.add(key, "must be %s", strings.Join(allowed, " or "))
	}
}

func (v *validation) between(key string, value, low, high time.Duration) {
	if value < low || value > high {
		v.add(key, "must be %s to %s", low, high)
	}
}

// address checks one to listen on. Port 0 takes a free one.
func (v *validation) address(key, value string) {
	if host, _, ok := hostPort(value); !ok || strings.ContainsAny(host, " \t") {
		v.add(key, "must be HOST:PORT, such as 127.0.0.1:8700")
	}
}

// remote checks one to connect to.
func (v *validation) remote(key, value string) {
	if host, port, ok := hostPort(value); !ok || host == "" || port == 0 || strings.ContainsAny(host, " \t") {
		v.add(key, "must be HOST:PORT, such as mail.example.org:587")
	}
}

func hostPort(value string) (host string, port uint64, ok bool) {
	host, text, err := net.SplitHostPort(value)
	if err != nil {
		return "", 0, false
	}
	port, err = strconv.ParseUint(text, 10, 16)
	return host, port, err == nil
}

// sameListener says whether the second of two addresses would find the port taken.
func sameListener(a, b string) bool {
	hostA, portA, okA := hostPort(a)
	hostB, portB, okB := hostPort(b)
	if !okA || !okB || portA != portB || portA == 0 {
		return false
	}
	everywhere := func(host string) bool {
		addr, err := netip.ParseAddr(host)
		return host == "" || err == nil && addr.IsUnspecified()
	}
	byName := hostA == "localhost" && Loopback(hostB) || hostB == "localhost" && Loopback(hostA)
	return hostA == hostB || everywhere(hostA) || everywhere(hostB) || byName
}

// url gives the URL in value, nil when it is none.
func (v *validation) url(key, value string) *url.URL {
	u, err := url.Parse(value)
	if err == nil && u.Port() != "" {
		_, err = strconv.ParseUint(u.Port(), 10, 16)
	}
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		v.add(key, "must be a URL that starts with https:// or http://")
		return nil
	}
	if u.User != nil {
		v.add(key, "must not hold a user name or a password")
	}
	return u
}

// LoopbackURL says whether a URL can only lead to this machine.
func LoopbackURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && Loopback(u.Hostname())
}

// Loopback says whether a host can only be this machine. The name localhost is
// taken at its word: RFC 6761, section 6.3.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
