package custody

import (
	"bytes"
	"encoding/gob"
	stdjson "encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v3"
)

const canary = "k4nary-Tr0ub4dor&3"

// shows says whether an output has the canary in it in any form that fmt knows:
// as text, quoted, in hexadecimal, as numbers.
func shows(output string) bool {
	numbers := fmt.Sprint([]byte(canary))
	forms := []string{
		canary, strconv.Quote(canary)[1:8], fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% x", canary),
		strings.Trim(numbers, "[]"), strings.ReplaceAll(strings.Trim(numbers, "[]"), " ", ","),
		fmt.Sprintf("%#v", []byte(canary))[7:30], fmt.Sprintf("%o", []byte(canary))[1:30], fmt.Sprintf("%b", []byte(canary))[1:40],
		"azRuYXJ5", // base64
	}
	for _, form := range forms {
		if strings.Contains(output, form) {
			return true
		}
	}
	return false
}

// holders keep a secret in all the ways a program does.
type (
	exported   struct{ Password Secret }
	unexported struct{ password Secret }
	deep       struct{ inner map[string][]*unexported }
)

func hiding() map[string]any {
	s := SecretString(canary)
	return map[string]any{
		"a value":            s,
		"a pointer":          &s,
		"a field":            exported{s},
		"a private field":    unexported{s},
		"a pointer to one":   &unexported{s},
		"deeper":             deep{map[string][]*unexported{"k": {{s}}}},
		"a slice":            []Secret{s},
		"a map":              map[string]Secret{"k": s},
		"an interface":       []any{s, &s, unexported{s}},
		"an error":           fmt.Errorf("log-in with %v: %w", s, errors.New("refused")),
		"a fmt.Errorf of %q": fmt.Errorf("%q %x %+v", s, s, unexported{s}),
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	for what, v := range hiding() {
		for _, verb := range strings.Fields("%v %+v %#v %s %q %x %X %d %o %b %c %U %e %t %p %T %10v %-10s %.3s %+q %#x %#q") {
			if got := fmt.Sprintf(verb, v); shows(got) {
				t.Errorf("%s in %s: %s", verb, what, got)
			}
		}
		if got := fmt.Sprint(v) + fmt.Sprintln(v); shows(got) {
			t.Errorf("Sprint of %s: %s", what, got)
		}
	}
	s := SecretString(canary)
	for _, verb := range []string{"%v", "%s", "%q", "%x", "%d", "%#v"} {
		if got := fmt.Sprintf(verb, s); got != "[secret]" {
			t.Errorf("%s gives %q", verb, got)
		}
	}
	if s.String() != "[secret]" {
		t.Error("String shows something else")
	}
}

func TestSecretIsNeverLogged(t *testing.T) {
	for what, v := range hiding() {
		var out bytes.Buffer
		everything := &slog.HandlerOptions{Level: slog.LevelDebug}
		for _, handler := range []slog.Handler{slog.NewTextHandler(&out, everything), slog.NewJSONHandler(&out, everything)} {
			logger := slog.New(handler)
			logger.Info("message", "value", v)
			logger.With("value", v).WithGroup("group").Debug("message", slog.Group("inner", "value", v), slog.Any("any", []any{v}))
			logger.Error(fmt.Sprint(v), "error", fmt.Errorf("%v", v))
		}
		log.New(&out, "", 0).Println(v)
		if shows(out.String()) {
			t.Errorf("%s: %s", what, out.String())
		}
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "password", SecretString(canary))
	if !strings.Contains(out.String(), "password=[secret]") {
		t.Errorf("a log should say that there was one: %s", out.String())
	}
}

func TestSecretIsNeverEncoded(t *testing.T) {
	encoders := map[string]func(any) ([]byte, error){
		"encoding/json":           stdjson.Marshal,
		"go-json-experiment/json": func(v any) ([]byte, error) { return json.Marshal(v) },
		"xml":                     xml.Marshal,
		"yaml":                    yaml.Marshal,
		"gob": func(v any) ([]byte, error) {
			var out bytes.Buffer
			err := gob.NewEncoder(&out).Encode(v)
			return out.Bytes(), err
		},
	}
	for name, encode := range encoders {
		for what, v := range hiding() {
			if got, _ := encode(v); shows(string(got)) { // not every encoder can encode everything
				t.Errorf("%s of %s: %s", name, what, got)
			}
		}
		got, err := encode(exported{SecretString(canary)})
		if name != "gob" && (err != nil || !strings.Contains(string(got), "[secret]")) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	// As the key of an object a secret is hidden as well.
	for name, v := range map[string]any{"key": map[string]int{fmt.Sprint(SecretString(canary)): 1}} {
		if got, err := stdjson.Marshal(v); err != nil || shows(string(got)) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func TestSecretValue(t *testing.T) {
	raw := []byte(canary)
	s := NewSecret(raw)
	raw[0] = 'X'
	if s.Reveal() != canary {
		t.Error("a secret shares memory with what it was made from")
	}
	s.Bytes()[0] = 'X'
	if s.Reveal() != canary || string(s.Bytes()) != canary {
		t.Error("a secret shares memory with what it gives")
	}
	copied := s
	for _, c := range []struct {
		a, b Secret
		want bool
	}{
		{s, copied, true},
		{s, SecretString(canary), true},
		{s, SecretString(canary + " "), false},
		{s, SecretString("K" + canary[1:]), false},
		{s, Secret{}, false},
		{Secret{}, s, false},
		{Secret{}, Secret{}, true},
		{Secret{}, SecretString(""), true},
		{NewSecret(nil), NewSecret([]byte{}), true},
	} {
		if got := c.a.Equal(c.b); got != c.want {
			t.Errorf("%q equals %q: %v", c.a.Reveal(), c.b.Reveal(), got)
		}
	}
	for _, zero := range []Secret{{}, SecretString(""), NewSecret(nil)} {
		if !zero.IsZero() || zero.Reveal() != "" || len(zero.Bytes()) != 0 || fmt.Sprint(zero) != "[secret]" {
			t.Errorf("zero: %q", zero.Reveal())
		}
	}
	if s.IsZero() {
		t.Error("a value is taken for none")
	}
}

// With == the time would tell how much of a guess is right, and two copies of
// one secret would differ.
func TestSecretCannotBeComparedByAccident(t *testing.T) {
	if reflect.TypeFor[Secret]().Comparable() {
		t.Error("== compiles for secrets")
	}
}
