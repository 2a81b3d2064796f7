package web_test

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
)

// fieldNames is how the rules, the connectors, the API and the pages name a field
// that they refuse.
var fieldNames = regexp.MustCompile(`(?:Invalid|CheckText|[cC]heckName|checkOptionalText|custodian|instant)\("([^"]+)"|\{"(target\.[a-z]+)",`)

// TestEveryFieldHasALabel, in both languages.
func TestEveryFieldHasALabel(t *testing.T) {
	fields := map[string]bool{}
	for _, root := range []string{"..", "../../custody"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, found := range fieldNames.FindAllSubmatch(source, -1) {
				fields[string(found[1])+string(found[2])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, request := range []any{
		api.SignIn{}, api.Recover{}, api.SetPresence{}, api.AddPerson{}, api.AddCredential{}, api.CheckOut{},
		api.ConfirmedReason{}, api.Confirmation{}, api.RotateAll{}, api.ChangePolicy{}, api.Reason{}, api.OfferHandover{}, api.EditPerson{},
	} {
		addFields(fields, "", reflect.TypeOf(request))
	}
	if len(fields) < 30 || !fields["target.address"] || !fields["policy.lease_seconds"] || !fields["totp_period"] {
		t.Fatalf("only these fields were found: %v", fields)
	}
	for _, lang := range languages {
		labels := catalogue(t, lang)
		for field := range fields {
			_, setting := strings.CutPrefix(field, "target.settings.") // has its name beside the label of all
			if labels["field."+field] == "" && !setting {
				t.Errorf("%s has no label for the field %s", lang, field)
			}
		}
	}
}

// addFields adds the names that a client gives the fields of a request.
func addFields(to map[string]bool, prefix string, request reflect.Type) {
	for i := range request.NumField() {
		f := request.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		to[prefix+name] = true
		if f.Type.Kind() == reflect.Struct && strings.HasPrefix(f.Type.PkgPath(), "github.com/tandem-custody/tandem/api") {
			addFields(to, prefix+name+".", f.Type)
		}
	}
}

// TestAFormNamesItsFieldsAsPeopleKnowThem.
func TestAFormNamesItsFieldsAsPeopleKnowThem(t *testing.T) {
	o := newOffice(t)
	for lang, want := range map[string]string{
		"en": `The field "Host and port" must not be empty.`, "zh": "字段“主机和端口”不能为空。",
	} {
		p := o.as("admin", lang).post("/admin/credentials/new", "kind", "ssh", "name", "web01", "account", "root", "primary", "tech-a", "backup", "tech-b", "reason", "new")
		p.shows(t, http.StatusUnprocessableEntity, want)
		p = o.as("tech-a", lang).post("/leave", "until", "soon")
		if p.status != http.StatusUnprocessableEntity || strings.Contains(p.text(), "until") {
			t.Errorf("%s: %d %s", lang, p.status, p.text())
		}
	}
}
