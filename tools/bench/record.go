package bench

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// record is the ratios that were measured last, by part of the table and by what was
// measured: times are another machine's tomorrow, and a ratio is of two that were measured
// in the same turns.
type record map[string]map[string]float64

// recordFile is where they are kept, beside this file.
const recordFile = "ratios.json"

// band is how far a ratio goes from one honest run to the next, as a factor: 1.3 is what
// the same program gave on busy and quiet days.
const band = 1.3

func readRecord(path string) (r record, err error) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err
}

// write keeps what was measured now; parts that were not measured stay as they are.
func (r record) write(path string, now record) error {
	all := maps.Clone(r)
	if all == nil {
		all = record{}
	}
	maps.Copy(all, now)
	text, err := json.Marshal(all, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// left says which ratios of the parts that were measured now left their band, either way:
// a better one is another record to keep. What is on record and was not measured left it,
// too, and so did what was never on record.
func (r record) left(now record) (said []string) {
	for _, part := range slices.Sorted(maps.Keys(now)) {
		for _, what := range slices.Sorted(maps.Keys(r[part])) {
			was := r[part][what]
			is, measured := now[part][what]
			switch {
			case !measured:
				said = append(said, fmt.Sprintf("%s: %s: was %.2fx, and was not measured", part, what, was))
			case !(is <= was*band && is >= was/band):
				said = append(said, fmt.Sprintf("%s: %s: was %.2fx, is %.2fx", part, what, was, is))
			}
		}
		for _, what := range slices.Sorted(maps.Keys(now[part])) {
			if _, known := r[part][what]; !known {
				said = append(said, fmt.Sprintf("%s: %s: is %.2fx, and was never on record", part, what, now[part][what]))
			}
		}
	}
	return said
}

// counted are the numbers of a ledger's entries, which differ a little from one to the next.
var counted = regexp.MustCompile(`\b[0-9]{4,}\b`)

// named is what was measured, with what is counted in it in one digit.
func named(what string) string {
	return counted.ReplaceAllStringFunc(what, func(n string) string { return n[:1] + strings.Repeat("0", len(n)-1) })
}
