package main

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryKindIsInTheDocumentation: a row in the table of docs/targets, and a page
// that has each of its settings, how long a password can be and whether it is set by
// hand; and the table has no row for a kind that is none.
func TestEveryKindIsInTheDocumentation(t *testing.T) {
	table, err := os.ReadFile("../../docs/targets/README.md")
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| \[([a-z-]+)\]\(([a-z]+\.md)\) \|`).FindAllStringSubmatch(string(table), -1) {
		text, err := os.ReadFile("../../docs/targets/" + row[2])
		if err != nil {
			t.Fatal(err)
		}
		pages[row[1]] = string(text)
	}
	for kind, page := range pages {
		if last := page[strings.LastIndex(page, "\n## ")+1:]; !strings.HasPrefix(last, "## What was tried on it, and how\n\n") || len(last) < 150 {
			t.Errorf("the page of %s does not end in what was tried on it, and how", kind)
		}
	}
	var names []string
	for _, k := range described(allKinds()) {
		names = append(names, k.Name)
		if limit := fmt.Sprintf("%d bytes", k.Most); k.Most > 0 && !strings.Contains(strings.Join(strings.Fields(pages[k.Name]), " "), limit) {
			t.Errorf("the page of %s does not say that a password has at most %s", k.Name, limit)
		}
		if itself := len(k.Probes) == 0; itself && k.Most == 0 {
			t.Errorf("nobody says how long a password of %s can be, which Tandem sets itself", k.Name)
		}
		if k.ByHand && !strings.Contains(pages[k.Name], "by hand") {
			t.Errorf("the page of %s does not say that it is set by hand", k.Name)
		}
		for _, s := range k.Settings {
			if !strings.Contains(pages[k.Name], "`"+s.Name+"`") {
				t.Errorf("the page of %s does not tell of its setting %s", k.Name, s.Name)
			}
		}
	}
	if got, want := slices.Sorted(maps.Keys(pages)), slices.Sorted(slices.Values(names)); !slices.Equal(got, want) {
		t.Errorf("docs/targets has %v, and there is %v", got, want)
	}
}
