package insider_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
)

var updateThreats = flag.Bool("update-threats", false, "write the table of docs/threat-model.md as it is now: read what changed before it is committed")

const threatsPath = "../../docs/threat-model.md"

// attempt is one path that somebody tries, alone.
type attempt struct {
	tries    string
	outside  string                 // why the rule does not bind them in this; "": it does
	concerns []string               // who must not be the last to hear of it, where it works
	do       func(a *arena) outcome // an outcome that worked is what the rule is against
}

// group is what one person, or one system, can try.
type group struct {
	who      string
	attempts []attempt
}

// outcome is what came of an attempt.
type outcome struct {
	worked  bool   // they know a password, are somebody, or changed who holds what
	said    string // in a few words
	stopped bool   // the server decides nothing any more
}

// groups are all of them, in the order of the table.
var groups = slices.Concat(byPeople, byAbsence, bySystems)

// of gives the outcome of a command that must not be theirs alone.
func of(err error, done string) outcome {
	if err == nil {
		return outcome{worked: true, said: done}
	}
	return outcome{said: "refused: `" + codeOf(err) + "`"}
}

// asked gives the outcome of a proposal: that it waits, and for whom.
func asked(p api.Proposal, err error) outcome {
	switch {
	case err != nil:
		return of(err, "")
	case p.Status == custody.Open:
		var levels []string
		for _, l := range p.Needs {
			levels = append(levels, string(l))
		}
		return outcome{said: "waits for: " + strings.Join(levels, " and ")}
	}
	return outcome{worked: true, said: "it is " + string(p.Status)}
}

// TestNobodyAloneGoesUnseen plays all attempts. What works leaves an entry that is serious
// or special, stops the server, or is told to whom it concerns; or it is by somebody whom
// the rule does not bind, which the table says. docs/threat-model.md has what was observed.
func TestNobodyAloneGoesUnseen(t *testing.T) {
	rows := make([][]string, len(groups))
	silent := 0
	t.Run("attempts", func(t *testing.T) {
		for g, group := range groups {
			rows[g] = make([]string, len(group.attempts))
			for n, try := range group.attempts {
				t.Run(group.who+", "+try.tries, func(t *testing.T) {
					t.Parallel()
					a := newArena(t)
					got := try.do(a)
					recorded, graded := []string{}, false
					if !got.stopped {
						recorded, graded = a.recorded()
					}
					told := a.told()
					heard := slices.ContainsFunc(try.concerns, func(who string) bool { return slices.Contains(told, who) })
					seen := "–"
					if got.worked {
						switch {
						case graded || got.stopped || heard:
							seen = "yes"
						case try.outside != "":
							seen = "no: " + try.outside
						default:
							seen = "**no**"
							t.Errorf("a silent success: %s; on record %v, told %v", got.said, recorded, told)
						}
					} else if try.outside != "" {
						t.Errorf("said to be outside of the rule, and %s", got.said)
					}
					rows[g][n] = fmt.Sprintf("| %s | %s | %s | %s | %s |", try.tries, got.said, orNothing(recorded), orNothing(told), seen)
				})
			}
		}
	})
	for _, group := range rows {
		if t.Failed() || slices.Contains(group, "") { // some only
			return
		}
	}
	var table strings.Builder
	count := 0
	for g, group := range groups {
		fmt.Fprintf(&table, "\n### %s\n\n| Tried | What came of it | On record | Told by mail | Seen |\n| --- | --- | --- | --- | --- |\n%s\n", group.who, strings.Join(rows[g], "\n"))
		count += len(rows[g])
		for _, row := range rows[g] {
			if strings.Contains(row, "| no: ") {
				silent++
			}
		}
	}
	fmt.Fprintf(&table, "\n%d attempts; unseen and within the rule: 0; unseen, and outside it: %d.\n", count, silent)
	compare(t, threatsPath, "attempts", table.String())
}

func orNothing(all []string) string {
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

// compare has the part of a document between two marks be as it was observed.
func compare(t *testing.T, path, part, want string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+part+" -->\n", "<!-- end of "+part+" -->\n"
	before, rest, has := strings.Cut(string(text), begin)
	is, after, ends := strings.Cut(rest, end)
	if !has || !ends {
		t.Fatalf("%s has no part %q", path, part)
	}
	if is == want {
		return
	}
	if !*updateThreats {
		t.Errorf("%s is not what was observed: go test ./api/insider -update-threats writes it.\n%s", path, want)
		return
	}
	if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
