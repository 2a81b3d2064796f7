package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// TestTheLastWrongCodeSaysThatItLocks, and until when, instead of "tries left: 0".
func TestTheLastWrongCodeSaysThatItLocks(t *testing.T) {
	o := newOffice(t)
	for lang, words := range map[string][2]string{"en": {"Tries left: 1", "locked until"}, "zh": {"剩余次数：1", "锁定至"}} {
		o.Clock.Add(2 * time.Hour)
		b := o.as("tech-a", lang) // which begins the count anew
		var last string
		for range custody.DefaultPolicy().LockAfter {
			text := b.post("/credentials/db01/checkout", "purpose", "x", "totp", "000000").text()
			if strings.Contains(text, "Tries left: 0") || strings.Contains(text, "剩余次数：0") {
				t.Fatalf("%s: %s", lang, text)
			}
			if strings.Contains(text, words[1]) {
				last = text
				break
			}
		}
		person, err := o.Store.Person(t.Context(), "tech-a")
		if err != nil {
			t.Fatal(err)
		}
		want := person.LockedUntil.Add(time.Second - time.Nanosecond).UTC().Format("2006-01-02 15:04:05 UTC")
		if !strings.Contains(last, want) {
			t.Errorf("%s: locked until %s, and the page says %q", lang, want, last)
		}
	}
}
