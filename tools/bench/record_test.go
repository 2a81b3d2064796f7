package bench

import (
	"math"
	"path/filepath"
	"slices"
	"testing"
)

func TestWhatLeftItsBandIsSaid(t *testing.T) {
	was := record{"commands": {"alone": 4, "in company": 1}, "verify": {"memory": 1}}
	for _, x := range []struct {
		now  record
		want []string
	}{
		{record{"commands": {"alone": 4, "in company": 1}}, nil},
		{record{"commands": {"alone": 5.1, "in company": 0.8}}, nil},
		{record{"commands": {"alone": 5.3, "in company": 1}}, []string{"commands: alone: was 4.00x, is 5.30x"}},
		{record{"commands": {"alone": 4, "in company": 0.7}}, []string{"commands: in company: was 1.00x, is 0.70x"}},
		{record{"commands": {"alone": math.NaN(), "in company": 1}}, []string{"commands: alone: was 4.00x, is NaNx"}},
		{record{"commands": {"alone": 4}}, []string{"commands: in company: was 1.00x, and was not measured"}},
		{record{"verify": {"memory": 1, "speed": 2}}, []string{"verify: speed: is 2.00x, and was never on record"}},
	} {
		if got := was.left(x.now); !slices.Equal(got, x.want) {
			t.Errorf("%v: %q, want %q", x.now, got, x.want)
		}
	}
}

func TestWhatIsKeptIsReadAgainAndTheOtherPartsStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), recordFile)
	if err := (record{"verify": {"memory": 1}, "commands": {"gone": 9}}).write(path, record{"commands": {"alone": 4}}); err != nil {
		t.Fatal(err)
	}
	got, err := readRecord(path)
	want := record{"verify": {"memory": 1}, "commands": {"alone": 4}}
	if err != nil || len(want.left(got)) > 0 || len(got.left(want)) > 0 {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

func TestTheSameIsMeasuredOfALedgerThatIsALittleLonger(t *testing.T) {
	const of = "verify of 1002113 entries, 64 callers"
	if got := named(of); got != "verify of 1000000 entries, 64 callers" {
		t.Errorf("%q", got)
	}
}

// TestTheRecordCanBeRead: it is not spoilt by a hand.
func TestTheRecordCanBeRead(t *testing.T) {
	r, err := readRecord(recordFile)
	if err != nil {
		t.Fatal(err)
	}
	for part, ratios := range r {
		for what, ratio := range ratios {
			if !(ratio > 0) || named(what) != what {
				t.Errorf("%s: %s: %v", part, what, ratio)
			}
		}
	}
	if len(r) == 0 {
		t.Error("nothing is on record")
	}
}
