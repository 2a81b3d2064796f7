package custody

import (
	"testing"
	"time"
)

// A log-in that was refused: the password of db01 is being changed for ann, and nobody
// knows which one of hers the server takes.
func stoppedByARefusal(o *office) {
	annWantsNewPassword(o)
	id := RotationID{Credential: "db01", Number: 2}
	o.does(System, ReportStaged{Rotation: id, Sending: true})
	o.does(System, ReportFailed{Rotation: id, Failure: string(CurrentRefused), NextTry: o.now.Add(15 * time.Minute), Unsent: true})
}

func TestARefusedLogInAsksAPerson(t *testing.T) {
	rotation := func(is func(Rotation) bool) func(*office) bool {
		return func(o *office) bool { return is(o.credential("db01").Rotation) }
	}
	id := RotationID{Credential: "db01", Number: 2}
	check(t, []clause{
		{"the second account's", annWantsNewPassword, System, ReportFailed{Rotation: id, Failure: string(AdminRefused), NextTry: epoch.Add(time.Hour)}, "", rotation(Rotation.Stopped)},
		{"the current password's", annWantsNewPassword, System, ReportFailed{Rotation: id, Failure: string(CurrentRefused), NextTry: epoch.Add(time.Hour)}, "", rotation(Rotation.Stopped)},
		{"the new password's is tried again by itself", annWantsNewPassword, System, ReportFailed{Rotation: id, Failure: string(NewRefused), NextTry: epoch.Add(time.Hour)}, "",
			rotation(func(r Rotation) bool { return !r.Paused && !r.Stopped() })},
		{"anything else is", annWantsNewPassword, System, ReportFailed{Rotation: id, Failure: "unreachable", NextTry: epoch.Add(time.Hour)}, "",
			rotation(func(r Rotation) bool { return !r.Paused })},
		{"nothing is sent meanwhile", stoppedByARefusal, System, ReportSending{id}, RotationPending, nil},
		{"the successor says that it may go on, not before its time", stoppedByARefusal, "ann", ResumeRotation{"db01"}, "", rotation(func(r Rotation) bool {
			return !r.Paused && !r.NextTry.IsZero() && r.Failure == string(CurrentRefused)
		})},
		{"the other custodian does not", stoppedByARefusal, "ben", ResumeRotation{"db01"}, Forbidden, nil},
		{"both passwords are shown, to repair the server", stoppedByARefusal, "ann", ShowNew{"db01"}, "", nil},
		{"it is called off", stoppedByARefusal, "ann", CancelRotation{"db01", note("wrong password")}, "", func(o *office) bool { return o.credential("db01").Phase == Held }},
		{"paused again and resumed it is no quicker", func(o *office) {
			stoppedByARefusal(o)
			o.does("ann", ResumeRotation{"db01"})
			o.does("ann", PauseRotation{"db01", note("once more")})
		}, "ann", ResumeRotation{"db01"}, "", rotation(func(r Rotation) bool { return !r.NextTry.IsZero() })},
		{"once the server was told, the failure before is over", func(o *office) {
			stoppedByARefusal(o)
			o.does("ann", ResumeRotation{"db01"})
		}, System, ReportApplied{id}, "", rotation(func(r Rotation) bool { return r.Failure == "" && r.NextTry.IsZero() && r.Attempts == 1 })},
	})
}
