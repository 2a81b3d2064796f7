package main

import (
	"context"
	"strings"
	"sync"
)

// What the mail server and the channels have in common: messages also go by the one that is
// in force, where somebody configured another one.

// maxSent bounds what is remembered of messages that went two ways.
const maxSent = 10_000

// sent remembers which messages one of two ways has taken, until the other has them too.
type sent struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (s *sent) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids[id]
}

func (s *sent) note(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ids == nil || len(s.ids) > maxSent {
		s.ids = map[string]bool{}
	}
	s.ids[id] = true
}

// lookAlways looks after every commit until ctx ends, so that what is in force is kept before
// anybody changes it. What is in the way is said once.
func lookAlways(ctx context.Context, follow func() <-chan struct{}, look func(context.Context) error, say func(error)) {
	said := ""
	for {
		committed := follow()
		switch err := look(ctx); {
		case err == nil:
			said = ""
		case ctx.Err() == nil && !strings.EqualFold(said, err.Error()):
			said = err.Error()
			say(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-committed:
		}
	}
}
