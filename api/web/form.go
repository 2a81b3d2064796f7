package web

import (
	"cmp"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// dateTime is how browsers send <input type="datetime-local">.
const dateTime = "2006-01-02T15:04"

// zoneField is a hidden field with the zone that a form's times are typed in: the
// one that the form named, whatever the person has chosen since.
const zoneField = "zone"

// instant reads such a field, in the zone of the form. "" gives zero.
func (v *visit) instant(field string) (time.Time, error) {
	text := v.field(field)
	if text == "" {
		return time.Time{}, nil
	}
	zone := cmp.Or(v.zoneOf(v.field(zoneField)), v.zone)
	for _, layout := range []string{dateTime, dateTime + ":05"} {
		t, err := time.ParseInLocation(layout, text, zone)
		if err == nil && t.Format(layout) != text {
			return time.Time{}, custody.Invalid(field, "left_out_by_clocks")
		}
		if err == nil {
			if err := custody.CheckInstant(field, t); err != nil {
				return time.Time{}, err
			}
			return t, nil
		}
	}
	return time.Time{}, custody.Invalid(field, "not_a_date_and_time")
}
