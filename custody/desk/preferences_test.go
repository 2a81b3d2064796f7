package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func TestPreferences(t *testing.T) {
	o := newOffice(t)
	committed := o.Desk.Follow()
	for _, good := range []desk.Preference{{Language: "zh", Zone: "Asia/Shanghai"}, {Zone: "UTC"}, {Language: "en", Zone: "America/Argentina/Buenos_Aires"}, {}} {
		if err := o.Desk.SetPreference(t.Context(), "tech-a", good); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
		if got, err := o.Desk.Preference(t.Context(), "tech-a"); got != good || err != nil {
			t.Errorf("%+v, %v, want %+v", got, err, good)
		}
	}
	for _, bad := range []desk.Preference{
		{Language: "de"}, {Language: "EN"}, {Zone: "Local"}, {Zone: "Mars/Olympus"}, {Zone: "../../etc/passwd"}, {Zone: "/etc/passwd"},
		{Zone: "Asia//Shanghai"}, {Zone: "zone.tab"}, {Zone: "Asia/Shanghai\n"}, {Zone: strings.Repeat("A", 1000)},
	} {
		if err := o.Desk.SetPreference(t.Context(), "tech-a", bad); custody.CodeOf(err) != custody.InvalidRequest {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	select {
	case <-committed:
		t.Error("a preference is in the ledger")
	default:
	}
	if got := (desk.Preference{Zone: "Asia/Shanghai"}).In(time.UTC).String(); got != "Asia/Shanghai" {
		t.Error(got)
	}
	if got := (desk.Preference{}).In(time.UTC); got != time.UTC {
		t.Error(got)
	}
}
