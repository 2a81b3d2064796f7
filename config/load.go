package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

const (
	delimiter = "."
	envPrefix = "TANDEM_"
)

// Error says what is wrong with one key, and how it can be put right. It does
// not repeat the value, which may be a secret typed in the wrong place.
type Error struct {
	Key     string // as in the file: "vault.auth.method"
	Problem string
	From    string // the variable or flag that gave the value; "": the file, or a default
}

func (e *Error) Error() string {
	if e.From != "" {
		return e.From + " (" + e.Key + "): " + e.Problem
	}
	return e.Key + ": " + e.Problem
}

// Sources are where a configuration comes from, besides the defaults.
type Sources struct {
	File    string         // YAML; "": none
	Environ []string       // KEY=value, as os.Environ gives it
	Flags   *pflag.FlagSet // with those of AddFlags; nil: none
}

// flags are the keys that can also be given as a flag, and what they mean.
var flags = map[string]string{
	"listen":         "host:port of the API",
	"metrics_listen": "host:port of /healthz, /readyz and /metrics",
	"database":       "sqlite:PATH or postgres://USER@HOST/NAME",
	"log.level":      "debug, info, warn or error",
	"log.format":     "text or json",
}

// AddFlags defines the flags that Load reads: --log-level for log.level.
func AddFlags(set *pflag.FlagSet) {
	for key, usage := range flags {
		set.String(flagName(key), "", usage)
	}
}

func flagName(key string) string {
	return strings.NewReplacer(delimiter, "-", "_", "-").Replace(key)
}

// Load reads the sources, each over the one before, and checks the outcome. The
// error joins one *Error for each key that is wrong.
func Load(from Sources) (Config, error) {
	k := koanf.New(delimiter)
	if from.File != "" {
		if err := k.Load(file.Provider(from.File), yaml.Parser()); err != nil {
			return Config{}, unreadable(from.File, err)
		}
	}
	origins := map[string]string{}
	if err := k.Load(environment(from.Environ, origins), nil); err != nil {
		return Config{}, fmt.Errorf("environment: %w", err)
	}
	if from.Flags != nil {
		if err := k.Load(flagValues(from.Flags, origins), nil); err != nil {
			return Config{}, fmt.Errorf("flags: %w", err)
		}
	}
	config := Default()
	problems := fill(k, fieldsOf(&config))
	if errors.Join(problems...) == nil {
		problems = config.problems()
	}
	for _, problem := range problems {
		if e, ok := errors.AsType[*Error](problem); ok {
			e.From = origins[e.Key]
		}
	}
	return config, errors.Join(problems...)
}

// fill sets the fields to what k has. It gives an *Error for each key that is
// wrong.
func fill(k *koanf.Koanf, fields []field) []error {
	problems := unknown(k.All(), fields)
	for _, f := range fields {
		switch value := k.Get(f.key); {
		case value == nil:
		case f.isTexts():
			problems = append(problems, f.setTexts(value)...)
		case f.value.Kind() == reflect.Slice:
			problems = append(problems, f.setList(value)...)
		default:
			problems = append(problems, f.set(k, value))
		}
	}
	return problems
}

func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: there is no such file", path)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// environment reads TANDEM_*, and notes in origins which variable each key is
// from. A variable that is empty says nothing. One that starts like a section but
// names no key of it is a mistake, unless it is from Kubernetes; others with the
// prefix are left alone: they are the CLI's own, or somebody else's.
func environment(environ []string, origins map[string]string) koanf.Provider {
	keys := map[string]string{}
	lists := map[string]bool{} // of texts, which a variable has with commas between
	var sections []string
	for _, f := range fieldsOf(&Config{}) {
		keys[envName(f.key)] = f.key
		lists[f.key] = f.isTexts()
		if section, _, inside := strings.Cut(f.key, delimiter); inside {
			sections = append(sections, section)
		}
	}
	return env.Provider(delimiter, env.Opt{
		Prefix:      envPrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			if value == "" {
				return "", nil
			}
			if key, known := keys[name]; known && lists[key] {
				origins[key] = name
				var items []any
				for item := range strings.SplitSeq(value, ",") {
					items = append(items, strings.TrimSpace(item))
				}
				return key, items
			} else if known {
				origins[key] = name
				return key, value
			}
			if ofKubernetes(name, value) {
				return "", nil
			}
			for _, section := range sections {
				if rest, inside := strings.CutPrefix(name, envName(section)+"_"); inside {
					key := section + delimiter + strings.ToLower(rest)
					origins[key] = name
					return key, value
				}
			}
			return "", nil
		},
	})
}

// ofKubernetes says whether a variable is one of those that Kubernetes sets in
// every pod for a service, such as one called tandem-vault, in whatever form.
func ofKubernetes(name, value string) bool {
	address, err := url.Parse(value)
	isAddress := err == nil && address.Host != "" && slices.Contains([]string{"tcp", "udp", "sctp"}, address.Scheme)
	return serviceVariable.MatchString(name) || isAddress && servicePort.MatchString(name)
}

var (
	serviceVariable = regexp.MustCompile(`_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_[0-9]+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)$`)
	servicePort     = regexp.MustCompile(`_PORT(_[0-9]+_(TCP|UDP|SCTP))?$`)
)

func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, delimiter, "_"))
}

// flagValues reads the flags that were given, and notes them in origins.
func flagValues(set *pflag.FlagSet, origins map[string]string) koanf.Provider {
	keys := map[string]string{}
	for key := range flags {
		keys[flagName(key)] = key
	}
	return posflag.ProviderWithFlag(set, delimiter, nil, func(f *pflag.Flag) (string, any) {
		if f.Changed {
			origins[keys[f.Name]] = "--" + f.Name
		}
		return keys[f.Name], f.Value.String()
	})
}

// unknown gives an error for each key that no field has.
func unknown(values map[string]any, fields []field) []error {
	var problems []error
	for key, value := range values {
		section := slices.ContainsFunc(fields, func(f field) bool { return strings.HasPrefix(f.key, key+delimiter) })
		switch {
		case slices.ContainsFunc(fields, func(f field) bool { return f.key == key }):
		case section && value == nil: // "vault:" with nothing below
		case section:
			problems = append(problems, &Error{Key: key, Problem: "is a section: write its keys below it, indented"})
		case slices.ContainsFunc(fields, func(f field) bool { return f.key == key+"_file" }):
			problems = append(problems, &Error{Key: key, Problem: "no secret stands in the configuration: write it into a file and name that in " + key + "_file"})
		default:
			problems = append(problems, &Error{Key: key, Problem: "is no key of this version: remove it, or correct its spelling"})
		}
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return problems
}

// field is one key and where its value goes.
type field struct {
	key   string
	value reflect.Value
}

// fieldsOf lists the keys of c, in the order of the struct.
func fieldsOf(c *Config) []field { return fieldsBelow("", reflect.ValueOf(c).Elem()) }

func fieldsBelow(prefix string, section reflect.Value) []field {
	var fields []field
	for i := range section.NumField() {
		key := prefix + section.Type().Field(i).Tag.Get("koanf")
		if value := section.Field(i); value.Kind() == reflect.Struct {
			fields = append(fields, fieldsBelow(key+delimiter, value)...)
		} else {
			fields = append(fields, field{key, value})
		}
	}
	return fields
}

// setList sets a list of sections. The key of a problem has the item's number
// in it, from 0: "ledger.witnesses[0].url".
func (f field) setList(value any) []error {
	items, isList := value.([]any)
	if !isList {
		return []error{f.noList()}
	}
	list := reflect.MakeSlice(f.value.Type(), len(items), len(items))
	var problems []error
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", f.key, i)
		values, isSection := item.(map[string]any)
		if !isSection {
			problems = append(problems, &Error{Key: at, Problem: "is a section: write its keys behind the dash, and below each other"})
			continue
		}
		k := koanf.New(delimiter)
		if err := k.Load(confmap.Provider(values, ""), nil); err != nil {
			problems = append(problems, &Error{Key: at, Problem: "cannot be read"})
		}
		for _, err := range fill(k, fieldsBelow("", list.Index(i))) {
			if problem, is := errors.AsType[*Error](err); is {
				problems = append(problems, &Error{Key: at + delimiter + problem.Key, Problem: problem.Problem})
			}
		}
	}
	f.value.Set(list)
	return problems
}

// noList is for a list from the environment, among others: there it is a text.
func (f field) noList() error {
	return &Error{Key: f.key, Problem: "is a list: write it into the file, each item behind a dash"}
}

func (f field) isTexts() bool { return f.value.Type() == reflect.TypeFor[[]string]() }

// setTexts sets a list of texts. None is made of anything else: it would not
// always be the one that was written.
func (f field) setTexts(value any) []error {
	items, isList := value.([]any)
	if !isList {
		return []error{f.noList()}
	}
	var texts []string
	var problems []error
	for i, item := range items {
		text, isText := item.(string)
		if !isText {
			problems = append(problems, &Error{Key: fmt.Sprintf("%s[%d]", f.key, i), Problem: "must be a text: put quotes around it"})
		}
		texts = append(texts, text)
	}
	f.value.Set(reflect.ValueOf(texts))
	return problems
}

func (f field) set(k *koanf.Koanf, value any) error {
	_, isText := value.(string)
	err := k.Unmarshal(f.key, f.value.Addr().Interface())
	switch f.value.Interface().(type) {
	case time.Duration:
		if err != nil || !isText { // a bare number would count nanoseconds
			return &Error{Key: f.key, Problem: "must be a length of time, such as 30s, 8h or 1d"}
		}
	case int:
		if err != nil {
			return &Error{Key: f.key, Problem: "must be a whole number"}
		}
	case bool:
		if err != nil {
			return &Error{Key: f.key, Problem: "must be true or false"}
		}
	default:
		if err != nil {
			return &Error{Key: f.key, Problem: "must be a single text"}
		}
	}
	return nil
}
