package config

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

var updateConfiguration = flag.Bool("update-configuration", false, "write docs/configuration.md as it is now: read what changed before it is committed")

const referencePage = "../docs/configuration.md"

const referenceHead = `# Configuration reference

Written by ` + "`TestEveryKeyIsInTheReference`" + ` from the types of package ` + "`config`" + `. What a setting is for, and how settings belong together, is in [operating.md](operating.md); a start is [deploy/tandem.yaml](../deploy/tandem.yaml).

One YAML file, then variables, then flags. A variable is a key in capitals with underscores: ` + "`vault.address`" + ` is ` + "`TANDEM_VAULT_ADDRESS`" + `; lists of sections stand in the file only. A length of time is written as ` + "`30s`, `15m`, `8h`, `1d`" + `. ` + "`tandem config check`" + ` prints what counts, and refuses a key that it does not know.

Nothing secret is in a configuration: a key that ends with ` + "`_file`" + ` names the file that has it, which is for Tandem's user alone (mode 0600).
`

// TestEveryKeyIsInTheReference: docs/configuration.md has each key, with its default and with
// what the code says of it.
func TestEveryKeyIsInTheReference(t *testing.T) {
	got := reference(t)
	if *updateConfiguration {
		if err := os.WriteFile(referencePage, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(referencePage)
	if err != nil || got != string(want) {
		t.Errorf("docs/configuration.md is not what package config says (%v); read what differs, then: go test ./config -run TestEveryKeyIsInTheReference -update-configuration", err)
	}
	for _, f := range fieldsOf(&Config{}) {
		if !strings.Contains(got, "| `"+f.key+"` |") && !strings.Contains(got, "## `"+f.key+"`") {
			t.Errorf("%s is not in the reference", f.key)
		}
	}
}

// said is what the code says of a type and of its fields.
type said struct {
	doc    string
	fields map[string]string
}

func reference(t *testing.T) string {
	t.Helper()
	types := typesOf(t)
	var page strings.Builder
	page.WriteString(referenceHead)
	def := Default()
	section(t, &page, types, "", reflect.ValueOf(def))
	return page.String()
}

// typesOf reads the comments of config.go.
func typesOf(t *testing.T) map[string]said {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]said{}
	for _, d := range file.Decls {
		general, is := d.(*ast.GenDecl)
		if !is || general.Tok != token.TYPE {
			continue
		}
		for _, s := range general.Specs {
			spec := s.(*ast.TypeSpec)
			structure, is := spec.Type.(*ast.StructType)
			if !is {
				continue
			}
			one := said{doc: strings.Join(strings.Fields(general.Doc.Text()), " "), fields: map[string]string{}}
			for _, f := range structure.Fields.List {
				text := strings.Join(strings.Fields(f.Doc.Text()+" "+f.Comment.Text()), " ")
				for _, name := range f.Names {
					one.fields[name.Name] = text
				}
			}
			types[spec.Name.Name] = one
		}
	}
	return types
}

// section writes the keys of a section, and then the sections in it.
func section(t *testing.T, page *strings.Builder, types map[string]said, at string, of reflect.Value) {
	t.Helper()
	one := types[of.Type().Name()]
	if at != "" {
		fmt.Fprintf(page, "\n## `%s`\n\n%s\n", at, strings.Replace(one.doc, of.Type().Name(), "`"+at+"`", 1))
	}
	var rows []string
	var below []func()
	for i := range of.NumField() {
		field := of.Type().Field(i)
		key := field.Tag.Get("koanf")
		whole := strings.TrimPrefix(at+"."+key, ".")
		kind, value := field.Type, of.Field(i)
		switch {
		case kind.Kind() == reflect.Struct:
			below = append(below, func() { section(t, page, types, whole, value) })
			continue
		case kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Struct:
			below = append(below, func() { section(t, page, types, whole+"[]", reflect.Zero(kind.Elem())) })
		}
		text := one.fields[field.Name]
		if rest, is := strings.CutPrefix(text, field.Name+" "); is { // as comments of Go begin
			text = "`" + key + "` " + rest
		}
		if text == "" {
			t.Errorf("%s: the code says nothing of it", whole)
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %s |\n", whole, kindOf(kind), byDefault(value), strings.ReplaceAll(text, "|", "\\|")))
	}
	if len(rows) > 0 {
		page.WriteString("\n| Key | Kind | Default | What it is |\n| --- | --- | --- | --- |\n")
		for _, row := range rows {
			page.WriteString(row)
		}
	}
	for _, write := range below {
		write()
	}
}

func kindOf(kind reflect.Type) string {
	switch {
	case kind == reflect.TypeFor[time.Duration]():
		return "length of time"
	case kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Struct:
		return "list of sections, below"
	case kind.Kind() == reflect.Slice:
		return "list of texts"
	case kind.Kind() == reflect.Bool:
		return "true or false"
	case kind.Kind() == reflect.Int:
		return "number"
	}
	return "text"
}

func byDefault(value reflect.Value) string {
	switch v := value.Interface().(type) {
	case time.Duration:
		return "`" + v.String() + "`"
	case string:
		if v == "" {
			return ""
		}
		return "`" + v + "`"
	case int:
		return "`" + strconv.Itoa(v) + "`"
	case bool:
		return "`" + strconv.FormatBool(v) + "`"
	}
	return ""
}
