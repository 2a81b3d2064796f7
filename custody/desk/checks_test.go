package desk_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestANameThatDoesNotExistIsHashedForLikeOneThatDoes measures no time, which
// says little on a busy machine, but what argon2id needs by design: its memory.
func TestANameThatDoesNotExistIsHashedForLikeOneThatDoes(t *testing.T) {
	o, codes := recoverable(t, asInstalled)
	wrong := custody.SecretString("Wrong-password-1!")
	ways := map[string]func(username string) error{
		"log-in": func(username string) error {
			_, err := o.Desk.SignIn(t.Context(), desk.SignInRequest{Username: username, Password: wrong, Code: "123456"})
			return err
		},
		"log-in without a code": func(username string) error {
			_, err := o.Desk.SignIn(t.Context(), desk.SignInRequest{Username: username, Password: wrong})
			return err
		},
		"recovery": func(username string) error {
			_, err := o.recover(username, wrong, codes[0])
			return err
		},
	}
	for name, way := range ways {
		for _, username := range []string{"tech-a", "nobody", "-", "no/body"} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			o.Refused(custody.Unauthenticated, way(username))
			runtime.ReadMemStats(&after)
			const least = 19 << 20 // what one hash takes, see the package's parameters
			if took := after.TotalAlloc - before.TotalAlloc; took < least || took > 2*least {
				t.Errorf("%s as %q: %d bytes were used, one hash takes %d", name, username, took, least)
			}
		}
	}
}

// TestOldSessionsStayShutAfterTheNewLogIn: a session that a recovery or a reset
// ended does not come back when the new enrolment has been proved.
func TestOldSessionsStayShutAfterTheNewLogIn(t *testing.T) {
	ways := map[string]func(o *office, codes []custody.Secret) (password, uri custody.Secret){
		"recovery": func(o *office, codes []custody.Secret) (custody.Secret, custody.Secret) {
			uri, err := o.recover("tech-b", o.Passwords["tech-b"], codes[0])
			if err != nil {
				t.Fatal(err)
			}
			return o.Passwords["tech-b"], uri
		},
		"reset": func(o *office, _ []custody.Secret) (custody.Secret, custody.Secret) {
			login, err := o.Desk.ResetOnHost(t.Context(), "tech-b", unique("reset"))
			if err != nil {
				t.Fatal(err)
			}
			return login.Password, login.OTPAuth
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			o, codes := recoverable(t)
			old, err := o.SignIn("tech-b")
			if err != nil {
				t.Fatal(err)
			}
			other, err := o.SignIn("tech-a")
			if err != nil {
				t.Fatal(err)
			}
			password, uri := way(o, codes)
			o.Passwords["tech-b"], o.Seeds["tech-b"] = password, seedOf(t, uri)
			if _, err := o.SignIn("tech-b"); err != nil {
				t.Fatal(err)
			}
			_, err = o.Desk.Who(t.Context(), old.Token)
			o.Refused(custody.Unauthenticated, err)
			if _, err := o.Desk.Who(t.Context(), other.Token); err != nil {
				t.Errorf("somebody else's session: %v", err)
			}
		})
	}
}

// TestALogInOnItsWayDoesNotSurviveAReset: somebody with the lost telephone logs
// in while the enrolment is reset. Whichever comes first, afterwards the old
// telephone opens nothing and enrols nobody.
func TestALogInOnItsWayDoesNotSurviveAReset(t *testing.T) {
	for _, way := range []string{"reset", "recovery", "reset by another replica"} {
		t.Run(way, func(t *testing.T) {
			o, codes := recoverable(t)
			other := o.Desk
			d := o.Open()
			in := desk.SignInRequest{Username: "tech-b", Password: o.Passwords["tech-b"], Code: o.Code("tech-b"), Request: unique("sign-in")}
			type result struct {
				signed desk.SignedIn
				err    error
			}
			done := make(chan result, 1)
			waiting := o.pauseAt(desk.AccountPath("tech-b"))
			go func() {
				signed, err := d.SignIn(t.Context(), in)
				done <- result{signed, err}
			}()
			<-waiting.paused // password and code have been looked at, or are about to be
			var password, uri custody.Secret
			if way != "recovery" {
				by := d
				if way != "reset" {
					by = other
				}
				login, err := by.ResetOnHost(t.Context(), "tech-b", unique("reset"))
				if err != nil {
					t.Fatal(err)
				}
				password, uri = login.Password, login.OTPAuth
			} else {
				password = in.Password
				shown, err := d.Recover(t.Context(), desk.RecoverRequest{Username: "tech-b", Password: password, Code: codes[0], Request: unique("recover")})
				if err != nil {
					t.Fatal(err)
				}
				uri = shown.OTPAuth
			}
			close(waiting.goOn)
			late := <-done
			o.Refused(custody.Unauthenticated, late.err)
			if o.Person("tech-b").Enrolled {
				t.Error("the lost telephone proved the new enrolment")
			}
			o.Desk, o.Passwords["tech-b"], o.Seeds["tech-b"] = d, password, seedOf(t, uri)
			if _, err := o.SignIn("tech-b"); err != nil {
				t.Errorf("the new telephone: %v", err)
			}
			if !late.signed.Token.IsZero() {
				t.Error("the lost telephone has a session")
			}
		})
	}
}

// pause holds one reader back.
type pause struct {
	paused, goOn chan struct{}
	over         atomic.Bool
}

// pauseAt holds the next read of a secret in a version back.
func (o *office) pauseAt(path string) *pause {
	p := &pause{paused: make(chan struct{}), goOn: make(chan struct{})}
	o.Secrets.Listen(func(read string) {
		if read == path && p.over.CompareAndSwap(false, true) {
			close(p.paused)
			<-p.goOn
		}
	})
	return p
}

// TestALogInThroughAnotherReplicaSeesTheReset: what one process has read before
// is not what it goes by.
func TestALogInThroughAnotherReplicaSeesTheReset(t *testing.T) {
	o, codes := recoverable(t)
	here, there := o.Desk, o.Open()
	o.Desk = there
	if _, err := o.SignIn("tech-b"); err != nil { // it knows the old seed now
		t.Fatal(err)
	}
	lost := o.Seeds["tech-b"]
	o.Desk = here
	uri, err := o.recover("tech-b", o.Passwords["tech-b"], codes[0])
	if err != nil {
		t.Fatal(err)
	}
	o.Desk, o.Seeds["tech-b"] = there, lost
	o.Clock.Add(period * time.Second)
	_, err = o.Desk.SignIn(t.Context(), desk.SignInRequest{Username: "tech-b", Password: o.Passwords["tech-b"], Code: o.CodeNow("tech-b")})
	o.Refused(custody.Unauthenticated, err)
	o.Seeds["tech-b"] = seedOf(t, uri)
	if _, err := o.SignIn("tech-b"); err != nil {
		t.Errorf("the new telephone, at once: %v", err)
	}
}

// TestAStateThatBreaksThePolicyIsNotCommitted: another process wrote, by
// whatever mistake, that the holder is away. Nothing is built on that.
func TestAStateThatBreaksThePolicyIsNotCommitted(t *testing.T) {
	o := newOffice(t)
	o.forge(custody.Event{Time: o.Clock.Now(), Actor: "tech-a", Request: "forged", Fact: custody.PersonAway{Person: "tech-a"}})
	before := o.Size()
	_, err := o.Do("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("drill")})
	if !errors.Is(err, desk.ErrLedgerSuspect) {
		t.Fatalf("got %v, want that the ledger is suspect", err)
	}
	if _, err := o.Desk.Checkpoint(t.Context()); !errors.Is(err, desk.ErrLedgerSuspect) {
		t.Errorf("a checkpoint of it: %v", err)
	}
	if err := o.Desk.Ready(t.Context()); !errors.Is(err, desk.ErrLedgerSuspect) {
		t.Errorf("ready: %v", err)
	}
	if types := o.Types(before); slices.Contains(types, (custody.RotationStarted{}).Type()) {
		t.Errorf("entries %v", types)
	}
	if o.Credential("db01").Phase != custody.Held {
		t.Error("the rotation began")
	}
}

// forge appends an entry that no desk would, under a good seal.
func (o *office) forge(e custody.Event) {
	o.T.Helper()
	o.forgeUnder(e, o.sealOf)
}

// forgeUnder is forge with another mark.
func (o *office) forgeUnder(e custody.Event, markOf func(audit.Batch) string) {
	o.T.Helper()
	o.ForgeUnder(e, markOf)
}

// TestATamperedStateIsNotServed: neither at the start nor after a commit whose
// answer was lost.
func TestATamperedStateIsNotServed(t *testing.T) {
	o := newOffice(t)
	spoilt := &spoiltStore{Store: o.Gate}
	o.Config.Store = spoilt
	d := o.Open()
	spoilt.spoil = true
	o.Desk = o.Open()
	if got, err := o.CheckOut("tech-a", "db01"); !errors.Is(err, desk.ErrLedgerSuspect) || !got.Password.IsZero() {
		t.Errorf("a desk on a state that the rules do not allow: %v", err)
	}
	o.Gate.LoseNextAnswer()
	o.Desk = d
	if err := o.Writes(d); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Fatalf("got %v", err)
	}
	// Taken from the tables, db01 would have no holder.
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Errorf("the holder's check-out: %v", err)
	}
}

// spoiltStore gives, once told to, tables that somebody wrote in.
type spoiltStore struct {
	desk.Store
	spoil bool
}

func (s *spoiltStore) Load(ctx context.Context) (*custody.State, *audit.Frontier, error) {
	state, frontier, err := s.Store.Load(ctx)
	if err == nil && s.spoil {
		people := slices.Collect(state.People())
		credentials := slices.Collect(state.Credentials())
		for i := range credentials {
			credentials[i].Holder = ""
		}
		spoilt := custody.NewState()
		spoilt.Size, spoilt.Time, spoilt.Handovers, spoilt.Leases, spoilt.Proposals, spoilt.Incidents = state.Size, state.Time, state.Handovers, state.Leases, state.Proposals, state.Incidents
		spoilt.Restore(people, credentials, nil)
		state = spoilt
	}
	return state, frontier, err
}

// TestAResetAndALogInInOneCommit: the log-in was looked at before and waits
// behind the reset, for the same transaction.
func TestAResetAndALogInInOneCommit(t *testing.T) {
	o, _ := recoverable(t)
	in := desk.SignInRequest{Username: "tech-b", Password: o.Passwords["tech-b"], Code: o.Code("tech-b"), Request: unique("sign-in")}
	open := o.Gate.Close()
	writes := o.Gate.Count()
	done := make(chan error, 3)
	go func() { // holds the committer at the door
		_, err := o.Desk.Do(t.Context(), desk.By{Actor: "tech-a", Request: unique("r")}, custody.ComeBack{})
		done <- err
	}()
	o.waitFor("a commit to be held back", func() bool { return o.Gate.Count() > writes })
	go func() {
		_, err := o.Desk.ResetOnHost(t.Context(), "tech-b", unique("reset"))
		done <- err
	}()
	o.waitFor("one command to wait", func() bool { return o.Desk.Waiting() == 1 })
	late := make(chan error, 1)
	go func() {
		_, err := o.Desk.SignIn(t.Context(), in)
		late <- err
	}()
	o.waitFor("two commands to wait", func() bool { return o.Desk.Waiting() == 2 })
	open()
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	o.Refused(custody.Unauthenticated, <-late)
	if o.Person("tech-b").Enrolled {
		t.Error("the old telephone proved the new enrolment")
	}
}

// signInOnItsWay gives a desk in which tech-b's log-in has its password looked at,
// until waiting.goOn is closed; done gives what became of it.
func (o *office) signInOnItsWay(t *testing.T) (d *desk.Desk, waiting *pause, done <-chan error) {
	t.Helper()
	d = o.Open()
	in := desk.SignInRequest{Username: "tech-b", Password: o.Passwords["tech-b"], Code: o.Code("tech-b"), Request: unique("sign-in")}
	ended := make(chan error, 1)
	waiting = o.pauseAt(desk.AccountPath("tech-b"))
	go func() {
		_, err := d.SignIn(t.Context(), in)
		ended <- err
	}()
	<-waiting.paused
	return d, waiting, ended
}

// TestALogInDoesNotSurviveAResetWhoseAnswerWasLost: nobody knows then what was
// committed, and the log-in is looked at again.
func TestALogInDoesNotSurviveAResetWhoseAnswerWasLost(t *testing.T) {
	o, _ := recoverable(t)
	d, waiting, done := o.signInOnItsWay(t)
	o.Gate.LoseNextAnswer()
	_, err := d.ResetOnHost(t.Context(), "tech-b", unique("reset"))
	if !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Fatalf("got %v", err)
	}
	close(waiting.goOn)
	o.Refused(custody.Unauthenticated, <-done)
	if o.Person("tech-b").Enrolled {
		t.Error("the old telephone proved the new enrolment")
	}
}

// TestALogInThatWasNotTouchedIsNotRefused, although nobody knows what a lost
// commit of somebody else's changed: it is looked at again, and is as good.
func TestALogInThatWasNotTouchedIsNotRefused(t *testing.T) {
	o, _ := recoverable(t)
	d, waiting, done := o.signInOnItsWay(t)
	o.Gate.LoseNextAnswer()
	if err := o.Writes(d); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Fatalf("got %v", err)
	}
	close(waiting.goOn)
	if err := <-done; err != nil {
		t.Errorf("the log-in: %v", err)
	}
}

// TestTheCheckpointMovesWithTheLedger: the one that was signed last is given
// again only while nothing was added.
func TestTheCheckpointMovesWithTheLedger(t *testing.T) {
	o := newOffice(t)
	vkey, err := o.Desk.LedgerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		signed, err := o.Desk.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		head, err := audit.OpenCheckpoint(signed.Text, vkey)
		if err != nil {
			t.Fatal(err)
		}
		if size, root, err := o.Store.Head(t.Context()); err != nil || head.Size != size || head.Root != root {
			t.Errorf("the checkpoint is of %d entries, the ledger has %d; %v", head.Size, size, err)
		}
		if _, err := o.CheckOut("tech-a", "db01"); err != nil {
			t.Fatal(err)
		}
	}
}
