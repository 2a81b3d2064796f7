package notify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/follow"
	"github.com/tandem-custody/tandem/custody/notify/channel"
)

// Terms are what a room is told.
type Terms struct {
	Grades   []custody.Grade
	Language string
	Read     bool // somebody is named who reads it: it is asked in emergencies whatever the grades are
}

// RoomConfig is what a Room works with. The times have defaults.
type RoomConfig struct {
	Name      string // of the channel: part of its place and of what names a message
	Ledger    follow.Ledger
	Places    follow.Places
	Owner     string // of the lease under which one process at a time sends
	Directory Directory
	Follow    func() <-chan struct{} // a channel that is closed at the next commit
	Suspect   <-chan struct{}        // closed when the ledger is not what it was; nil: never

	Terms func(ctx context.Context) Terms

	// Send hands a message over, and says whom it has reached with that, by username: who
	// reads the room by a configuration that is in force. What its errors mean is in
	// package channel.
	Send func(ctx context.Context, m channel.Message) (reached []string, err error)

	// Paged enters that a channel has taken a message about an emergency for somebody.
	Paged func(ctx context.Context, emergency, person, channel string) error

	Limit rate.Limit // messages in a second, on the whole
	Burst int        // and at once

	Origin string         // of the ledger: part of what names a message
	URL    string         // of the pages, without a slash at its end
	Zone   *time.Location // of the times
	Now    func() time.Time
	Log    *slog.Logger

	MaxAge   time.Duration // nothing but special events is told that is older; 24 h
	MinPause time.Duration // before something is tried again, the first time; 5 s
	MaxPause time.Duration // at most; 2 min, as an emergency waits for half an hour
}

// maxMessages is how many messages wait before no more entries are read.
const maxMessages = 1000

// Room tells a group of what is in a ledger, by one channel. Run is to be called once.
type Room struct {
	RoomConfig
	counts roomCounts
	tells  *Follower // who knows what there is to say of an entry
	limit  *rate.Limiter
	terms  Terms
	until  time.Time // the service has asked for a pause

	reader
	suspicion
	queue []*told
}

// told is a message that waits.
type told struct {
	channel.Message
	entry int64          // index of the first entry that it is about
	kinds map[string]int // how many entries there are of each type

	emergency string   // that it asks about; "": none
	asked     []string // whom it asks
	alone     bool     // it is never folded
	tried     bool     // the service may have it
	bare      bool     // it was refused, and says as little as can be
}

// RoomPlace is the name of a channel's place.
func RoomPlace(name string) string { return "channel." + name }

// NewRoom makes one.
func NewRoom(c RoomConfig) *Room {
	c.MaxAge = cmp.Or(c.MaxAge, 24*time.Hour)
	c.MinPause = cmp.Or(c.MinPause, 5*time.Second)
	c.MaxPause = cmp.Or(c.MaxPause, 2*time.Minute)
	r := &Room{RoomConfig: c, counts: newRoomCounts(c.Name), limit: rate.NewLimiter(c.Limit, c.Burst)}
	r.tells = &Follower{Config: Config{Directory: c.Directory, URL: c.URL, Origin: c.Origin, Zone: c.Zone, Now: c.Now}}
	r.reader = reader{wanted: r.wants, unreadable: r.unreadable, follow: follow.New(follow.Config{
		Name: RoomPlace(c.Name), Owner: c.Owner, Ledger: c.Ledger, Places: c.Places, Follow: c.Follow,
		Now: c.Now, Log: c.Log, MinPause: c.MinPause, MaxPause: c.MaxPause,
	})}
	return r
}

// Run sends until ctx ends. Whatever is in the way is logged, and tried again.
func (r *Room) Run(ctx context.Context) error {
	r.follow.Run(ctx, r.round, r.unwarned)
	return nil
}

// wants says whether a group is told of an event: those of its grades, and of what is
// everybody's to stop or to answer in any case.
func (r *Room) wants(e custody.Event) bool {
	switch e.Fact.(type) {
	case custody.EmergencyRequested:
		return r.terms.Read || slices.Contains(r.terms.Grades, e.Grade())
	case custody.RecoverySought, custody.RecoveryStopped, custody.SecretsRebound:
		return true
	}
	return calls(e) && slices.Contains(r.terms.Grades, e.Grade())
}

func (r *Room) unreadable(ctx context.Context, index int64, err error) {
	r.Log.ErrorContext(ctx, "an entry of the ledger cannot be read: verify the ledger", "index", index, "error", err)
	r.counts.failed.WithLabelValues(unreadable).Inc()
}

// round reads what is new, sends what may be sent, and moves the place.
func (r *Room) round(ctx context.Context, at follow.Place) (again time.Time, err error) {
	if r.from(at) {
		r.queue = nil
	}
	r.terms = r.Terms(ctx)
	err = errors.Join(r.look(ctx), r.warn())
	again, failed := r.deliver(ctx)
	// At the end too: what was sent need not be sent again.
	waiting := int64(math.MaxInt64)
	for _, m := range r.queue {
		waiting = min(waiting, m.entry)
	}
	err = errors.Join(err, failed, r.settle(ctx, waiting))
	r.counts.waiting.Set(float64(len(r.queue)))
	return again, err
}

// look reads entries and puts messages about them into the queue.
func (r *Room) look(ctx context.Context) error {
	if closed(r.Suspect) { // what it says now may be what somebody wants to be believed
		return nil
	}
	return r.read(ctx, func() bool { return len(r.queue) < maxMessages }, func(ctx context.Context, deed []indexed) error {
		m, err := r.write(ctx, deed)
		if m != nil {
			r.queue = append(r.queue, m)
		}
		return err
	})
}

// deliver sends what may be sent now, and says when more may. An error is about the
// channel: everything waits.
func (r *Room) deliver(ctx context.Context) (again time.Time, err error) {
	r.fold()
	for len(r.queue) > 0 {
		now := r.Now()
		m := r.queue[r.first()]
		if m.Grade != custody.Special && now.Sub(m.At) > r.MaxAge {
			r.giveUp(ctx, m, tooOld, nil)
			continue
		}
		if now.Before(r.until) {
			return r.until, nil
		}
		if !r.limit.AllowN(now, 1) {
			return now.Add(r.free(now)), nil
		}
		m.tried = true
		reached, err := r.Send(ctx, m.Message)
		switch {
		case err == nil:
			r.done(m)
			r.counts.sent.Inc()
			r.counts.last.Set(float64(r.Now().Unix()))
			r.paged(ctx, m, reached)
		case ctx.Err() != nil:
			return again, nil
		case errors.Is(err, channel.ErrRefused) && !m.bare:
			r.counts.failed.WithLabelValues(refused).Inc()
			r.Log.WarnContext(ctx, "a channel has refused a message: it is told in the shortest form", "channel", r.Name, "entry", m.entry, "error", err)
			if err := r.strip(m); err != nil {
				return again, err
			}
		case errors.Is(err, channel.ErrRefused):
			r.giveUp(ctx, m, refused, err)
		default:
			return r.wait(ctx, err)
		}
	}
	return again, nil
}

// wait sorts what is in the way of every message.
func (r *Room) wait(ctx context.Context, err error) (again time.Time, _ error) {
	if l, is := errors.AsType[*channel.Later](err); is {
		r.counts.failed.WithLabelValues(later).Inc()
		r.until = r.Now().Add(l.After)
		r.Log.InfoContext(ctx, "a channel has asked for a pause", "channel", r.Name, "error", err, "next_in", l.After)
		return r.until, nil
	}
	why := unusable
	if errors.Is(err, channel.ErrDenied) {
		why = denied
	}
	r.counts.failed.WithLabelValues(why).Inc()
	return again, err
}

// first gives the place in the queue of what is sent next: what is never folded goes
// before the rest.
func (r *Room) first() int {
	if i := slices.IndexFunc(r.queue, func(m *told) bool { return m.alone }); i >= 0 {
		return i
	}
	return 0
}

// free says how long it takes until another message may be sent.
func (r *Room) free(now time.Time) time.Duration {
	lacks := 1 - r.limit.TokensAt(now)
	return time.Duration(lacks/float64(r.limit.Limit())*float64(time.Second)) + time.Millisecond
}

// fold makes one message of all those that could not be sent now, one by one: of as many as
// the limit leaves, when those went that are never folded. What the service may have
// already is left as it is.
func (r *Room) fold() {
	left := int(r.limit.TokensAt(r.Now()))
	var loose []*told
	for _, m := range r.queue {
		if m.alone || m.tried {
			left--
		} else {
			loose = append(loose, m)
		}
	}
	if len(loose) < 2 || len(loose) <= left {
		return
	}
	all := &told{entry: loose[0].entry, kinds: map[string]int{}, Message: loose[0].Message}
	for _, m := range loose {
		all.entry, all.First, all.Last = min(all.entry, m.entry), min(all.First, m.First), max(all.Last, m.Last)
		if m.At.Before(all.At) {
			all.At = m.At
		}
		if m.Grade == custody.Serious {
			all.Grade = custody.Serious
		}
		for kind, n := range m.kinds {
			all.kinds[kind] += n
		}
	}
	if err := r.summarize(all); err != nil {
		r.Log.Error("messages of a channel could not be folded", "channel", r.Name, "error", err)
		return
	}
	r.counts.folded.Add(float64(len(loose) - 1))
	r.queue = append(slices.DeleteFunc(r.queue, func(m *told) bool { return !m.alone && !m.tried }), all)
}

// paged enters whom a message about an emergency has reached. Where that fails it is not on
// record, and nobody's silence counts for it.
func (r *Room) paged(ctx context.Context, m *told, reached []string) {
	for _, person := range m.asked {
		if !slices.Contains(reached, person) {
			continue
		}
		if err := r.Paged(ctx, m.emergency, person, r.Name); err != nil && ctx.Err() == nil {
			r.Log.WarnContext(ctx, "that a channel took a message about an emergency is not on record", "channel", r.Name, "emergency", m.emergency, "person", person, "error", err)
		}
	}
}

// giveUp lets go of a message: in the ledger it stays.
func (r *Room) giveUp(ctx context.Context, m *told, why string, err error) {
	r.done(m)
	r.counts.failed.WithLabelValues(why).Inc()
	r.Log.WarnContext(ctx, "a message to a channel was given up", "channel", r.Name, "entry", m.entry, "grade", m.Grade, "why", why, "error", err)
}

func (r *Room) done(m *told) {
	r.queue = slices.DeleteFunc(r.queue, func(other *told) bool { return other == m })
}

// unwarned gives a channel that is closed when the group has to be told that the ledger is
// suspect.
func (r *Room) unwarned() <-chan struct{} {
	if r.warned {
		return nil
	}
	return r.Suspect
}

// warn tells the group that the ledger is suspect, once after each start. There is no entry
// for that, and there must be none.
func (r *Room) warn() error {
	if !closed(r.Suspect) || r.warned {
		return nil
	}
	now, voice := r.Now(), r.voice()
	title, err := voice.Say("mail.subject.suspect", nil)
	if err != nil {
		return err
	}
	line, err := voice.Say("channel.suspect", nil)
	if err != nil {
		return err
	}
	r.queue = append(r.queue, &told{entry: math.MaxInt64, alone: true, Message: channel.Message{
		ID: r.id(fmt.Sprint("suspect ", now.UnixNano())), Grade: custody.Special, Language: voice.Lang, Title: title, Lines: []string{line}, Link: r.URL, At: now, Last: -1,
	}})
	r.warned = true
	return nil
}

// id names a message: the same one that is written again has the same.
func (r *Room) id(what string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q channel %q %s", r.Origin, r.Name, what))
	return hex.EncodeToString(sum[:16])
}
