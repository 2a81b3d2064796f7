package words

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"

	"github.com/tandem-custody/tandem/custody"
)

// The languages, as the lang attribute names them.
const (
	English = "en"
	Chinese = "zh"
)

// Languages are those that Tandem speaks.
var Languages = []string{English, Chinese}

//go:embed *.toml
var files embed.FS

// catalogue is read when something is said for the first time.
var catalogue = sync.OnceValue(func() map[string]*i18n.Localizer {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	read := map[string]*i18n.Localizer{}
	for _, lang := range Languages {
		names, err := fs.Glob(files, "*."+lang+".toml")
		if err != nil {
			panic(err) // the pattern is wrong
		}
		for _, name := range names {
			if _, err := bundle.LoadMessageFileFS(files, name); err != nil {
				panic(fmt.Errorf("words: %s: %w", path.Base(name), err)) // it came with the program
			}
		}
		read[lang] = i18n.NewLocalizer(bundle, lang)
	}
	return read
})

// strict has a sentence that lacks a value be an error.
var strict = &template.TextParser{Option: "missingkey=error"}

// Voice is how somebody is spoken to.
type Voice struct {
	Lang   string         // one of Languages
	Zone   *time.Location // of the instants in sentences; nil: UTC
	Labels bool           // the fields of a request are called as on the forms, not as clients call them
}

// In speaks a language, in UTC.
func In(lang string) Voice { return Voice{Lang: lang} }

// Say gives a sentence. Its values are text, whole numbers, instants, durations,
// lists of names, or custody.Terms; that of count, or Count, also chooses the plural.
// It is an error if the language does not have the key, even where another does, or
// if a value is missing.
func (v Voice) Say(key string, args custody.Args) (string, error) {
	localizer := catalogue()[v.Lang]
	if localizer == nil {
		return "", fmt.Errorf("words: no language %q", v.Lang)
	}
	values := map[string]any{}
	for name, value := range args {
		written, err := v.write(value)
		if err != nil {
			return "", fmt.Errorf("words: %s in %s of %q: %w", name, v.Lang, key, err)
		}
		values[name] = written
	}
	said, err := localizer.Localize(&i18n.LocalizeConfig{
		MessageID: key, TemplateData: values, PluralCount: plural(args), TemplateParser: strict,
	})
	if err != nil {
		return "", fmt.Errorf("words: say %q in %s: %w", key, v.Lang, err)
	}
	return said, nil
}

func plural(args custody.Args) any {
	if n, has := args["Count"]; has {
		return n
	}
	return args["count"]
}

// write makes a value ready to be read.
func (v Voice) write(value any) (any, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case custody.Term:
		return v.Term(value)
	case []string:
		return v.List(value), nil
	case time.Time:
		return v.Instant(value), nil
	case custody.Planned:
		return v.Minute(value.Time), nil
	case time.Duration:
		return v.Say("duration.seconds", custody.Args{"Seconds": custody.Seconds(value)})
	}
	switch reflect.ValueOf(value).Kind() {
	case reflect.String, reflect.Int, reflect.Int64:
		return value, nil
	}
	return nil, fmt.Errorf("a %T is nothing that can be said", value)
}

// Term gives what a word of a closed list is called.
func (v Voice) Term(t custody.Term) (string, error) { return v.Say("term."+t.List+"."+t.Code, nil) }

// Redacted stands in the place of a text that is not there any more.
func (v Voice) Redacted() string {
	said, err := v.Say("note.redacted", nil)
	if err != nil {
		return custody.Redacted
	}
	return said
}

// List gives names one after the other.
func (v Voice) List(names []string) string {
	if v.Lang == Chinese {
		return strings.Join(names, "、")
	}
	return strings.Join(names, ", ")
}

// Sentences puts one behind the other.
func (v Voice) Sentences(one, other string) string {
	if v.Lang == Chinese {
		return one + other
	}
	return one + " " + other
}

// Instant writes when something is, to the second, in the reader's zone, which it
// names. Of a second that has begun it writes the end, so that what ends then has
// ended. "": there is none.
func (v Voice) Instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return v.clock(t.Add(time.Second-time.Nanosecond), "2006-01-02 15:04:05")
}

// Minute writes an instant to the minute. "": there is none.
func (v Voice) Minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return v.clock(t, "2006-01-02 15:04")
}

func (v Voice) clock(t time.Time, layout string) string {
	if t = t.UTC(); v.Zone != nil {
		t = t.In(v.Zone)
	}
	if _, offset := t.Zone(); offset == 0 {
		return t.Format(layout + " UTC")
	}
	return t.Format(layout + " UTC-07:00")
}
