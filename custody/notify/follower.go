package notify

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/follow"
	"github.com/tandem-custody/tandem/custody/notify/smtp"
)

// Directory is what a mail needs to know beside the entry. What is not there
// gives the zero value.
type Directory interface {
	People(ctx context.Context) ([]custody.Person, error)
	Credential(ctx context.Context, name string) (custody.Credential, error)
	Handover(ctx context.Context, id string) (custody.Handover, error)
	Proposal(ctx context.Context, id string) (custody.Proposal, error)
	Preference(ctx context.Context, username string) (desk.Preference, error)
	// Approvers gives who can approve what waits, as the desk knows it.
	Approvers(ctx context.Context) (map[string]map[custody.Role][]string, error)
	Incident(ctx context.Context, id string) (custody.Incident, error)
	// Assessors gives who can decide about an incident, as the desk knows it.
	Assessors(ctx context.Context, incident string) ([]string, error)
	// Texts gives what was written, by commitment.
	Texts(ctx context.Context, notes []custody.Note) (map[string]custody.Words, error)
}

// Config is what a Follower works with. The times have defaults.
type Config struct {
	Ledger    follow.Ledger
	Places    follow.Places
	Owner     string // of the lease under which one process at a time sends
	Directory Directory
	Follow    func() <-chan struct{} // a channel that is closed at the next commit
	Suspect   <-chan struct{}        // closed when the ledger is not what it was; nil: never

	// Send hands a mail over. What its errors mean is in package smtp.
	Send func(ctx context.Context, m smtp.Mail) error

	// Paged enters that a channel has taken a message about an emergency for somebody; nil:
	// nobody does.
	Paged func(ctx context.Context, emergency, person, channel string) error

	Origin   string         // of the ledger: part of what names a mail
	URL      string         // of the pages, without a slash at its end
	Language string         // for those who have chosen none
	Zone     *time.Location // for those who have chosen none
	Now      func() time.Time
	Log      *slog.Logger

	MaxAge   time.Duration // nobody is told about entries that are older; 24 h
	MinPause time.Duration // before something is tried again, the first time; 10 s
	MaxPause time.Duration // at most; 15 min
}

const (
	place    = "notify" // the name of its place
	batch    = 500      // entries that are read at once
	maxQueue = 1000     // mails that wait; then no more entries are read
)

// Follower sends mails about a ledger. Run is to be called once.
type Follower struct {
	Config
	counts counts

	reader
	suspicion
	queue []*letter
}

// letter is a mail that waits.
type letter struct {
	smtp.Mail
	username  string
	emergency string    // that it asks them about; "": none
	entry     int64     // index of the first entry that it is about
	at        time.Time // when that happened
	due       time.Time // not before
	pause     *backoff.ExponentialBackOff
	last      error // of the last attempt
}

// New makes a follower.
func New(c Config) *Follower {
	c.MaxAge = cmp.Or(c.MaxAge, 24*time.Hour)
	c.MinPause = cmp.Or(c.MinPause, 10*time.Second)
	c.MaxPause = cmp.Or(c.MaxPause, 15*time.Minute)
	f := &Follower{Config: c, counts: newCounts()}
	f.reader = reader{wanted: calls, unreadable: f.unreadable, follow: follow.New(follow.Config{
		Name: place, Owner: c.Owner, Ledger: c.Ledger, Places: c.Places, Follow: c.Follow,
		Now: c.Now, Log: c.Log, MinPause: c.MinPause, MaxPause: c.MaxPause,
	})}
	return f
}

// unreadable: whoever spoils an entry must not silence what comes after it.
func (f *Follower) unreadable(ctx context.Context, index int64, err error) {
	f.Log.ErrorContext(ctx, "an entry of the ledger cannot be read: verify the ledger", "index", index, "error", err)
	f.counts.failed.WithLabelValues(unreadable).Inc()
}

// newPause is what a mail waits when it was not taken.
func (f *Follower) newPause() *backoff.ExponentialBackOff {
	p := backoff.NewExponentialBackOff()
	p.InitialInterval, p.MaxInterval = f.MinPause, f.MaxPause
	return p
}

// Run sends until ctx ends. Whatever is in the way is logged, and tried again. A
// nil follower sends nothing.
func (f *Follower) Run(ctx context.Context) error {
	if f != nil {
		f.follow.Run(ctx, f.round, f.unwarned)
	}
	return nil
}

// round reads what is new, sends what is due, and moves the place.
func (f *Follower) round(ctx context.Context, at follow.Place) (again time.Time, err error) {
	if f.from(at) {
		f.queue = nil
	}
	err = errors.Join(f.read(ctx), f.warn(ctx), f.deliver(ctx))
	// At the end too: what was sent need not be sent again.
	err = errors.Join(err, f.settle(ctx))
	f.counts.waiting.Set(float64(len(f.queue)))
	for _, l := range f.queue {
		if again.IsZero() || l.due.Before(again) {
			again = l.due
		}
	}
	return again, err
}

// read looks at the entries that are new and puts mails about them into the queue.
func (f *Follower) read(ctx context.Context) error {
	if f.suspect() { // what it says now may be what somebody wants to be believed
		return nil
	}
	return f.reader.read(ctx, func() bool { return len(f.queue) < maxQueue }, func(ctx context.Context, deed []indexed) error {
		letters, err := f.write(ctx, deed)
		f.queue = append(f.queue, letters...)
		return err
	})
}

// deliver sends what is due. An error is about the server: the rest waits too.
func (f *Follower) deliver(ctx context.Context) error {
	for _, l := range slices.Clone(f.queue) {
		now := f.Now()
		if now.Sub(l.at) > f.MaxAge {
			f.drop(ctx, l, tooOld, l.last)
			continue
		}
		if now.Before(l.due) {
			continue
		}
		err := f.Send(ctx, l.Mail)
		switch {
		case err == nil:
			f.done(l)
			f.counts.sent.Inc()
			f.paged(ctx, l)
			f.counts.last.Set(float64(f.Now().Unix()))
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, smtp.ErrRefused):
			f.drop(ctx, l, refused, err)
		case errors.Is(err, smtp.ErrLater):
			pause := l.pause.NextBackOff()
			l.due, l.last = f.Now().Add(pause), err
			// Somebody may have to put it right: who may send, and under which name.
			f.Log.WarnContext(ctx, "an e-mail has to wait", "person", l.username, "entry", l.entry, "error", err, "next_in", pause)
		default:
			return err
		}
	}
	return nil
}

// drop gives a mail up.
func (f *Follower) drop(ctx context.Context, l *letter, why string, err error) {
	f.done(l)
	f.counts.failed.WithLabelValues(why).Inc()
	f.Log.WarnContext(ctx, "an e-mail was given up", "person", l.username, "entry", l.entry, "why", why, "error", err)
}

func (f *Follower) done(l *letter) {
	f.queue = slices.DeleteFunc(f.queue, func(other *letter) bool { return other == l })
}

// settle moves the place: no entry behind which a mail still waits.
func (f *Follower) settle(ctx context.Context) error {
	waiting := int64(math.MaxInt64)
	for _, l := range f.queue {
		waiting = min(waiting, l.entry)
	}
	return f.reader.settle(ctx, waiting)
}
