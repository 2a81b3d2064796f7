package custody

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Written gives the notes that came into the ledger with an event, each once: those
// in the arguments of its command. Every other note in an entry is one of these, or
// one of an earlier command.
func (e Event) Written() []Note {
	if e.Cause == nil {
		return nil
	}
	return notesIn(e.Cause.Action)
}

// Notes gives the notes in some values, each once, in no order that means
// anything: of an event, those in its fact are not all in its command.
func notesIn(values ...any) (notes []Note) {
	seen := map[string]bool{"": true, absent: true}
	for _, v := range values {
		eachNote(reflect.ValueOf(v), func(at reflect.Value) {
			if n := at.Interface().(Note); !seen[n.commitment] {
				seen[n.commitment] = true
				notes = append(notes, n)
			}
		})
	}
	return notes
}

// Notes gives all notes of an event, each once.
func (e Event) Notes() []Note {
	if e.Cause == nil {
		return notesIn(e.Fact)
	}
	return notesIn(e.Fact, e.Cause.Action)
}

// NotesOf gives the notes in a value of the domain, each once: to ask for their
// texts, and to Fill them in.
func NotesOf(value any) []Note { return notesIn(value) }

// Fill fills in the texts of the notes in what a pointer points to, by commitment.
// One that is not there, or is another, leaves its note as it is: this is the one
// place where a text is taken for what is committed to.
func Fill(pointer any, texts map[string]Words) {
	eachNote(reflect.ValueOf(pointer).Elem(), func(at reflect.Value) {
		n := at.Interface().(Note)
		if w, there := texts[n.commitment]; there {
			n, _ = n.Known(w)
			at.Set(reflect.ValueOf(n))
		}
	})
}

// Filled gives an event with the texts of its notes, by commitment.
func (e Event) Filled(texts map[string]Words) Event {
	e.Fact = filled(e.Fact, texts)
	if e.Cause != nil {
		cause := *e.Cause
		cause.Action = filled(cause.Action, texts)
		e.Cause = &cause
	}
	return e
}

func filled[V any](value V, texts map[string]Words) V {
	if !hasNotes(reflect.TypeOf(value)) {
		return value
	}
	copied := reflect.New(reflect.TypeOf(value))
	copied.Elem().Set(reflect.ValueOf(value))
	Fill(copied.Interface(), texts)
	return copied.Elem().Interface().(V)
}

// Shown gives the data of an event's entry for people to read: with the texts that
// are known in the place of commitments, and what is to be said of others.
func (e Event) Shown(redacted string) (jsontext.Value, error) {
	return json.Marshal(e.Fact, json.Deterministic(true), json.WithMarshalers(json.MarshalToFunc(
		func(to *jsontext.Encoder, n Note) error { return to.WriteToken(jsontext.String(n.In(redacted))) })))
}

// Texts counts the texts of a ledger.
type Texts struct {
	Checked  int64 `json:"checked"`  // match what the ledger commits to
	Redacted int64 `json:"redacted"` // are not there
}

// Check takes the texts that came with an event, by commitment. The error says which
// of them is not what its entry commits to.
func (t *Texts) Check(e Event, texts map[string]Words) error {
	written := e.Written() // what came in before was counted there
	for _, n := range written {
		if _, there := texts[n.commitment]; there {
			t.Checked++
		} else {
			t.Redacted++
		}
	}
	if len(texts) == 0 {
		return nil
	}
	found := 0
	for _, n := range e.Notes() {
		w, there := texts[n.commitment]
		if !there {
			continue
		}
		if _, err := n.Known(w); err != nil {
			return err
		}
		found++
	}
	if found < len(texts) {
		return fmt.Errorf("%w: %d texts that it does not commit to", ErrNote, len(texts)-found)
	}
	return nil
}

var noteType = reflect.TypeFor[Note]()

// eachNote calls do for every note in a value, however deep. What is addressable can
// be set; a map is given a copy of its own first.
func eachNote(v reflect.Value, do func(reflect.Value)) {
	if !v.IsValid() || !hasNotes(v.Type()) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == noteType {
			do(v)
			return
		}
		for i := range v.NumField() {
			eachNote(v.Field(i), do)
		}
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.CanSet() && v.Len() > 0 { // a State may share it
			copied := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(copied, v)
			v.Set(copied)
		}
		for i := range v.Len() {
			eachNote(v.Index(i), do)
		}
	case reflect.Pointer:
		eachNote(v.Elem(), do)
	case reflect.Interface: // what is in one cannot be changed in its place
		if v.IsNil() {
			return
		}
		copied := reflect.New(v.Elem().Type()).Elem()
		copied.Set(v.Elem())
		eachNote(copied, do)
		if v.CanSet() {
			v.Set(copied)
		}
	case reflect.Map:
		if v.IsNil() {
			return
		}
		copied := reflect.MakeMap(v.Type())
		for at := v.MapRange(); at.Next(); {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(at.Value())
			eachNote(value, do)
			copied.SetMapIndex(at.Key(), value)
		}
		if v.CanSet() {
			v.Set(copied)
		}
	}
}

var withNotes sync.Map // whether a type can have notes in it, by reflect.Type

// hasNotes says whether there can be notes in a type: most have none, and are not
// gone through.
func hasNotes(t reflect.Type) bool {
	if known, there := withNotes.Load(t); there {
		return known.(bool)
	}
	has := false
	switch t.Kind() {
	case reflect.Struct:
		has = t == noteType
		for i := 0; i < t.NumField() && !has; i++ {
			has = t.Field(i).IsExported() && hasNotes(t.Field(i).Type)
		}
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Pointer:
		has = hasNotes(t.Elem())
	case reflect.Interface:
		has = true // what is in it says
	}
	withNotes.Store(t, has)
	return has
}
