package web

import (
	"fmt"
	"net/http"
	"time"
)

// eventsEvery bounds how often an open page is told to look again. Together with
// retryAfter it is less than the three seconds for which a page may be wrong.
const (
	eventsEvery = time.Second
	retryAfter  = time.Second
)

// events tells a page, as server-sent events, how long the ledger is: whenever it
// has grown, and at once. A stream ends with the request's time limit; browsers
// come back by themselves. Nothing of the ledger is in it.
func (p *Pages) events(v *visit) error {
	ctx := v.r.Context()
	stream := http.NewResponseController(v.w)
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("X-Accel-Buffering", "no") // a proxy must not collect them
	v.w.WriteHeader(http.StatusOK)
	if _, err := fmt.Fprintf(v.w, "retry: %d\n\n", retryAfter.Milliseconds()); err != nil {
		return nil
	}
	told := int64(-1)
	for {
		followed := p.Desk.Follow() // before looking, so that no commit falls between
		size, err := p.Ledger.Size(ctx)
		if err != nil {
			return nil // the browser asks again
		}
		if size != told {
			told = size
			if _, err := fmt.Fprintf(v.w, "event: ledger\ndata: %d\n\n", size); err != nil {
				return nil
			}
			if err := stream.Flush(); err != nil {
				return nil
			}
			pause(ctx, eventsEvery)
		}
		select {
		case <-followed:
		case <-ctx.Done():
			return nil
		case <-p.ended:
			return nil
		}
	}
}
