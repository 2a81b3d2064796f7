package notify

import (
	"context"
	"testing"

	"github.com/tandem-custody/tandem/custody"
)

// TestADeliveredMessageAboutAnEmergencyIsEntered: for whom the server took it, and for
// nobody else; other mails are entered nowhere.
func TestADeliveredMessageAboutAnEmergencyIsEntered(t *testing.T) {
	o := newOffice(t)
	o.happen("first", custody.SessionOpened{Person: "tech-a"})
	stop := o.run(o.follower)
	o.settled(1)
	stop()
	f, entered := o.open(), make(chan [3]string, 20)
	f.Paged = func(_ context.Context, emergency, person, channel string) error {
		entered <- [3]string{emergency, person, channel}
		return nil
	}
	o.happen("offered", offered(1))
	o.happen("asked", custody.EmergencyRequested{Emergency: "emergency-1", Credential: "db01", For: "tech-b"})
	o.run(f)
	o.settled(3)
	got := map[[3]string]bool{}
	for len(entered) > 0 {
		got[<-entered] = true
	}
	for _, who := range []string{"tech-a", "tech-b", "manager", "director"} {
		if !got[[3]string{"emergency-1", who, "email"}] {
			t.Errorf("that %s was told is not entered: %v", who, got)
		}
	}
	if len(got) != 4 { // nobody has no address, the auditor and the admin are not asked
		t.Errorf("entered: %v", got)
	}
}
