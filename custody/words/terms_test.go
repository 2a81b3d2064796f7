package words_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/words"
)

// lists are the closed lists of the domain whose constants have a type of their own:
// where the type is, and below which keys each of them has its words.
var lists = []struct {
	folder, name string
	least        int // constants there are, so that a search that finds none is noticed
	below        []string
}{
	{"..", "Phase", 4, []string{"term.phase"}},
	{"..", "HandoverStatus", 8, []string{"term.status"}},
	{"..", "PlanEnding", 6, []string{"term.absence_ended"}},
	{"..", "Broken", 8, []string{"term.broken"}},
	{"..", "ItemKind", 5, []string{"term.item"}},
	{"..", "How", 7, []string{"term.how"}},
	{"..", "ProposalStatus", 7, []string{"term.proposal_status"}},
	{"..", "IncidentStatus", 4, []string{"term.incident_status"}},
	{"..", "EmergencyStatus", 7, []string{"term.emergency_status"}},
	{"..", "EmergencyEnd", 5, []string{"emergency_end"}},
	{"..", "Verdict", 2, []string{"verdict"}},
	{"..", "RotationReason", 9, []string{"term.reason"}},
	{"..", "Failure", 3, []string{"term.failure", "failure", "remedy"}},
	{"../rotation", "Failure", 15, []string{"term.failure", "failure", "remedy"}},
	{"..", "Ending", 8, []string{"term.ended"}},
	{"..", "Role", 5, []string{"role", "term.role"}},
	{"..", "Grade", 3, []string{"grade"}},
	{"..", "VerificationResult", 3, []string{"result"}},
	{"..", "Code", 19, []string{"code"}},
	{"../../api/edge", "Code", 8, []string{"code"}},
}

// TestEveryWordOfAListHasItsWords, in every language, and no other has.
func TestEveryWordOfAListHasItsWords(t *testing.T) {
	used := map[string]bool{}
	for _, list := range lists {
		codes := constants(t, list.folder, list.name)
		if len(codes) < list.least {
			t.Errorf("only %d constants of %s were found in %s", len(codes), list.name, list.folder)
		}
		for _, code := range codes {
			for _, below := range list.below {
				wants(t, below+"."+code)
				used[below+"."+code] = true
			}
		}
	}
	for _, term := range readSource(t).terms {
		switch {
		case term.code != "":
			wants(t, "term."+term.list+"."+term.code)
			used["term."+term.list+"."+term.code] = true
		case !slices.ContainsFunc(lists, func(l struct {
			folder, name string
			least        int
			below        []string
		}) bool {
			return slices.Contains(l.below, "term."+term.list)
		}):
			t.Errorf("%s: nobody knows what is in the list %s", term.at, term.list)
		}
	}
	for key := range read(t, words.English) {
		if group, _, _ := strings.Cut(key, "."); (group == "term" || group == "code") && !used[key] {
			t.Errorf("nothing is called %s", key)
		}
	}
}

// TestEveryFailureOfADependentHasItsWords: those that are not of a log-in by a target.
func TestEveryFailureOfADependentHasItsWords(t *testing.T) {
	for _, failure := range []rotation.Failure{
		rotation.Unreachable, rotation.WrongHost, rotation.LoginRefused, rotation.ValueRefused, rotation.OldStillAccepted, rotation.Declined,
		rotation.SecretStore, rotation.TargetError, rotation.Unsupported, rotation.NoAddress,
	} {
		wants(t, "update_failure."+string(failure))
	}
}

// TestEveryFactHasItsName, in every language.
func TestEveryFactHasItsName(t *testing.T) {
	types := custody.EntryTypes()
	for _, kind := range types {
		wants(t, "fact."+kind)
	}
	for key := range read(t, words.English) {
		if kind, is := strings.CutPrefix(key, "fact."); is && !slices.Contains(types, kind) {
			t.Errorf("no fact is called %s", kind)
		}
	}
}

func wants(t *testing.T, key string) {
	t.Helper()
	for _, lang := range words.Languages {
		if _, err := words.In(lang).Say(key, nil); err != nil {
			t.Error(err)
		}
	}
}

// constants gives the values of the string constants of a type.
func constants(t *testing.T, folder, typeName string) (values []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, is := n.(*ast.ValueSpec); is && named(spec.Type) == typeName {
				for _, value := range spec.Values {
					if code, err := text(value); err == nil && code != "" {
						values = append(values, code)
					}
				}
			}
			return true
		})
	}
	return values
}
