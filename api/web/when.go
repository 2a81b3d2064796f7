package web

import (
	"fmt"
	"html/template"
	"strings"
	"time"
)

// when shows an instant in a zone, to the minute; the machine-readable form and
// the title are exact.
func when(t time.Time, zone *time.Location) template.HTML {
	if t.IsZero() {
		return "—"
	}
	at := t.In(zone)
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`, //nolint: no part of it is anybody's text
		t.UTC().Format(time.RFC3339), at.Format("2006-01-02 15:04:05 -07:00"), at.Format("2006-01-02 15:04")))
}

// exactly is when, to the second: for what may be over a moment later.
func exactly(t time.Time, zone *time.Location) template.HTML {
	at := t.In(zone)
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`, //nolint: no part of it is anybody's text
		t.UTC().Format(time.RFC3339), at.Format("2006-01-02 15:04:05 -07:00"), at.Format("2006-01-02 15:04:05")))
}

// zoneName says in which zone a page shows times: how far from UTC, and the name
// if it is more than that.
func zoneName(t time.Time) string {
	from := "UTC"
	if _, offset := t.Zone(); offset != 0 {
		from += t.Format("-07:00")
	}
	if name := t.Location().String(); strings.Contains(name, "/") {
		return name + " (" + from + ")"
	}
	return from
}
