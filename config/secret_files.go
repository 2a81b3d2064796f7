package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// SecretFile is a file that the configuration names and that holds a secret.
type SecretFile struct {
	Key  string // "notify.channels[0].url_file"
	Path string
}

// privateKeys are the keys of files with a secret in them that are not called so.
var privateKeys = []string{"tls.key", "ledger.stream.key"}

// SecretFiles gives every file that holds a secret: those whose key ends with _file, but
// for the half of a log-in that is none, and private keys.
func (c Config) SecretFiles() (all []SecretFile) {
	return secretFiles("", fieldsOf(&c))
}

func secretFiles(at string, fields []field) (all []SecretFile) {
	for _, f := range fields {
		key := at + f.key
		if f.value.Kind() == reflect.Slice && !f.isTexts() {
			for i := range f.value.Len() {
				all = append(all, secretFiles(fmt.Sprintf("%s[%d]%s", key, i, delimiter), fieldsBelow("", f.value.Index(i)))...)
			}
			continue
		}
		path, is := f.value.Interface().(string)
		if !is || path == "" || key == "vault.auth.role_id_file" {
			continue
		}
		if strings.HasSuffix(key, "_file") || slices.Contains(privateKeys, key) {
			all = append(all, SecretFile{key, path})
		}
	}
	return all
}
