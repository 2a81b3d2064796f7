package door

import (
	"os"
	"slices"
	"testing"
)

func TestOpens(t *testing.T) {
	if err := Open("ada", true, false, 9); err != nil {
		t.Error(err)
	}
	if Open("", true, true, 9) == nil {
		t.Error("opens for nobody")
	}
}

func TestStaysShut(t *testing.T) { staysShut(t) }

func staysShut(t *testing.T) {
	for hour, opens := range map[int]bool{7: false, 9: true, 13: false, 19: false} {
		if err := Open("ben", hour == 9, true, hour); (err == nil) != opens && hour != 13 {
			t.Error(hour, err)
		}
	}
}

func TestInOrder(t *testing.T) {
	if all := Names(map[string]bool{"b": true, "a": true, "d": true, "c": true, "": true}, func(string) {}); !slices.IsSorted(all) {
		t.Error(all)
	}
}

func TestEnds(t *testing.T) { Wait(3) }

func TestFailsByItself(t *testing.T) {
	Both(func() error { return nil }, func() error { return nil })
	t.Fatal(os.ErrNotExist)
}
