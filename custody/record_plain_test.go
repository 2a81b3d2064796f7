package custody

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

// unplanned are the facts whose data is always read strictly: these are rare.
var unplanned = []Fact{PersonAdded{}, CredentialAdded{}, CredentialPolicyChanged{}}

// plainly reads data as a plan does, and fails when the strict decoder does not
// accept it, or as something else.
func plainly(t interface{ Fatalf(string, ...any) }, kind reflect.Type, data []byte) bool {
	got := reflect.New(kind)
	if !planFor(kind).read(data, got.Elem()) {
		return false
	}
	want := reflect.New(kind)
	err := json.Unmarshal(data, want.Interface(), json.RejectUnknownMembers(true))
	if err != nil || !reflect.DeepEqual(got.Interface(), want.Interface()) {
		t.Fatalf("of %q:\nplain %+v\nstrict %+v, %v", data, got.Elem(), want.Elem(), err)
	}
	if canonical := jsontext.Value(bytes.Clone(data)); canonical.Canonicalize() != nil || !bytes.Equal(canonical, data) {
		t.Fatalf("%q is read plainly, and is not canonical", data)
	}
	return true
}

// TestPlansReadWhatIsUsual: what Record writes is read by its plan, unless it has
// an escape or a number below zero, and then as the strict decoder reads it.
func TestPlansReadWhatIsUsual(t *testing.T) {
	for _, fact := range facts {
		kind := reflect.TypeOf(fact)
		t.Run(kind.Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				data, err := json.Marshal(anything(t, fact))
				if err != nil {
					t.Skip(err)
				}
				value := jsontext.Value(data)
				if err := value.Canonicalize(); err != nil {
					t.Skip(err)
				}
				read := plainly(t, kind, value)
				rare := bytes.ContainsAny(value, `\-`) || bytes.Contains(value, []byte(`[]`)) || bytes.Contains(value, []byte(`null`))
				for _, f := range unplanned {
					rare = rare || reflect.TypeOf(f) == kind
				}
				if !read && !rare && !longNumber(value) {
					t.Fatalf("gave up %s", value)
				}
			})
		})
	}
}

// longNumber reports whether there are sixteen digits in a row.
func longNumber(data []byte) bool {
	run := 0
	for _, c := range data {
		if run++; c < '0' || c > '9' {
			run = 0
		}
		if run > 15 {
			return true
		}
	}
	return false
}

// TestPlansAtEveryByte changes, leaves out and adds to each byte of data.
func TestPlansAtEveryByte(t *testing.T) {
	accepted := 0
	for _, fact := range facts {
		kind := reflect.TypeOf(fact)
		full := reflect.New(kind).Elem()
		fillPlanned(full)
		data, err := json.Marshal(full.Interface())
		if err != nil {
			t.Fatal(err)
		}
		value := jsontext.Value(data)
		if err := value.Canonicalize(); err != nil {
			t.Fatal(err)
		}
		try := func(parts ...[]byte) {
			if plainly(t, kind, bytes.Join(parts, nil)) {
				accepted++
			}
		}
		for i := range value {
			for b := range 256 {
				try(value[:i], []byte{byte(b)}, value[i+1:])
			}
			for _, more := range []string{` `, `,`, `0`, `"`, `null`, `1e3`, "é", "\xff", `{"person":"x"},`, `"person":"x",`} {
				try(value[:i], []byte(more), value[i:])
			}
			try(value[:i], value[i+1:])
			try(value[:i])
		}
	}
	if accepted == 0 {
		t.Error("accepted nothing at all")
	}
}

// fillPlanned gives every field that a plan knows a value that is not zero.
func fillPlanned(v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Field(i); f.Interface().(type) {
		case []string:
			f.Set(reflect.ValueOf([]string{"a", "b"}))
		default:
			switch f.Kind() {
			case reflect.String:
				f.SetString("x")
			case reflect.Int, reflect.Int64:
				f.SetInt(12)
			case reflect.Bool:
				f.SetBool(true)
			case reflect.Struct:
				if f.Type() == reflect.TypeOf(epoch) {
					f.Set(reflect.ValueOf(epoch))
				}
			}
		}
	}
}

// FuzzPlans: what a plan reads, the strict decoder does, with the same result.
func FuzzPlans(f *testing.F) {
	for i, fact := range facts {
		data, err := json.Marshal(fact)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(i, data)
	}
	f.Fuzz(func(t *testing.T, kind int, data []byte) {
		if 0 <= kind && kind < len(facts) {
			plainly(t, reflect.TypeOf(facts[kind]), data)
		}
	})
}
