package desk_test

import (
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestAPastedReasonIsOneLineInTheLedger: a tab and a second line refuse nobody, and
// what nobody can see is no reason.
func TestAPastedReasonIsOneLineInTheLedger(t *testing.T) {
	o := newOffice(t)
	_, err := o.Do("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("\u200b\u2060")})
	o.Refused(custody.InvalidRequest, err)
	outcome := o.Must("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("\tticket\u00a04711:\r\n\r\nleft a laptop  behind\n")})
	if fact, ok := outcome.Events[0].Fact.(custody.RotationStarted); !ok || fact.Note.String() != "ticket 4711: left a laptop behind" {
		t.Errorf("the ledger has %+v", outcome.Events[0].Fact)
	}
}
