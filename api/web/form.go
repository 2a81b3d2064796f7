package web

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// secretFields are left out of a form's digest, which is stored: the hash of
// something short gives it away.
var secretFields = []string{"totp", "password", "recovery_code", "admin_key", keyField}

// keyField is a hidden field that makes a form idempotent: sent twice, by an
// impatient finger or a reload, it is carried out once.
const keyField = "key"

// newKey gives the key of a form that is shown.
func newKey() string { return rand.Text() }

// formKey gives the idempotency key of the form that was sent, and what the form
// asks for besides its secrets.
func (v *visit) formKey() (string, [sha256.Size]byte) {
	key := v.field(keyField)
	if len(key) != len(rand.Text()) || strings.Trim(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return "", [sha256.Size]byte{} // not one of ours
	}
	h := sha256.New()
	fmt.Fprintf(h, "form %q ", v.r.URL.Path)
	for _, name := range slices.Sorted(maps.Keys(v.r.PostForm)) {
		if !slices.Contains(secretFields, name) {
			fmt.Fprintf(h, "%q=%q ", name, v.r.PostForm[name])
		}
	}
	return "form " + v.r.URL.Path + " " + key, [sha256.Size]byte(h.Sum(nil))
}

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
			return time.Time{}, custody.Invalid(field, custody.Text{
				En: "names a time that the clocks of that day leave out", Zh: "为当天因时钟调整而不存在的时间"})
		}
		if err == nil {
			if err := custody.CheckInstant(field, t); err != nil {
				return time.Time{}, err
			}
			return t, nil
		}
	}
	return time.Time{}, custody.Invalid(field, custody.Text{En: "must be a date and a time", Zh: "必须是日期和时间"})
}
