package words

import (
	"regexp"
	"strings"

	"github.com/tandem-custody/tandem/custody"
)

// Said is a refusal as it is read.
type Said struct {
	What string // happened, and who or what stands in the way
	Next string // can be done now; "": nothing can
}

// Refusal gives the words of a refusal. If the catalogue has none, it says what its
// code means; the tests of this package see to it that this is never so.
func (v Voice) Refusal(r *custody.Refusal) Said {
	said, err := v.refusal(r)
	if err != nil {
		said.What, err = v.Say("code."+string(r.Code), nil)
	}
	if err != nil {
		said.What = r.Error()
	}
	return said
}

func (v Voice) refusal(r *custody.Refusal) (said Said, err error) {
	key, args := r.Key, r.Args
	if r.Code == custody.InvalidRequest && r.Field != "" {
		why, err := v.Say("invalid."+r.Key, r.Args)
		if err != nil {
			return Said{}, err
		}
		key, args = "field", custody.Args{"field": v.field(r.Field), "why": why}
	}
	if said.What, err = v.Say("refusal."+key+".what", args); err != nil {
		return Said{}, err
	}
	said.Next, err = v.Say("refusal."+key+".next", args)
	return said, err
}

func (v Voice) field(name string) string {
	if label, has := v.Label(name); has && v.Labels {
		return label
	}
	return name
}

// listIndex is the place in a list that a field's name can end with.
var listIndex = regexp.MustCompile(`\[\d+\]$`)

// Label gives what a field of a request is called on a form. A connector's settings
// that have no label of their own are called by their name.
func (v Voice) Label(field string) (label string, has bool) {
	field = listIndex.ReplaceAllString(field, "")
	if label, err := v.Say("field."+field, nil); err == nil {
		return label, true
	}
	const settings = "target.settings"
	if name, is := strings.CutPrefix(field, settings+"."); is {
		if label, err := v.Say("field."+settings+"."+strings.TrimPrefix(name, "probe."), nil); err == nil {
			return label, true
		}
		label, err := v.Say("field."+settings, nil)
		return label + " " + name, err == nil
	}
	return "", false
}
