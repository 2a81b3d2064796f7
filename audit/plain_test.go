package audit

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// agree fails when a PlainReader accepts what canonicalReader does not, or as
// something else. It gives what it said.
func agree(t *testing.T, text []byte) (accepted bool) {
	t.Helper()
	got, ok := new(PlainReader).entry(text)
	if !ok {
		return false
	}
	want, err := decodeStrictly(text)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("of %q:\nplain %+v\nstrict %+v, %v", text, got, want, err)
	}
	return true
}

// plainEntries are entries that a PlainReader must not give up.
func plainEntries(t testing.TB) [][]byte {
	var all [][]byte
	for _, e := range goldenEntries() {
		encoded, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(encoded, '\\') < 0 && !bytes.Contains(encoded, []byte("0.25")) {
			all = append(all, encoded)
		}
	}
	return append(all,
		[]byte(`{"actor":"人","data":{"a":[],"b":{},"c":[[1,"x"],{"d":null}],"e":true,"f":false,"g":0,"h":999999999999999},`+
			`"grade":"special","subject":"","time":"2026-01-02T03:04:05.000Z","type":"t","v":1}`))
}

func TestPlainReaderReadsWhatIsUsual(t *testing.T) {
	for _, text := range plainEntries(t) {
		if !agree(t, text) {
			t.Errorf("gave up %s", text)
		}
	}
}

// TestPlainReaderAtEveryByte changes, leaves out and repeats each byte of an
// entry, and each of its members.
func TestPlainReaderAtEveryByte(t *testing.T) {
	accepted := 0
	try := func(parts ...[]byte) {
		if agree(t, bytes.Join(parts, nil)) {
			accepted++
		}
	}
	for _, text := range plainEntries(t) {
		for i := range text {
			for b := range 256 {
				try(text[:i], []byte{byte(b)}, text[i+1:])
			}
			for _, more := range []string{` `, `,`, `0`, `-`, `"`, `null`, `{}`, `{"a":1},`, `1e3`, `.5`, "é", "\xff", "\u2028"} {
				try(text[:i], []byte(more), text[i:])
			}
			try(text[:i], text[i+1:])
			try(text[:i])
		}
		members := strings.SplitAfter(string(text), ",")
		for i := range members {
			for j := range members {
				swapped := append([]string(nil), members...)
				swapped[i], swapped[j] = swapped[j], swapped[i]
				try([]byte(strings.Join(swapped, "")))
			}
			try([]byte(strings.Join(members[:i], "")), []byte(strings.Join(members[i:], "")[len(members[i]):]))
		}
	}
	if accepted == 0 {
		t.Error("accepted nothing at all")
	}
}

// FuzzPlainReader: what it accepts, canonicalReader does, with the same result.
func FuzzPlainReader(f *testing.F) {
	for _, text := range plainEntries(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) { agree(t, text) })
}
