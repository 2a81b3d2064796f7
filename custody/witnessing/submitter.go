package witnessing

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/witness"
)

// State is what a witness is, see the package documentation.
type State string

// The states of a witness.
const (
	Waiting   State = "waiting"
	Cosigning State = "cosigning"
	Slow      State = "slow"
	Lost      State = "lost"
	Refusing  State = "refusing"
	Conflict  State = "conflict"
)

// States are all of them.
var States = []State{Waiting, Cosigning, Slow, Lost, Refusing, Conflict}

// submitter is one witness, as the ledger sees it.
type submitter struct {
	Place
	name   string
	client *witness.Client
	busy   atomic.Bool

	mu     sync.Mutex
	begun  time.Time // of what it is busy with, or did last
	state  State
	since  time.Time // it is in this state
	size   int64     // that it cosigned last
	at     time.Time // when, by its own clock
	reason string
	ahead  bool // the last answer was that it has more than the ledger

	reported bool // the conflict that it is in
}

// ConflictReport says that a witness has refused the ledger's head, because it
// had cosigned another history.
type ConflictReport struct {
	Witness        Place
	Name           string
	Size, Cosigned int64 // entries of the head, and of what it had cosigned
}

func newSubmitter(p Place, client *witness.Client) *submitter {
	name, _, _ := strings.Cut(p.Key, "+")
	return &submitter{Place: p, name: name, client: client, state: Waiting}
}

// begin makes the witness busy, if it is not.
func (s *submitter) begin(now time.Time) bool {
	if !s.busy.CompareAndSwap(false, true) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = now
	if s.since.IsZero() {
		s.since = now
	}
	return true
}

// end takes the witness's answer, and says so when it makes another one of it.
func (s *submitter) end(ctx context.Context, f *Follower, head audit.Checkpoint, made audit.Cosignature, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := f.Now()
	_, ahead := errors.AsType[*witness.SizeError](err)
	first := ahead && !s.ahead
	s.ahead = ahead
	if first {
		// Another replica may have sent a longer checkpoint. The next round will
		// know that one too.
		return
	}
	state := stateAfter(err)
	if state == Cosigning {
		s.size, s.at, s.reported = head.Size, made.Time, false
		if now.Sub(s.begun) > f.Slow {
			state = Slow
		}
	}
	s.reason = ""
	if err != nil {
		s.reason = err.Error()
	}
	if state == s.state {
		return
	}
	was := s.state
	s.state, s.since = state, now
	level, grade, message := slog.LevelWarn, "ordinary", "a witness does not cosign as it should"
	switch {
	case state == Conflict:
		level, grade, message = slog.LevelError, "special", "a witness has cosigned another history of the ledger: verify the ledger now"
	case state == Cosigning:
		level, message = slog.LevelInfo, "a witness cosigns"
	}
	f.Log.Log(ctx, level, message, "grade", grade, "witness", s.name, "state", state, "was", was, "size", head.Size, "reason", s.reason)
}

// toReport gives the conflict that the witness is in, if nobody knows it yet.
func (s *submitter) toReport(head audit.Checkpoint) (ConflictReport, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ConflictReport{s.Place, s.name, head.Size, s.client.Cosigned()}, s.state == Conflict && !s.reported
}

func (s *submitter) wasReported() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reported = true
}

func stateAfter(err error) State {
	refused, isRefusal := errors.AsType[*witness.StatusError](err)
	_, isAhead := errors.AsType[*witness.SizeError](err)
	switch {
	case err == nil:
		return Cosigning
	case isAhead, errors.Is(err, witness.ErrContradiction), isRefusal && refused.Status == http.StatusUnprocessableEntity:
		return Conflict
	case isRefusal, errors.Is(err, witness.ErrAnswer):
		return Refusing
	default:
		return Lost
	}
}

// status is the witness at a time: an answer that has not come may be slow.
func (s *submitter) status(now time.Time, slow time.Duration) WitnessStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := WitnessStatus{Name: s.name, State: s.state, Since: s.since, Size: s.size, Cosigned: s.at, Reason: s.reason}
	if (s.state == Cosigning || s.state == Waiting) && s.busy.Load() && now.Sub(s.begun) > slow {
		w.State, w.Since = Slow, s.begun.Add(slow)
	}
	return w
}
