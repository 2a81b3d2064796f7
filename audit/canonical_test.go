package audit

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

// readCanonical reads one JSON text with the reader under test.
func readCanonical(text []byte) error {
	var r canonicalReader
	r.reset(text)
	if err := r.value(); err != nil {
		return err
	}
	return r.end()
}

// isCanonical is the same by jsontext alone, which writes the text again.
func isCanonical(text []byte) bool {
	v := jsontext.Value(bytes.Clone(text))
	return v.Canonicalize() == nil && bytes.Equal(v, text)
}

func TestCanonical(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, `[[],{},[]]`, `null`, `true`, `false`, `""`, `0`, `-1`,
		`{"a":1,"b":[1,2,{"c":null}]}`,
		// RFC 8785, sections 3.2.2 and 3.2.3.
		`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
		"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\"," +
			"\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}",
		// RFC 8785, appendix B.
		`[5e-324,-5e-324,1.7976931348623157e+308,9007199254740992,295147905179352830000,9.999999999999997e+22,1e+23,` +
			`1.0000000000000001e+23,999999999999999700000,999999999999999900000,1e+21,9.999999999999997e-7,0.000001,` +
			`333333333.3333332,333333333.33333325,333333333.3333333,333333333.3333334,333333333.33333343,-0.0000033333333333333333,1424953923781206.2]`,
		`{"":1,"A":2,"a":3,"aa":4}`,
	} {
		if err := readCanonical([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestNotCanonical(t *testing.T) {
	for _, text := range []string{
		``, ` `, `{`, `{}}`, `{} `, ` {}`, `{ }`, `[ ]`, `[1 ]`, `[1, 2]`, `[1 ,2]`, `{"a" :1}`, `{"a": 1}`, `{"a":1 }`, `{}{}`, `{}null`, "{}\n",
		`{"b":1,"a":2}`, `{"a":1,"a":1}`, `{"a":1,"\u0061":1}`, `{"\u0061":1}`, `"\u0041"`, `"\/"`, `"\u000A"`, `"\u000a"`, `"\ud83d\ude00"`, `"\ud83d"`,
		`-0`, `0.0`, `1.0`, `1e0`, `1E30`, `1e30`, `01`, `+1`, `.5`, `1.`, `9007199254740993`, `-9007199254740993`, `1e999`, `1e-999`, `0e1`,
		`nul`, `True`, `{1:2}`, `{"a"}`, `[1,]`, `{"a":1,}`, "\"\x01\"", "\"\xff\"", "\"\xed\xa0\x80\"", "\xef\xbb\xbf{}",
		// U+E000 comes behind every surrogate pair, although not in UTF-8.
		"{\"\ue000\":1,\"😀\":2}",
		strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
	} {
		if err := readCanonical([]byte(text)); err == nil {
			t.Errorf("accepted %.60q", text)
		}
		if isCanonical([]byte(text)) {
			t.Errorf("test is wrong: jsontext finds %.60q canonical", text)
		}
	}
}

// TestRises compares the order of names with that of their UTF-16 code units.
func TestRises(t *testing.T) {
	// Characters at both sides of every border that the order has.
	character := rapid.SampledFrom([]rune("\x00\t\"/A\\az\u007f\u0080\u07ff\u0800\ud7ff\ue000\uefff\uf000\ufffd\uffff\U00010000\U0001f600\U000fffff\U0010ffff"))
	name := rapid.StringOfN(character, 0, 4, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b := name.Draw(t, "a"), name.Draw(t, "b")
		want := slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b))) < 0
		quotedA, _ := jsontext.AppendQuote(nil, a)
		quotedB, _ := jsontext.AppendQuote(nil, b)
		var r canonicalReader
		r.reset(slices.Concat(quotedA, quotedB))
		if got := r.rises(quotedA, quotedB); got != want {
			t.Fatalf("%q before %q: %v", a, b, got)
		}
	})
}

// TestCanonicalAgrees writes random values in canonical form, by jsontext, and
// otherwise, by encoding/json.
func TestCanonicalAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(anyJSON(3).Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := readCanonical(text) == nil, isCanonical(text); got != want {
			t.Fatalf("%s: canonical %v, jsontext says %v", text, got, want)
		}
		canonical := jsontext.Value(bytes.Clone(text))
		if err := canonical.Canonicalize(); err != nil {
			t.Fatal(err)
		}
		if err := readCanonical(canonical); err != nil {
			t.Fatalf("%s: %v", canonical, err)
		}
	})
}

// anyJSON draws a Go value that encoding/json can write.
func anyJSON(depth int) *rapid.Generator[any] {
	scalars := []*rapid.Generator[any]{
		rapid.Just[any](nil),
		rapid.Bool().AsAny(),
		rapid.Int64().AsAny(),
		rapid.Float64().AsAny(),
		rapid.String().AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	return rapid.OneOf(append(scalars,
		rapid.SliceOfN(rapid.Deferred(func() *rapid.Generator[any] { return anyJSON(depth - 1) }), 0, 4).AsAny(),
		rapid.MapOfN(rapid.String(), rapid.Deferred(func() *rapid.Generator[any] { return anyJSON(depth - 1) }), 0, 4).AsAny(),
	)...)
}

// FuzzCanonical asks whether the reader and jsontext agree about any bytes.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"\n",-0.5e-7]}`, `{"b":1,"a":2}`, `[1, 2]`, `"\u0041"`, `-0`, `1e21`, "{\"\ue000\":1,\"😀\":2}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := readCanonical(text) == nil, isCanonical(text); got != want {
			t.Fatalf("%q: canonical %v, jsontext says %v", text, got, want)
		}
	})
}
