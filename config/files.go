package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// CheckFiles says what is wrong with the files that c names, on this machine: the
// error joins an *Error for each. It reads them, and repeats nothing of what is
// in them. c is valid. The files of password policies are package password's.
func (c Config) CheckFiles() error {
	var v validation
	v.keyPair("tls", c.TLS.Cert, c.TLS.Key)
	v.databaseFiles(c)
	switch c.Secrets {
	case Embedded:
		v.toBeMade("embedded.path", c.Embedded.Path)
		v.toBeMade("embedded.key_file", c.Embedded.KeyFile)
		v.secretFile("embedded.passphrase_file", c.Embedded.PassphraseFile)
	case Vault:
		v.authorities("vault.ca", c.Vault.CA)
		v.secretFile("vault.wrap_key_file", c.Vault.WrapKeyFile)
		if c.Vault.Auth.Method == TokenFile {
			v.secretFile("vault.auth.token_file", c.Vault.Auth.TokenFile)
			break
		}
		v.secretFile("vault.auth.role_id_file", c.Vault.Auth.RoleIDFile)
		v.secretFile("vault.auth.secret_id_file", c.Vault.Auth.SecretIDFile)
	}
	for i, d := range c.Dependents {
		at := fmt.Sprintf("dependents[%d].", i)
		if len(d.Command) > 0 {
			v.program(at+"command", d.Command[0])
		}
		v.urlFile(at+"url_file", d.URLFile)
		v.authorities(at+"ca", d.CA)
		v.secretFile(at+"token_file", d.TokenFile)
	}
	for i, d := range c.Ledger.Deliveries {
		at := fmt.Sprintf("ledger.deliveries[%d].", i)
		v.toBeMade(at+"file", d.File)
		v.urlFile(at+"webhook_file", d.WebhookFile)
	}
	v.authorities("ledger.stream.ca", c.Ledger.Stream.CA)
	v.keyPair("ledger.stream", c.Ledger.Stream.Cert, c.Ledger.Stream.Key)
	v.authorities("notify.smtp.ca", c.Notify.SMTP.CA)
	v.secretFile("notify.smtp.password_file", c.Notify.SMTP.PasswordFile)
	v.folder("backups", c.Backups)
	rooms := map[string]bool{}
	for i, ch := range c.Notify.Channels {
		at := fmt.Sprintf("notify.channels[%d].", i)
		v.roomFile(at+"url_file", ch.URLFile, rooms)
		v.secretFile(at+"secret_file", ch.SecretFile)
		v.authorities(at+"ca", ch.CA)
	}
	return errors.Join(v.problems...)
}

// roomFile looks at the URL of a channel, and whether another one is the same room.
func (v *validation) roomFile(key, path string, rooms map[string]bool) {
	content, ok := v.read(key, path)
	if !ok {
		return
	}
	room := strings.TrimSpace(string(content))
	switch {
	case !SecureURL(room):
		v.add(key, "must hold a URL that starts with https://: the token in it is for nobody on the way")
	case rooms[room]:
		v.add(key, "holds the URL of another channel: one room is one channel")
	}
	rooms[room] = true
}

// read gives what is in a file, or adds why it cannot be read.
func (v *validation) read(key, path string) (content []byte, ok bool) {
	content, err := os.ReadFile(path)
	if err != nil {
		v.add(key, "%s", whyNot(err, "file"))
	}
	return content, err == nil
}

// whyNot says what stands in the way of a file, without its name.
func whyNot(err error, what string) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "there is no such " + what
	}
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		err = failed.Err
	}
	return "the " + what + " cannot be used: " + err.Error()
}

func (v *validation) secretFile(key, path string) {
	if path == "" {
		return
	}
	if content, ok := v.read(key, path); ok && strings.TrimSpace(string(content)) == "" {
		v.add(key, "is empty: write the secret into it")
	}
}

func (v *validation) urlFile(key, path string) {
	if path == "" {
		return
	}
	content, ok := v.read(key, path)
	if !ok {
		return
	}
	var u validation // says which key, and not what is in the file
	if u.url(key, strings.TrimSpace(string(content))) == nil {
		v.add(key, "must hold a URL that starts with https:// or http://")
	}
}

func (v *validation) authorities(key, path string) {
	if path == "" {
		return
	}
	if content, ok := v.read(key, path); ok && !x509.NewCertPool().AppendCertsFromPEM(content) {
		v.add(key, "holds no certificate in PEM")
	}
}

// keyPair adds nothing that is not said of the files themselves already.
func (v *validation) keyPair(section, cert, key string) {
	if cert == "" || key == "" {
		return
	}
	certificate, okCert := v.read(section+".cert", cert)
	private, okKey := v.read(section+".key", key)
	if !okCert || !okKey {
		return
	}
	if _, err := tls.X509KeyPair(certificate, private); err != nil {
		v.add(section, "the certificate and the key do not go together, or are not in PEM")
	}
}

// toBeMade looks at a file that Tandem makes when it is not there yet.
func (v *validation) toBeMade(key, path string) {
	if path == "" {
		return
	}
	switch found, err := os.Stat(path); {
	case err == nil && found.IsDir():
		v.add(key, "is a folder: name a file in it")
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			v.add(key, "%s for it", whyNot(err, "folder"))
		}
	case err != nil:
		v.add(key, "%s", whyNot(err, "file"))
	}
}

// folder looks at one that must be there.
func (v *validation) folder(key, path string) {
	if path == "" {
		return
	}
	if found, err := os.Stat(path); err != nil {
		v.add(key, "%s", whyNot(err, "folder"))
	} else if !found.IsDir() {
		v.add(key, "is no folder")
	}
}

func (v *validation) program(key, path string) {
	switch found, err := os.Stat(path); {
	case err != nil:
		v.add(key, "%s", whyNot(err, "file"))
	case !found.Mode().IsRegular() || found.Mode().Perm()&0o111 == 0:
		v.add(key, "is no program that may be run")
	}
}
