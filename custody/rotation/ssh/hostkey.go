package ssh

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what OpenSSH hashes host names with
	"encoding/base64"
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
		key, err := parseHostKey(n, line, address)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(keys, func(had ssh.PublicKey) bool { return string(had.Marshal()) == string(key.Marshal()) }) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, custody.Invalid("target.settings.host_key", "no_host_key")
	}
	return keys, nil
}

// parseHostKey reads the line of the nth key.
func parseHostKey(n int, line, address string) (ssh.PublicKey, error) {
	const field = "target.settings.host_key"
	key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
	var marker string
	var hosts []string
	if err != nil || len(options) > 0 {
		marker, hosts, key, _, _, err = ssh.ParseKnownHosts([]byte(line))
	}
	switch {
	case err != nil: // which may quote the line
		return nil, custody.Invalid(field, "host_key_is_none", custody.Args{"number": n})
	case marker == "cert-authority":
		return nil, custody.Invalid(field, "host_key_is_authority", custody.Args{"number": n})
	case marker != "":
		return nil, custody.Invalid(field, "host_key_is_marked", custody.Args{"number": n, "marker": marker})
	case key.Type() != plainType(key):
		return nil, custody.Invalid(field, "host_key_is_certificate", custody.Args{"number": n})
	case len(hosts) > 0 && !slices.ContainsFunc(hosts, func(name string) bool { return isNameOf(name, address) }):
		if strings.HasPrefix(hosts[0], "|") {
			return nil, custody.Invalid(field, "host_key_of_hashed", custody.Args{"number": n, "address": address})
		}
		return nil, custody.Invalid(field, "host_key_of_another", custody.Args{"number": n, "host": strings.Join(hosts, ","), "address": address})
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
