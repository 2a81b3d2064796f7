package audit

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
)

func sealsOf(seals []Seal) iter.Seq2[Seal, error] {
	return func(yield func(Seal, error) bool) {
		for _, s := range seals {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// TestEveryEntryIsUnderASeal: seals that leave something out, overlap, go on
// behind the end or are of another batch are found, the last two also by whoever
// has no key.
func TestEveryEntryIsUnderASeal(t *testing.T) {
	const size = 6
	log := newTestLog(t, size)
	roots := []Hash{}
	var f Frontier
	for i := range size + 1 {
		root, err := f.Root()
		if err != nil {
			t.Fatal(err)
		}
		if roots = append(roots, root); i < size {
			if _, err := f.Append(log.records[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	mark := func(from, to int64) string {
		return string(Batch{From: from, FromRoot: roots[from], Size: to, Root: roots[to]}.Text("o"))
	}
	errOther := errors.New("another mark")
	check := func(b Batch, m string) error {
		if m != string(b.Text("o")) {
			return errOther
		}
		return nil
	}
	good := []Seal{{0, 1, mark(0, 1)}, {1, 4, mark(1, 4)}, {4, 6, mark(4, 6)}}
	report, err := Verify(t.Context(), log, VerifyOptions{Seals: sealsOf(good), CheckSeal: check})
	if err != nil || report.Seals != 3 || !report.SealsOpened {
		t.Fatalf("good seals: %+v, %v", report, err)
	}
	if report, err := Verify(t.Context(), log, VerifyOptions{Seals: sealsOf(good)}); err != nil || report.Seals != 3 || report.SealsOpened {
		t.Fatalf("without a key: %+v, %v", report, err)
	}
	for name, try := range map[string]struct {
		seals []Seal
		want  error
		index int64
	}{
		"none":                   {nil, ErrUnsealed, 0},
		"not from the first on":  {[]Seal{{1, 4, mark(1, 4)}, good[2]}, ErrUnsealed, 0},
		"of nothing, on the way": {slices.Concat(good[:1], []Seal{{1, 1, mark(1, 1)}}, good[1:]), ErrUnsealed, 1},
		"the last missing":       {good[:2], ErrUnsealed, 4},
		"one left out":           {slices.Concat(good[:1], good[2:]), ErrUnsealed, 1},
		"one twice":              {slices.Concat(good[:2], good[1:]), ErrUnsealed, 4},
		"behind the end":         {append(slices.Clone(good), Seal{From: 6, Size: 7}), ErrUnsealed, 6},
		"of nothing":             {append(slices.Clone(good), Seal{From: 6, Size: 6}), ErrUnsealed, 6},
		"joined":                 {[]Seal{{0, 4, mark(0, 1)}, good[2]}, errOther, 0},
		"made up":                {[]Seal{good[0], {1, 4, "made up"}, good[2]}, errOther, 1},
	} {
		_, err := Verify(t.Context(), log, VerifyOptions{Seals: sealsOf(try.seals), CheckSeal: check})
		wrong, is := errors.AsType[*VerifyError](err)
		if !errors.Is(err, try.want) || !is || wrong.Index != try.index || wrong.Check != CheckSeal {
			t.Errorf("%s: %v", name, err)
		}
		_, err = Verify(t.Context(), log, VerifyOptions{Seals: sealsOf(try.seals)})
		if want := try.want == ErrUnsealed; want != (err != nil) {
			t.Errorf("%s, without a key: %v", name, err)
		}
	}
	errRead := fmt.Errorf("cannot be read")
	_, err = Verify(t.Context(), log, VerifyOptions{Seals: func(yield func(Seal, error) bool) {
		_ = yield(good[0], nil) && yield(Seal{}, errRead)
	}})
	if _, wrong := errors.AsType[*VerifyError](err); !errors.Is(err, errRead) || wrong {
		t.Errorf("seals that cannot be read: %v", err)
	}
}

// TestASealIsOfOneBatchOfOneLog: no part of its text can be moved into another.
func TestASealIsOfOneBatchOfOneLog(t *testing.T) {
	b := Batch{From: 1, FromRoot: Hash{1}, Size: 23, Root: Hash{2}}
	texts := map[string]bool{string(b.Text("tandem.example/ledger")): true}
	for _, other := range []Batch{
		{12, b.FromRoot, 3, b.Root}, {2, b.FromRoot, 23, b.Root}, {1, b.FromRoot, 24, b.Root},
		{1, b.Root, 23, b.FromRoot}, {1, Hash{3}, 23, b.Root}, {1, b.FromRoot, 23, Hash{3}},
	} {
		if texts[string(other.Text("tandem.example/ledger"))] {
			t.Errorf("%+v has a text that another batch has", other)
		}
	}
	if texts[string(b.Text("tandem.example/other"))] {
		t.Error("another log has the same text")
	}
}
