package edge

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limit is how often something may be asked for: Burst times at once, then once
// Every.
type Limit struct {
	Every time.Duration
	Burst int
}

// maxPaced bounds how many names one generation of a pacer remembers.
const maxPaced = 10_000

// pacer limits each name on its own. It remembers two generations of names: when
// the young one is full it becomes the old one, and the old one is forgotten.
// Memory stays bounded whoever asks, and who asks often is not forgotten.
type pacer struct {
	limit Limit

	mu         sync.Mutex
	young, old map[string]*rate.Limiter
}

// newPacer makes one with the same limit for every name.
func newPacer(l Limit) *pacer { return &pacer{limit: l, young: map[string]*rate.Limiter{}} }

// take refuses when the name has asked too often.
func (p *pacer) take(name string) error {
	reservation := p.limiter(name).Reserve()
	if wait := reservation.Delay(); wait > 0 {
		reservation.Cancel()
		return errRateLimited(wait)
	}
	return nil
}

func (p *pacer) limiter(name string) *rate.Limiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, found := p.young[name]
	if found {
		return l
	}
	if l, found = p.old[name]; !found {
		l = rate.NewLimiter(rate.Every(p.limit.Every), p.limit.Burst)
	}
	if len(p.young) >= maxPaced {
		p.young, p.old = map[string]*rate.Limiter{}, p.young
	}
	p.young[name] = l
	return l
}
