package certificate

import (
	"strconv"
	"time"

	"github.com/tandem-custody/tandem/custody/words"
)

// label is what something is called, in both languages.
type label struct{ En, Zh string }

func (l label) String() string { return l.Zh + " " + l.En }

// line is one line of the paper.
type line struct {
	Label label
	Value string
}

// wording has the words of the paper: of each of its parts by name, and of each step
// by the type of its entry.
type wording struct{ Of, Step map[string]label }

// parts are the keys below "paper".
var parts = []string{
	"title", "handover", "from", "to", "reason", "expected", "credential", "account",
	"entry", "what", "time", "by", "confirmed", "ledger", "size", "root", "sign", "notice",
}

func (p Paper) wording() (w wording, err error) {
	w = wording{map[string]label{}, map[string]label{}}
	both := func(key string) (l label) {
		for lang, into := range map[string]*string{words.English: &l.En, words.Chinese: &l.Zh} {
			said, problem := words.In(lang).Say(key, nil)
			if *into = said; problem != nil {
				err = problem
			}
		}
		return l
	}
	for _, part := range parts {
		w.Of[part] = both("paper." + part)
	}
	for _, s := range p.Steps {
		w.Step[s.Type] = both("fact." + s.Type)
	}
	return w, err
}

// redacted is said on paper in the place of a text that is not there.
func redacted() string {
	return words.In(words.Chinese).Redacted() + " " + words.In(words.English).Redacted()
}

// lines are the facts of the head of the paper.
func (p Paper) lines(w wording) []line {
	all := []line{
		{w.Of["handover"], p.Handover}, {w.Of["from"], p.From.String()}, {w.Of["to"], p.To.String()}, {w.Of["reason"], p.Reason},
	}
	if !p.Expected.IsZero() {
		all = append(all, line{w.Of["expected"], p.moment(p.Expected)})
	}
	return all
}

// proofLines say what in the ledger the paper rests on.
func (p Paper) proofLines(w wording) []line {
	return []line{
		{w.Of["ledger"], p.Origin}, {w.Of["size"], strconv.FormatInt(p.Size, 10)}, {w.Of["root"], p.Root},
	}
}

func (s Party) String() string {
	if s.Name == "" || s.Name == s.Username {
		return s.Username
	}
	return s.Name + " (" + s.Username + ")"
}

// moment writes an instant with its zone.
func (p Paper) moment(t time.Time) string { return t.In(p.zone).Format("2006-01-02 15:04:05 -07:00") }
