package web

import (
	"fmt"
	"net/http"
	"time"
)

// A page may be wrong for three seconds. It is told at once, or a moment after the
// last time; and it is told again when nothing has happened, so that one that
// hears nothing knows that it has to look for itself (static/tandem.js: 1.5 s).
const (
	eventsEvery = 500 * time.Millisecond // at most
	stillHere   = time.Second            // at least
	retryAfter  = 500 * time.Millisecond // when the stream was cut
)

// events tells a page, as server-sent events, how long the ledger is. A stream
// ends with the request's time limit; browsers come back by themselves. Nothing of
// the ledger is in it.
func (p *Pages) events(v *visit) error {
	ctx := v.r.Context()
	stream := http.NewResponseController(v.w)
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("X-Accel-Buffering", "no") // a proxy must not collect them
	v.w.WriteHeader(http.StatusOK)
	if _, err := fmt.Fprintf(v.w, "retry: %d\n\n", retryAfter.Milliseconds()); err != nil {
		return nil
	}
	for {
		followed := p.Desk.Follow() // before looking, so that no commit falls between
		size, err := p.Ledger.Size(ctx)
		if err != nil {
			return nil // the browser asks again
		}
		if _, err := fmt.Fprintf(v.w, "event: ledger\ndata: %d\n\n", size); err != nil {
			return nil
		}
		if err := stream.Flush(); err != nil {
			return nil
		}
		pause(ctx, eventsEvery)
		select {
		case <-followed:
		case <-time.After(stillHere - eventsEvery):
		case <-ctx.Done():
			return nil
		case <-p.ended:
			return nil
		}
	}
}
