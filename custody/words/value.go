package words

import (
	"strconv"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// Value says a value of a field that a proposal changes as people read it: a time in its
// units, yes and no in words, a kind of target by its name. field is what the API calls it.
func (v Voice) Value(field, value string) (string, error) {
	switch {
	case value == "":
		return v.Say("value.unset", nil)
	case value == "true":
		return v.Say("value.yes", nil)
	case value == "false":
		return v.Say("value.no", nil)
	case field == "kind":
		if name, err := v.Say("kind."+value, nil); err == nil { // a connector may have none
			return name, nil
		}
	case field == "starts", field == "ends", field == "stands_in_until", field == "access_ends":
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			return v.Minute(at), nil
		}
	case strings.HasSuffix(field, "_seconds"):
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return v.Span(time.Duration(n) * time.Second)
		}
	}
	return value, nil
}

// Span says how long something takes, in its two largest units.
func (v Voice) Span(d time.Duration) (string, error) {
	d = max(d, 0).Round(time.Second)
	days, hours := int(d.Hours())/24, int(d.Hours())%24
	minutes, seconds := int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case days > 0:
		return v.Say("span.days", custody.Args{"Days": days, "Hours": hours})
	case hours > 0:
		return v.Say("span.hours", custody.Args{"Hours": hours, "Minutes": minutes})
	case minutes > 0:
		return v.Say("span.minutes", custody.Args{"Minutes": minutes, "Seconds": seconds})
	}
	return v.Say("span.seconds", custody.Args{"Seconds": seconds})
}
