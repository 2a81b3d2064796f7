package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/notify"
	"github.com/tandem-custody/tandem/custody/notify/channel"
)

// way sends to a channel as its files say now, and to the one that is in force where that is
// another one: who changed where messages go cannot keep them from those who would have had
// them. Nobody counts as reached but by a channel in force.
type way struct {
	name     string
	language string
	desk     *desk.Desk
	log      *slog.Logger
	now      atomic.Pointer[openedRoom] // nil: it was taken out

	mu       sync.Mutex
	known    bool // whether another one is in force, and what was kept of it; or that this one is kept
	other    bool
	previous *openedRoom // nil: there is none
	took     sent        // ids, behind whose
}

// openedRoom is a room that can be sent to, and how it stands on record.
type openedRoom struct {
	room    room
	setting desk.Setting
	*channel.Sender
}

func openRoom(name string, r room) (*openedRoom, error) {
	sender, err := r.sender()
	if err != nil {
		return nil, err
	}
	return &openedRoom{r, r.onRecord(name), sender}, nil
}

// load has it send to a room from now on.
func (w *way) load(r room) error {
	now, err := openRoom(w.name, r)
	if err != nil {
		return err
	}
	w.now.Store(now)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.known = false
	return nil
}

func (w *way) kind() channel.Kind {
	if now := w.now.Load(); now != nil {
		return channel.Kind(now.room.Kind)
	}
	return channel.Kind(w.previousRoom().room.Kind)
}

func (w *way) previousRoom() *openedRoom {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.previous
}

// terms are those of the room, and of the one in force where that is another one: who
// changed what is told there cannot keep anything from those who would have heard it.
func (w *way) terms(ctx context.Context) notify.Terms {
	_ = w.look(ctx) // why it cannot be told is logged by run
	t := notify.Terms{Language: w.language}
	for _, r := range []*openedRoom{w.now.Load(), w.previousRoom()} {
		if r == nil {
			continue
		}
		t.Read = t.Read || len(r.room.Reaches) > 0
		for _, grade := range r.room.grades() {
			if !slices.Contains(t.Grades, grade) {
				t.Grades = append(t.Grades, grade)
			}
		}
	}
	return t
}

// Send is notify.RoomConfig.Send. Whether what is sent to is in force is asked anew for each
// message, of the room that is used and not of what stands in its files by then.
func (w *way) Send(ctx context.Context, m channel.Message) (reached []string, err error) {
	now := w.now.Load()
	in := false
	if now != nil {
		if in, err = w.desk.InForce(ctx, now.setting); err != nil {
			w.log.WarnContext(ctx, "whether the channel is in force is not known: nobody counts as reached by it", "error", err)
		}
	}
	if in {
		if err := now.Send(ctx, m); err != nil {
			return nil, err
		}
		return now.room.Reaches, nil
	}
	_ = w.look(ctx)
	return nil, w.both(ctx, m, now, w.previousRoom())
}

// both sends to the room in force, and to the one that is configured. The one in force is
// enough: where what is configured takes nothing, that stops nobody's messages.
func (w *way) both(ctx context.Context, m channel.Message, now, previous *openedRoom) error {
	if now != nil && previous != nil && now.room.URL == previous.room.URL && now.room.Secret == previous.room.Secret {
		previous = nil // it is the same room, of which something else is said
	}
	told, first := w.send(ctx, m, "previous ", previous)
	_, err := w.send(ctx, m, "now ", now)
	switch {
	case previous == nil, now != nil && first != nil && !errors.Is(first, channel.ErrLater): // it went away with the change
		return err
	case told && err != nil:
		w.log.WarnContext(ctx, "the channel in force has the message, and the one that is configured takes nothing", "error", err)
	}
	return first
}

// send sends to one room, if it does not have the message, and says whether it has it then.
func (w *way) send(ctx context.Context, m channel.Message, whose string, r *openedRoom) (has bool, err error) {
	if r == nil {
		return false, nil
	}
	if w.took.has(whose + m.ID) {
		return true, nil
	}
	if err = r.Send(ctx, m); err == nil {
		w.took.note(whose + m.ID)
	}
	return err == nil, err
}

// look keeps the room while it is in force, and finds the one that is where another one is.
func (w *way) look(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now, key := w.now.Load(), custody.ChannelSetting(w.name)
	c := w.desk.Configuration()
	other := slices.Contains(c.Here, key)
	if now == nil { // until somebody has acknowledged that it was taken out
		other = slices.ContainsFunc(c.InForce, func(s custody.Setting) bool { return s.Key == key })
	}
	if w.known && other == w.other {
		return nil
	}
	in := false
	var err error
	switch {
	case now != nil:
		if in, err = w.desk.InForce(ctx, now.setting); err != nil {
			return err
		}
	case !other:
		w.known, w.other, w.previous = true, false, nil
		return nil
	}
	if in {
		kept, err := now.room.kept()
		if err == nil {
			err = w.desk.KeepChannel(ctx, w.name, kept)
		}
		if err != nil {
			return err
		}
		w.known, w.other, w.previous = true, other, nil
		return nil
	}
	kept, err := w.desk.Channel(ctx, w.name)
	if err != nil {
		return err
	}
	var previous *openedRoom
	r, there, err := roomBy(kept)
	if there {
		previous, err = openRoom(w.name, r)
	}
	if err != nil {
		return err
	}
	w.known, w.other, w.previous = true, other, previous
	return nil
}

// run keeps the channel that is in force.
func (w *way) run(ctx context.Context) error {
	lookAlways(ctx, w.desk.Follow, w.look, func(err error) { w.log.Warn("the channel in force could not be kept, or found", "error", err) })
	return nil
}
