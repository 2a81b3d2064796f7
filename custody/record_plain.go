package custody

import (
	"cmp"
	"encoding"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tandem-custody/tandem/audit"
)

// plan is how the data of one type of entry is read when it is plain: see
// audit.PlainReader. It has the fields in the order of their names, which is that
// of RFC 8785. A fact with a field of another kind than those below has none.
type plan []planned

type planned struct {
	first, later string // the name, as it stands before and behind other members
	field        int    // of the struct
	kind         plannedKind
	omitted      bool // when it is zero
}

type plannedKind int

const (
	aString plannedKind = iota
	aNatural
	aBool
	aTime
	aList
)

// planFor gives nil if there is none.
func planFor(fact reflect.Type) plan {
	var p plan
	for i := range fact.NumField() {
		field := fact.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		kind, ok := plannedKindOf(field.Type)
		if !ok || name == "" || options != "" && options != "omitzero" {
			return nil
		}
		p = append(p, planned{
			first: `{"` + name + `":`, later: `,"` + name + `":`, field: i, kind: kind, omitted: options != "",
		})
	}
	slices.SortFunc(p, func(a, b planned) int { return cmp.Compare(a.first, b.first) })
	return p
}

func plannedKindOf(t reflect.Type) (kind plannedKind, ok bool) {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return aTime, true
	case t == reflect.TypeFor[[]string]():
		return aList, true
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return 0, false
	}
	switch t.Kind() {
	case reflect.String:
		return aString, true
	case reflect.Int, reflect.Int64:
		return aNatural, true
	case reflect.Bool:
		return aBool, true
	}
	return 0, false
}

var plainReaders = sync.Pool{New: func() any { return new(audit.PlainReader) }}

// read reads data into a zero fact, or gives up.
func (p plan) read(data []byte, fact reflect.Value) bool {
	r := plainReaders.Get().(*audit.PlainReader)
	defer plainReaders.Put(r)
	if p == nil || !r.Reset(data) {
		return false
	}
	begun := false
	for i := range p {
		name := p[i].first
		if begun {
			name = p[i].later
		}
		switch {
		case r.Skip(name):
			if !p[i].kind.read(r, fact.Field(p[i].field)) {
				return false
			}
			begun = true
		case !p[i].omitted:
			return false
		}
	}
	return begun && r.Skip(`}`) && r.AtEnd()
}

func (k plannedKind) read(r *audit.PlainReader, to reflect.Value) bool {
	switch k {
	case aString:
		var s string
		if !r.Skip(`"`) || !r.Word(&s) {
			return false
		}
		to.SetString(s)
	case aNatural:
		var n int64
		if !r.Natural(&n) {
			return false
		}
		to.SetInt(n)
	case aBool:
		yes := r.Skip(`true`)
		if !yes && !r.Skip(`false`) {
			return false
		}
		to.SetBool(yes)
	case aTime:
		return readTime(r, to.Addr().Interface().(*time.Time))
	case aList:
		return readStrings(r, to.Addr().Interface().(*[]string))
	}
	return true
}

func readTime(r *audit.PlainReader, to *time.Time) bool {
	const shortest = len(`2006-01-02T15:04:05Z`)
	var text []byte
	return r.Skip(`"`) && r.Text(&text) && len(text) >= shortest && text[len(text)-1] == 'Z' &&
		(text[19] == 'Z' || text[19] == '.') && to.UnmarshalText(text) == nil
}

func readStrings(r *audit.PlainReader, to *[]string) bool {
	if !r.Skip(`["`) {
		return false
	}
	for {
		var s string
		if !r.Word(&s) {
			return false
		}
		*to = append(*to, s)
		if !r.Skip(`,"`) {
			return r.Skip(`]`)
		}
	}
}
