package ssh

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what OpenSSH hashes host names with
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/tandem-custody/tandem/custody"
)

// parseHostKeys reads the keys by which a host is known, a line each, in any form
// in which OpenSSH shows them: a .pub file's, or that of ssh-keyscan and
// known_hosts, with the host's name in front, in clear or hashed, and with lines
// of comment. Semicolons may stand for the line breaks, which a setting must not
// hold. Its error is a *custody.Refusal.
//
// A line for another host is refused and not left out: whoever pastes a whole
// known_hosts would otherwise trust each of those hosts here, or not know why
// theirs is not among them.
func parseHostKeys(text, address string) ([]ssh.PublicKey, error) {
	var keys []ssh.PublicKey
	n := 0
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == '\n' || r == '\r' }) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		n++
		key, err := parseHostKey(line, address)
		if err != nil {
			return nil, custody.Invalid("target.settings.host_key", custody.Text{
				En: fmt.Sprintf("key %d %s", n, err.En), Zh: fmt.Sprintf("第 %d 个密钥%s", n, err.Zh)})
		}
		if !slices.ContainsFunc(keys, func(had ssh.PublicKey) bool { return string(had.Marshal()) == string(key.Marshal()) }) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, custody.Invalid("target.settings.host_key", custody.Text{
			En: "must be the host's public key, as ssh-keyscan prints it or as in /etc/ssh/ssh_host_ed25519_key.pub on the host",
			Zh: "必须为主机公钥：ssh-keyscan 的输出，或主机上 /etc/ssh/ssh_host_ed25519_key.pub 的内容"})
	}
	return keys, nil
}

// parseHostKey reads one line, and says what is wrong with it.
func parseHostKey(line, address string) (ssh.PublicKey, *custody.Text) {
	key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
	var marker string
	var hosts []string
	if err != nil || len(options) > 0 {
		marker, hosts, key, _, _, err = ssh.ParseKnownHosts([]byte(line))
	}
	switch {
	case err != nil: // which may quote the line
		return nil, &custody.Text{
			En: "is no public key of a host: a line is as in ssh-ed25519 AAAA…, perhaps with the host's name in front",
			Zh: "不是主机公钥：每行应形如 ssh-ed25519 AAAA…，前面可以带主机名"}
	case marker == "cert-authority":
		return nil, &custody.Text{
			En: "is a @cert-authority, which vouches for many hosts: give the key of this one",
			Zh: "是 @cert-authority（可为多台主机作保的证书颁发者）：请填写本机的密钥"}
	case marker != "":
		return nil, &custody.Text{
			En: "is marked @" + marker + ": give a key that counts",
			Zh: "带有 @" + marker + " 标记：请填写有效的密钥"}
	case key.Type() != plainType(key):
		return nil, &custody.Text{
			En: "is a certificate, which ends: give the host's key itself",
			Zh: "是会到期的证书：请填写主机密钥本身"}
	case len(hosts) > 0 && !slices.ContainsFunc(hosts, func(name string) bool { return isNameOf(name, address) }):
		shown := strings.Join(hosts, ",")
		if strings.HasPrefix(shown, "|") {
			shown = "a hashed name"
		}
		return nil, &custody.Text{
			En: fmt.Sprintf("is for another host (%s), not for %s: give the lines of this host, or leave the name in front out", shown, address),
			Zh: fmt.Sprintf("属于另一台主机（%s），而不是 %s：请只填写本机的行，或去掉前面的主机名", strings.Replace(shown, "a hashed name", "散列主机名", 1), address)}
	}
	return key, nil
}

// plainType is the type of a key, or of the key in a certificate.
func plainType(key ssh.PublicKey) string {
	if certificate, ok := key.(*ssh.Certificate); ok {
		return certificate.Key.Type()
	}
	return key.Type()
}

// isNameOf says whether a name of known_hosts is this address: as it is, or as
// OpenSSH hashes it, |1|SALT|HMAC-SHA1 (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
// Patterns are names of many hosts, and not taken.
func isNameOf(name, address string) bool {
	wanted := strings.ToLower(knownhosts.Normalize(address))
	hashed, found := strings.CutPrefix(name, "|1|")
	if !found {
		return strings.ToLower(knownhosts.Normalize(name)) == wanted
	}
	salt, hash, _ := strings.Cut(hashed, "|")
	key, err := base64.StdEncoding.DecodeString(salt)
	if err != nil {
		return false
	}
	mac := hmac.New(sha1.New, key)
	mac.Write([]byte(wanted))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil)) == hash
}
