package config

import (
	"fmt"
	"net/url"
	"reflect"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// redacted stands for a value that is not for every reader.
const redacted = "[redacted]"

// Effective gives the configuration as YAML that Load would read, with every key
// that has a value. Half of a log-in (role_id, the user in a URL) is redacted;
// a whole one is never in a configuration.
func (c Config) Effective() ([]byte, error) {
	k := koanf.New(delimiter)
	if err := k.Load(confmap.Provider(valuesOf(fieldsOf(&c)), delimiter), nil); err != nil {
		return nil, fmt.Errorf("effective configuration: %w", err)
	}
	return k.Marshal(yaml.Parser())
}

// valuesOf gives what the fields hold, as a file would.
func valuesOf(fields []field) map[string]any {
	values := map[string]any{}
	for _, f := range fields {
		switch value := f.value.Interface().(type) {
		case time.Duration:
			values[f.key] = value.String()
		case string:
			if value != "" {
				values[f.key] = redact(f.key, value)
			}
		case []string:
			if len(value) > 0 {
				values[f.key] = value
			}
		default:
			if f.value.Kind() != reflect.Slice {
				values[f.key] = value
				continue
			}
			items := []any{}
			for i := range f.value.Len() {
				items = append(items, valuesOf(fieldsBelow("", f.value.Index(i))))
			}
			values[f.key] = items
		}
	}
	return values
}

func redact(key, value string) string {
	if key == "vault.auth.role_id" {
		return redacted
	}
	if u, err := url.Parse(value); err == nil && u.User != nil {
		return u.Scheme + "://" + redacted + "@" + u.Host
	}
	return value
}

// Changed names the keys whose values differ between c and other, in the order of
// the struct.
func (c Config) Changed(other Config) (keys []string) {
	theirs := fieldsOf(&other)
	for i, ours := range fieldsOf(&c) {
		if !reflect.DeepEqual(ours.value.Interface(), theirs[i].value.Interface()) {
			keys = append(keys, ours.key)
		}
	}
	return keys
}
