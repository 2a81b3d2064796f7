package web_test

import (
	"bytes"
	"html"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// calendarOf is a file with a holiday of whole days, a meeting, one that nobody can read and
// one that is called off.
const calendarOf = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\n" +
	"BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Holiday <b>with</b> Zoe\r\nDTSTART;VALUE=DATE:20260803\r\nDTEND;VALUE=DATE:20260815\r\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:2\r\nSUMMARY:Dentist\r\nDTSTART;TZID=Europe/Berlin:20260901T090000\r\nDTEND;TZID=Europe/Berlin:20260901T110000\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:3\r\nSUMMARY:Broken\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:4\r\nSUMMARY:Off\r\nSTATUS:CANCELLED\r\nDTSTART:20260901T090000Z\r\nDTEND:20260901T110000Z\r\nEND:VEVENT\r\n" +
	"END:VCALENDAR\r\n"

// uploads sends a file as a browser does.
func (b *browser) uploads(text []byte) answer {
	b.o.T.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", "calendar.ics")
	if err != nil {
		b.o.T.Fatal(err)
	}
	_, _ = part.Write(text)
	if err := w.Close(); err != nil {
		b.o.T.Fatal(err)
	}
	p := b.send(http.MethodPost, "/absences/import", &body, "Content-Type", w.FormDataContentType())
	if to := p.header.Get("Location"); strings.Contains(to, "refused=") {
		return b.get(to)
	}
	return p
}

// TestACalendarsFileIsProposedForTheForm: each event that lies ahead has a link to the form
// with its times in it, without its title; what is left out is named with the reason; and
// nothing is planned before somebody gives a code.
func TestACalendarsFileIsProposedForTheForm(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.as("tech-a", "en")
	before := o.Size()
	p := b.uploads([]byte(calendarOf))
	text := p.text()
	for _, want := range []string{"2 events lie ahead", "Holiday", "2026-08-03 – 2026-08-14", "out of office", "Dentist", "2026-09-01 09:00 – 2026-09-01 11:00", "Europe/Berlin", "2 were left out", "Broken : it has no beginning", "Off : it was called off"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(p.body, "<b>with</b>") {
		t.Error("a title is taken for markup")
	}
	const holiday = "/absences?all_day=yes&amp;from=2026-08-03&amp;until=2026-08-14&amp;zone=UTC#plan"
	if !strings.Contains(p.body, `href="`+holiday+`"`) {
		t.Fatalf("no link to %s:\n%s", holiday, p.body)
	}
	form := b.get(strings.TrimSuffix(strings.ReplaceAll(holiday, "&amp;", "&"), "#plan"))
	for _, want := range []string{`id="plan" open`, `name="from" value="2026-08-03T00:00"`, `name="until" value="2026-08-14T00:00"`, `name="all_day" value="yes" checked`, `name="zone" value="UTC"`} {
		if !strings.Contains(form.body, want) {
			t.Errorf("the form does not have %s", want)
		}
	}
	if strings.Contains(form.body, "Zoe") {
		t.Error("the title is in the form")
	}
	if o.Size() != before {
		t.Error("something was entered")
	}
	if p := b.fill("/absences", "from", "2026-08-03T00:00", "until", "2026-08-14T00:00", "all_day", "yes", "zone", "UTC"); p.status != http.StatusSeeOther {
		t.Fatalf("planned: %d %s", p.status, p.text())
	}
	if plans := o.Person("tech-a").Plans; len(plans) != 1 || plans[0].Meant.Until != "2026-08-14" {
		t.Errorf("planned: %+v", plans)
	}
}

// TestWhatIsPickedOfACalendarsFileIsPlannedTogether: with one code, all of it or none; what
// cannot be planned is not offered, with the reason; and what was picked is there again after
// a wrong code.
func TestWhatIsPickedOfACalendarsFileIsPlannedTogether(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.as("tech-a", "en")
	p := b.uploads([]byte(calendarOf))
	listed := boxes(p.body)
	if len(listed) != 2 {
		t.Fatalf("%d can be picked:\n%s", len(listed), p.body)
	}
	p = b.post("/absences/import/plan", "key", p.key(t), "listed", listed[0], "listed", listed[1], "pick", listed[1], "reason", "teeth", "totp", "000000")
	if left := boxes(p.body); !slices.Equal(left, listed) || strings.Count(p.body, " checked>") < 1 || !strings.Contains(p.body, `value="teeth"`) {
		t.Errorf("what was picked is lost:\n%s", p.body)
	}
	if len(o.Person("tech-a").Plans) > 0 {
		t.Error("planned by a wrong code")
	}
	if p := b.post("/absences/import/plan", "key", p.key(t), "listed", listed[0], "listed", listed[1], "pick", listed[0], "pick", listed[1], "reason", "away", "totp", o.Code("tech-a")); p.header.Get("Location") != "/absences?done=absences_planned" {
		t.Fatalf("%d %s", p.status, p.text())
	}
	if plans := o.Person("tech-a").Plans; len(plans) != 2 || plans[0].Meant.Until != "2026-08-14" || plans[1].Meant.Zone != "Europe/Berlin" || plans[0].HandsOver {
		t.Errorf("%+v", plans)
	}
	// Now they are planned, and the partner is away then.
	for who, why := range map[string]string{"tech-a": "You are away already", "tech-b": "is away"} {
		p := o.as(who, "en").uploads([]byte(calendarOf))
		if left := boxes(p.body); len(left) > 0 || strings.Count(p.text(), "cannot be picked") != 2 || !strings.Contains(p.text(), why) || strings.Contains(p.body, `name="totp"`) {
			t.Errorf("%s: %v\n%s", who, left, p.text())
		}
	}
	for _, nonsense := range []string{"%zz", "from=x&until=y&zone=UTC", ""} {
		if p := b.post("/absences/import/plan", "key", b.get("/absences").key(t), "pick", nonsense, "totp", o.Code("tech-a")); len(o.Person("tech-a").Plans) != 2 || p.status == http.StatusOK {
			t.Errorf("%q: %d %s", nonsense, p.status, p.text())
		}
	}
}

// boxes gives what can be picked on a page.
func boxes(page string) (values []string) {
	for _, found := range regexp.MustCompile(`name="pick" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		values = append(values, html.UnescapeString(found[1]))
	}
	return values
}

// TestWhatIsNoCalendarsFileIsRefusedWithTheReason, also one that is too large, and the form
// is there for another.
func TestWhatIsNoCalendarsFileIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.as("tech-a", "en")
	large := append([]byte("BEGIN:VCALENDAR\r\n"), bytes.Repeat([]byte("X-A:aaaaaaaaaaaaaaaa\r\n"), 500_000)...)
	for _, c := range []struct {
		what string
		text []byte
		want string
	}{
		{"a picture", []byte("\x89PNG\r\n\x1a\n"), "as .ics"},
		{"nothing", nil, "as .ics"},
		{"more than 10 MB", large, "10 MB"},
		{"far more than that", bytes.Repeat(large, 2), "10 MB"},
	} {
		p := b.uploads(c.text)
		if p.status != http.StatusUnprocessableEntity && p.status != http.StatusOK || !strings.Contains(p.text(), c.want) || !strings.Contains(p.body, `type="file"`) {
			t.Errorf("%s: %d %s", c.what, p.status, p.text())
		}
	}
	if p := o.as("tech-a", "zh").uploads([]byte("x")); !strings.Contains(p.text(), "必须是日历文件") {
		t.Errorf("in Chinese: %s", p.text())
	}
}

// TestAnAddressProposesNothingThatIsNoAbsence: somebody wrote it, or it grew old.
func TestAnAddressProposesNothingThatIsNoAbsence(t *testing.T) {
	t.Parallel()
	b := newOffice(t).as("tech-a", "en")
	for _, query := range []string{
		"from=2026-08-03&until=2026-08-01&zone=UTC&all_day=yes", "from=x&until=2026-08-01&zone=UTC", "from=2026-08-03T09:00&until=2026-08-04T09:00&zone=Nowhere/There",
		"from=2026-08-03&until=2028-08-03&zone=UTC&all_day=yes", "from=%3Cscript%3E&until=&zone=",
	} {
		if p := b.get("/absences?" + query); p.status != http.StatusOK || strings.Contains(p.body, `id="plan" open`) || strings.Contains(p.body, "<script>") {
			t.Errorf("%s: %d", query, p.status)
		}
	}
}

// TestACalendarsFileIsLargerThanAForm: years of somebody's meetings are.
func TestACalendarsFileIsLargerThanAForm(t *testing.T) {
	t.Parallel()
	past := strings.Repeat("BEGIN:VEVENT\r\nUID:old\r\nSUMMARY:Long over\r\nDTSTART:20200901T090000Z\r\nDTEND:20200901T110000Z\r\nX-A:"+strings.Repeat("a", 900)+"\r\nEND:VEVENT\r\n", 400)
	text := strings.Replace(calendarOf, "END:VCALENDAR", past+"END:VCALENDAR", 1)
	if p := newOffice(t).as("tech-a", "en").uploads([]byte(text)); len(text) < 300<<10 || !strings.Contains(p.text(), "2 events lie ahead") {
		t.Errorf("%d bytes: %d %.300s", len(text), p.status, p.text())
	}
}
