package custody

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

// TestNothingOfTheStateIsOutsideItsImage: a part of the state that the anchor did
// not vouch for could be written into the tables while the server is down.
func TestNothingOfTheStateIsOutsideItsImage(t *testing.T) {
	// What follows from the rest, or is of a fork alone.
	derived := []string{"base", "charges", "accounts", "due", "touched", "tokens", "latest"}
	// Under another name in the image.
	named := map[string]string{"people": "People", "credentials": "Credentials", "handovers": "OpenHandovers", "proposals": "OpenProposals", "incidents": "OpenIncidents", "policy": "Policy", "sessions": "Sessions", "sealKeys": "SealKeys", "configuration": "Configuration", "envelopes": "Envelopes"}
	image := reflect.TypeFor[Image]()
	for field := range reflect.TypeFor[State]().Fields() {
		name := field.Name
		if to, other := named[name]; other {
			name = to
		}
		if _, there := image.FieldByName(name); !there && !slices.Contains(derived, name) {
			t.Errorf("%s is not in the image", field.Name)
		}
	}
}

// TestTheDigestIsOfEveryField sets each field of an image, however deep, to
// another value.
func TestTheDigestIsOfEveryField(t *testing.T) {
	seen := map[[32]byte]string{}
	look := func(what string, i Image) {
		t.Helper()
		digest, err := i.Digest()
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[digest]; twice {
			t.Errorf("%s has the digest of %s", what, other)
		}
		seen[digest] = what
	}
	var full Image
	fillAll(reflect.ValueOf(&full).Elem())
	look("all", full)
	tried := 0
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		switch {
		case v.Type() == reflect.TypeFor[time.Time]():
			old := v.Interface()
			v.Set(reflect.ValueOf(old.(time.Time).Add(time.Nanosecond)))
			look(path, full)
			v.Set(reflect.ValueOf(old))
			tried++
		case v.Kind() == reflect.Struct && v.Type() != noteType:
			for field, value := range v.Fields() {
				if !field.IsExported() {
					t.Fatalf("%s.%s cannot be seen by a digest", path, field.Name)
				}
				walk(path+"."+field.Name, value)
			}
		case v.Kind() == reflect.Slice, v.Kind() == reflect.Array:
			walk(path+"[]", v.Index(0))
		case v.Kind() == reflect.Map:
			old := reflect.New(v.Type()).Elem()
			old.Set(v)
			v.SetZero()
			look(path, full)
			v.Set(old)
			tried++
		default:
			old := reflect.New(v.Type()).Elem()
			old.Set(v)
			changeOne(v)
			look(path, full)
			v.Set(old)
			tried++
		}
	}
	walk("image", reflect.ValueOf(&full).Elem())
	if tried < 60 {
		t.Errorf("only %d fields were tried", tried)
	}
}

// fillAll gives every field a value that is not its zero one.
func fillAll(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)))
	case v.Kind() == reflect.Struct && v.Type() != noteType:
		for _, field := range v.Fields() {
			fillAll(field)
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillAll(v.Index(0))
	case v.Kind() == reflect.Array:
		for i := range v.Len() {
			fillAll(v.Index(i))
		}
	case v.Kind() == reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fillAll(key)
		fillAll(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	default:
		changeOne(v)
	}
}

func changeOne(v reflect.Value) {
	if v.Type() == noteType {
		v.Set(reflect.ValueOf(note(v.Interface().(Note).commitment + "x").bare()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1000000)
	case reflect.Interface: // of a Change
		a, _ := v.Interface().(SetCustodians)
		a.Primary += "x"
		v.Set(reflect.ValueOf(a))
	default:
		panic("a field of a kind that no digest was tried with: " + v.Kind().String())
	}
}
