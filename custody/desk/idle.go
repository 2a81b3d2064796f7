package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// SessionUse is when a log-in was last used, as the database has it: a cache of what
// this process knows, for the others and for the next start.
type SessionUse struct {
	At   time.Time // zero: nobody wrote that it was
	Mark string    // that this installation wrote it
}

// usePurpose is what these rows are marked for: whoever can write to the database alone
// must not keep somebody else's log-in open. One that they put back, or take out, is
// older than it should be, and the log-in ends sooner.
const usePurpose = "session use"

// useEvery is how often, at most, it is written when a log-in was used.
const useEvery = time.Minute

// use is what this process knows of one log-in.
type use struct{ last, written time.Time }

func useText(session string, at time.Time) []byte {
	return fmt.Appendf(nil, "%q\n%d\n", session, at.UnixMilli())
}

// Use notes that a person did something with their session. Who does not: a page that
// refreshes itself must not keep a log-in open that nobody uses. What cannot be written
// down counts in this process all the same.
func (d *Desk) Use(ctx context.Context, token custody.Secret) {
	session, now := sessionOf(token), d.Time().Truncate(time.Millisecond)
	d.usesMu.Lock()
	u := d.uses[session]
	writes := now.Sub(u.written) >= useEvery
	if u.last = now; writes {
		u.written = now
	}
	d.uses[session] = u
	d.usesMu.Unlock()
	if !writes {
		return
	}
	mark, err := d.mac(ctx, usePurpose, useText(session, now))
	if err == nil {
		err = d.Accounts.UseSession(ctx, session, now, mark)
	}
	if err != nil {
		d.Log.WarnContext(ctx, "when a log-in was used could not be written down: after a restart it may end sooner", "error", err)
	}
}

// lastUsed says when a session was last used: as this process knows, and where that is
// too long ago, as another may have written. Without either it is when it was opened.
func (d *Desk) lastUsed(ctx context.Context, s custody.Session) (time.Time, error) {
	last := s.Opened
	d.usesMu.Lock()
	if u := d.uses[s.Token]; u.last.After(last) {
		last = u.last
	}
	d.usesMu.Unlock()
	now := d.Time()
	if now.Sub(last) < useEvery {
		return last, nil
	}
	row, err := d.Accounts.SessionUse(ctx, s.Token)
	if err != nil || !row.At.After(last) || row.At.After(now.Add(custody.ClockSlack)) { // dated by a clock that was ahead
		return last, err
	}
	genuine, err := d.checkMAC(ctx, usePurpose, useText(s.Token, row.At), row.Mark)
	switch {
	case err != nil:
		return last, err
	case !genuine:
		d.madeUp("that a log-in was used", "")
		return last, nil
	}
	return row.At, nil
}

// stillUsed refuses a session that nobody has used for as long as the policy lets one
// lie, and ends it for good: on record, so that no other policy and no clock that goes
// back opens it again.
func (d *Desk) stillUsed(ctx context.Context, person string, s custody.Session, policy custody.Policy) error {
	last, err := d.lastUsed(ctx, s)
	if err != nil || !policy.Idle(last, d.Time()) {
		return err
	}
	end := custody.EndIdle{Person: person, Session: s.Token, LastUsed: last}
	if _, err := d.Do(ctx, By{Actor: custody.System, Request: RequestOf(ctx)}, end); err != nil {
		d.left.Store(s.Token, true)
		if !errors.Is(err, ErrClockWrong) && !errors.Is(err, ErrLedgerSuspect) {
			d.Log.WarnContext(ctx, "that a log-in lay too long could not be entered; it has ended all the same", "person", person, "error", err)
		}
	}
	s.Ended, s.Why = last.Add(policy.SessionIdle), custody.EndedIdle
	return refuseEnded(person, s)
}

func refuseNoSession() *custody.Refusal {
	return &custody.Refusal{Code: custody.Unauthenticated, Key: "no_session"}
}

// refuseEnded says whose session ended, when and why, to whoever has its token.
func refuseEnded(person string, s custody.Session) *custody.Refusal {
	return &custody.Refusal{Code: custody.Unauthenticated, Key: "session_ended",
		Args: custody.Args{"person": person, "at": s.Ended, "why": custody.Term{List: "ended", Code: string(s.Why)}}}
}

// forgetUses forgets what is known of sessions that are open no more.
func (d *Desk) forgetUses() {
	open := map[string]bool{}
	d.mu.RLock()
	for _, all := range d.state.SessionsChanged() {
		for _, s := range all {
			open[s.Token] = s.Ended.IsZero()
		}
	}
	d.mu.RUnlock()
	d.usesMu.Lock()
	defer d.usesMu.Unlock()
	for session := range d.uses {
		if !open[session] {
			delete(d.uses, session)
		}
	}
}
