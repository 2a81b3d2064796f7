package audit

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", path, got, want)
	}
}

// goldenEntries are the lines of testdata/entries.jsonl.
func goldenEntries() []Entry {
	at := func(ms int) time.Time {
		return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(ms) * time.Millisecond)
	}
	return []Entry{
		{V: Version, Time: at(0), Type: "person.added", Grade: "ordinary", Actor: "system", Subject: "tech-a",
			Data: jsontext.Value(`{"name":"Ann Example","roles":["technician"],"username":"tech-a"}`)},
		{V: Version, Time: at(0), Type: "checkout.granted", Grade: "ordinary", Actor: "tech-a", Subject: "db01-root",
			Data:    jsontext.Value(`{"credential":"db01-root","purpose":"replace the failed disk in bay 4","version":7}`),
			Confirm: &Confirm{Method: "totp", Person: "tech-a", Step: 58911528}, Request: "01JGX4T8A1B2C3D4E5F6G7H8J9"},
		{V: Version, Time: at(678), Type: "handover.offered", Grade: "ordinary", Actor: "tech-a", Subject: "01JGX4T7Q2M8ZK5B9N6V3C1D0F",
			Data:    jsontext.Value(`{"credentials":["db01-root"],"from":"tech-a","reason":"年假 \"leave\", 3 days","to":"tech-b"}`),
			Confirm: &Confirm{Method: "totp", Person: "tech-a", Step: 58911529}},
		{V: Version, Time: at(678), Clock: ClockStalled, Type: "handover.accepted", Grade: "ordinary", Actor: "tech-b", Subject: "01JGX4T7Q2M8ZK5B9N6V3C1D0F",
			Data:    jsontext.Value(`{"handover":"01JGX4T7Q2M8ZK5B9N6V3C1D0F"}`),
			Confirm: &Confirm{Method: "totp", Person: "tech-b", Step: 58911529}, Request: "01JGX4T9"},
		{V: Version, Time: at(86_400_000), Type: "rotation.overdue", Grade: "serious", Actor: "system", Subject: "db01-root",
			Data: jsontext.Value(`{"attempts":9,"ratio":0.25}`)},
		{V: Version, Time: at(86_400_001), Type: "vault.sealed", Grade: "special", Actor: "system", Subject: "",
			Data: jsontext.Value(`{}`)},
	}
}

func TestGoldenEntries(t *testing.T) {
	var lines []byte
	for _, e := range goldenEntries() {
		encoded, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := DecodeEntry(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(decoded, e) {
			t.Errorf("decoded %+v\nwant %+v", decoded, e)
		}
		lines = append(append(lines, encoded...), '\n')
	}
	golden(t, "entries.jsonl", lines)
}

// TestEncodeCanonicalizes: the order of members and the zone of the time do not
// matter to Encode, and no Data is an empty object.
func TestEncodeCanonicalizes(t *testing.T) {
	want := goldenEntries()[1]
	e := want
	e.Time = want.Time.In(time.FixedZone("CST", 8*60*60))
	e.Data = jsontext.Value("{ \"version\": 7,\n \"purpose\": \"replace the f\\u0061iled disk in bay 4\", \"credential\":\"db01-root\"}")
	got, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	canonical, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, canonical) {
		t.Errorf("got  %s\nwant %s", got, canonical)
	}

	e.Data = nil
	if got, err = e.Encode(); err != nil || !bytes.Contains(got, []byte(`"data":{}`)) {
		t.Errorf("no data: %s, %v", got, err)
	}
}

func TestEntryRoundTrip(t *testing.T) {
	nonEmpty := rapid.StringN(1, 40, -1)
	rapid.Check(t, func(t *rapid.T) {
		e := Entry{
			V:       Version,
			Time:    time.UnixMilli(rapid.Int64Range(-60_000_000_000_000, 250_000_000_000_000).Draw(t, "time")).UTC(),
			Clock:   rapid.SampledFrom([]string{"", ClockStalled}).Draw(t, "clock"),
			Type:    nonEmpty.Draw(t, "type"),
			Grade:   rapid.SampledFrom([]string{"ordinary", "serious", "special"}).Draw(t, "grade"),
			Actor:   nonEmpty.Draw(t, "actor"),
			Subject: rapid.String().Draw(t, "subject"),
			Data:    jsontext.Value(`{}`),
			Request: rapid.String().Draw(t, "request"),
		}
		if rapid.Bool().Draw(t, "first") {
			e.Command = jsontext.Value(`{"verb":"x"}`)
		}
		if rapid.Bool().Draw(t, "confirmed") {
			e.Confirm = &Confirm{nonEmpty.Draw(t, "method"), nonEmpty.Draw(t, "person"), rapid.Int64Range(0, 1<<53).Draw(t, "step")}
		}
		for _, name := range rapid.SliceOfDistinct(rapid.String(), rapid.ID).Draw(t, "names") {
			quoted, err := jsontext.AppendQuote(nil, name)
			if err != nil {
				t.Fatal(err)
			}
			member := append(quoted, `:[1.5,null,"x"]}`...)
			if len(e.Data) > 2 {
				member = append([]byte{','}, member...)
			}
			e.Data = append(e.Data[:len(e.Data)-1], member...)
		}
		if err := e.Data.Canonicalize(); err != nil {
			t.Fatal(err)
		}
		encoded, err := e.Encode()
		if err != nil {
			t.Fatalf("%+v: %v", e, err)
		}
		if canonical := jsontext.Value(bytes.Clone(encoded)); canonical.Canonicalize() != nil || !bytes.Equal(canonical, encoded) {
			t.Fatalf("jsontext writes %s in another way", encoded)
		}
		decoded, err := DecodeEntry(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(decoded, e) {
			t.Fatalf("decoded %+v\nwant %+v", decoded, e)
		}
	})
}

func TestEncodeRefuses(t *testing.T) {
	tests := []struct {
		name string
		edit func(e *Entry)
		want error
	}{
		{"no version", func(e *Entry) { e.V = 0 }, ErrMalformed},
		{"next version", func(e *Entry) { e.V = Version + 1 }, ErrMalformed},
		{"no time", func(e *Entry) { e.Time = time.Time{} }, ErrMalformed},
		{"microseconds", func(e *Entry) { e.Time = e.Time.Add(time.Microsecond) }, ErrMalformed},
		{"year 10000", func(e *Entry) { e.Time = e.Time.AddDate(8000, 0, 0) }, ErrMalformed},
		{"year before 0", func(e *Entry) { e.Time = e.Time.AddDate(-3000, 0, 0) }, ErrMalformed},
		{"other clock", func(e *Entry) { e.Clock = "fast" }, ErrMalformed},
		{"no type", func(e *Entry) { e.Type = "" }, ErrMalformed},
		{"no grade", func(e *Entry) { e.Grade = "" }, ErrMalformed},
		{"other grade", func(e *Entry) { e.Grade = "urgent" }, ErrMalformed},
		{"no actor", func(e *Entry) { e.Actor = "" }, ErrMalformed},
		{"actor is not UTF-8", func(e *Entry) { e.Actor = "tech-\xff" }, ErrMalformed},
		{"no confirming person", func(e *Entry) { e.Confirm.Person = "" }, ErrMalformed},
		{"no method", func(e *Entry) { e.Confirm.Method = "" }, ErrMalformed},
		{"negative step", func(e *Entry) { e.Confirm.Step = -1 }, ErrMalformed},
		{"step beyond 2^53", func(e *Entry) { e.Confirm.Step = 1<<53 + 1 }, ErrNotCanonical},
		{"data is no object", func(e *Entry) { e.Data = jsontext.Value(`[]`) }, ErrMalformed},
		{"data is null", func(e *Entry) { e.Data = jsontext.Value(`null`) }, ErrMalformed},
		{"data is no JSON", func(e *Entry) { e.Data = jsontext.Value(`{"a":}`) }, ErrMalformed},
		{"data is two values", func(e *Entry) { e.Data = jsontext.Value(`{},"actor":"x"`) }, ErrMalformed},
		{"data is empty", func(e *Entry) { e.Data = jsontext.Value(``) }, ErrMalformed},
		{"member twice", func(e *Entry) { e.Data = jsontext.Value(`{"a":1,"\u0061":2}`) }, ErrMalformed},
		{"integer that a float64 cannot hold", func(e *Entry) { e.Data = jsontext.Value(`{"n":9007199254740993}`) }, ErrNotCanonical},
		{"number out of range", func(e *Entry) { e.Data = jsontext.Value(`{"n":1e999}`) }, ErrNotCanonical},
		{"number with another form", func(e *Entry) { e.Data = jsontext.Value(`{"n":1.0}`) }, ErrNotCanonical},
		{"too large", func(e *Entry) { e.Request = strings.Repeat("x", MaxEntrySize) }, ErrEntryTooLarge},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := goldenEntries()[1]
			test.edit(&e)
			if encoded, err := e.Encode(); !errors.Is(err, test.want) {
				t.Fatalf("encoded %s, error %v, want %v", encoded, err, test.want)
			}
		})
	}
}

func TestDecodeEntryRefuses(t *testing.T) {
	const good = `{"actor":"tech-a","clock":"stalled","confirm":{"method":"totp","person":"tech-a","step":1},"data":{"a":1},` +
		`"grade":"ordinary","request":"r","subject":"s","time":"2026-01-02T03:04:05.678Z","type":"x.y","v":3}`
	if _, err := DecodeEntry([]byte(good)); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		old, new string // what is replaced in good
		want     error
	}{
		{"nothing", good, ``, ErrMalformed},
		{"an array", good, `[]`, ErrMalformed},
		{"a string", good, `"x"`, ErrMalformed},
		{"an empty object", good, `{}`, ErrMalformed},
		{"cut off", `,"v":3}`, ``, ErrMalformed},
		{"newline behind", `"v":3}`, "\"v\":3}\n", ErrNotCanonical},
		{"something behind", `"v":3}`, `"v":3}{}`, ErrMalformed},
		{"white space before", `{"actor"`, ` {"actor"`, ErrNotCanonical},
		{"white space within", `"v":3`, `"v": 3`, ErrNotCanonical},
		{"needless escape", `"x.y"`, `"x\u002ey"`, ErrNotCanonical},
		{"unknown field", `"v":3`, `"v":3,"w":1`, ErrMalformed},
		{"field in another case", `"subject"`, `"Subject"`, ErrNotCanonical},
		{"field twice", `"v":3`, `"v":3,"v":3`, ErrNotCanonical},
		{"fields out of order", `"type":"x.y","v":3`, `"v":3,"type":"x.y"`, ErrNotCanonical},
		{"no actor", `"actor":"tech-a",`, ``, ErrMalformed},
		{"empty actor", `"actor":"tech-a"`, `"actor":""`, ErrMalformed},
		{"actor null", `"actor":"tech-a"`, `"actor":null`, ErrMalformed},
		{"actor a number", `"actor":"tech-a"`, `"actor":1`, ErrMalformed},
		{"empty clock", `"stalled"`, `""`, ErrMalformed},
		{"other clock", `"stalled"`, `"back"`, ErrMalformed},
		{"clock null", `"stalled"`, `null`, ErrMalformed},
		{"request null", `"request":"r"`, `"request":null`, ErrMalformed},
		{"subject null", `"subject":"s"`, `"subject":null`, ErrMalformed},
		{"command null", `,"confirm"`, `,"command":null,"confirm"`, ErrMalformed},
		{"command a list", `,"confirm"`, `,"command":[],"confirm"`, ErrMalformed},
		{"confirm null", `{"method":"totp","person":"tech-a","step":1}`, `null`, ErrMalformed},
		{"confirm empty", `{"method":"totp","person":"tech-a","step":1}`, `{}`, ErrMalformed},
		{"confirm without step", `,"step":1`, ``, ErrMalformed},
		{"confirm with a code", `{"method"`, `{"code":"123456","method"`, ErrMalformed},
		{"step a fraction", `"step":1`, `"step":1.5`, ErrMalformed},
		{"step a string", `"step":1`, `"step":"1"`, ErrMalformed},
		{"step negative", `"step":1`, `"step":-1`, ErrMalformed},
		{"step minus zero", `"step":1`, `"step":-0`, ErrNotCanonical},
		{"step beyond int64", `"step":1`, `"step":100000000000000000000`, ErrMalformed},
		{"no data", `"data":{"a":1},`, ``, ErrMalformed},
		{"data a string", `{"a":1}`, `"a"`, ErrMalformed},
		{"data not canonical", `{"a":1}`, `{"a":1.0}`, ErrNotCanonical},
		{"data out of order", `{"a":1}`, `{"b":{"d":1,"c":1}}`, ErrNotCanonical},
		{"data with a member twice", `{"a":1}`, `{"a":1,"a":1}`, ErrNotCanonical},
		{"data with white space", `{"a":1}`, `{"a":[1, 2]}`, ErrNotCanonical},
		{"data not UTF-8", `{"a":1}`, "{\"a\":\"\xff\"}", ErrMalformed},
		{"no grade", `"grade":"ordinary",`, ``, ErrMalformed},
		{"other grade", `"ordinary"`, `"Ordinary"`, ErrMalformed},
		{"empty request", `"request":"r"`, `"request":""`, ErrMalformed},
		{"no subject", `"subject":"s",`, ``, ErrMalformed},
		{"subject a list", `"subject":"s"`, `"subject":["s"]`, ErrMalformed},
		{"no type", `"type":"x.y",`, ``, ErrMalformed},
		{"no version", `,"v":3`, ``, ErrMalformed},
		{"version 0", `"v":3`, `"v":0`, ErrMalformed},
		{"version 1", `"v":3`, `"v":1`, ErrMalformed},
		{"version 2", `"v":3`, `"v":2`, ErrMalformed},
		{"the clock of version 2", `"stalled"`, `"held"`, ErrMalformed},
		{"version a string", `"v":3`, `"v":"1"`, ErrMalformed},
		{"no time", `"time":"2026-01-02T03:04:05.678Z",`, ``, ErrMalformed},
		{"seconds only", `05.678Z`, `05Z`, ErrMalformed},
		{"microseconds", `05.678Z`, `05.678000Z`, ErrMalformed},
		{"comma", `05.678Z`, `05,678Z`, ErrMalformed},
		{"zone", `05.678Z`, `05.678+00:00`, ErrMalformed},
		{"zone in the place of digits", `04:05.678Z`, `04:05+00:00`, ErrMalformed},
		{"lower case", `02T03`, `02t03`, ErrMalformed},
		{"hour of one digit", `T03:04:05.678Z`, `T3:04:05.6789Z`, ErrMalformed},
		{"30 February", `2026-01-02`, `2026-02-30`, ErrMalformed},
		{"hour 24", `T03`, `T24`, ErrMalformed},
		{"leap second", `04:05.`, `04:60.`, ErrMalformed},
		{"zero time", `2026-01-02T03:04:05.678Z`, `0001-01-01T00:00:00.000Z`, ErrMalformed},
		{"too large", `"r"`, `"` + strings.Repeat("r", MaxEntrySize) + `"`, ErrEntryTooLarge},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(good, test.old, test.new, 1)
			if text == good {
				t.Fatal("nothing was replaced")
			}
			if e, err := DecodeEntry([]byte(text)); !errors.Is(err, test.want) {
				t.Fatalf("decoded %+v, error %v, want %v", e, err, test.want)
			}
		})
	}
}

// TestEntrySizeLimit: the greatest entry is accepted, one byte more is not.
func TestEntrySizeLimit(t *testing.T) {
	e := goldenEntries()[0]
	e.Request = "r"
	encoded, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	e.Request = strings.Repeat("r", 1+MaxEntrySize-len(encoded))
	if encoded, err = e.Encode(); err != nil || len(encoded) != MaxEntrySize {
		t.Fatalf("%d bytes, %v", len(encoded), err)
	}
	e.Request += "r"
	if _, err = e.Encode(); !errors.Is(err, ErrEntryTooLarge) {
		t.Fatal(err)
	}
}

// FuzzDecodeEntry: whatever is accepted is the one encoding of what it decodes to.
func FuzzDecodeEntry(f *testing.F) {
	for _, e := range goldenEntries() {
		encoded, err := e.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := DecodeEntry(b)
		if err != nil {
			return
		}
		encoded, err := e.Encode()
		if err != nil {
			t.Fatalf("%q decodes, but does not encode: %v", b, err)
		}
		if !bytes.Equal(encoded, b) {
			t.Fatalf("accepted %q, which is not %q", b, encoded)
		}
	})
}

func BenchmarkDecodeEntry(b *testing.B) {
	encoded, err := testEntry(0).Encode()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(encoded)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeEntry(encoded); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeEntry(b *testing.B) {
	e := testEntry(0)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}
