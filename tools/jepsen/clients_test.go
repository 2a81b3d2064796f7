package jepsen

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
)

const (
	browsers = 3               // of each pair, each of which waits for its answer before it asks again
	answered = 3 * time.Second // is how long one waits for an answer

	// insists is how long an operation whose outcome is not known is asked for again, at any
	// replica: the idempotency key finds out.
	insists = 6 * time.Second
)

// run is one history while it comes to be.
type run struct {
	c     *cluster
	most  int64 // operations that are enough, once nothing is wrong any more
	began time.Time

	wrong atomic.Bool  // a fault is on, or is still to come
	done  atomic.Int64 // operations
	boxes []*offers    // by pair

	mu       sync.Mutex
	history  []porcupine.Operation
	unknowns int
	late     int          // codes that came too late
	failed   atomic.Int64 // answers that said that something could not be done now
	refused  map[string]int
}

// offers are the handovers of a pair that somebody has seen.
type offers struct {
	mu  sync.Mutex
	ids []string
}

func (o *offers) add(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if id != "" && !slices.Contains(o.ids, id) {
		o.ids = append(o.ids, id)
	}
}

// one gives one of the last few; "": there is none.
func (o *offers) one() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.ids) == 0 {
		return ""
	}
	last := o.ids[max(0, len(o.ids)-2):]
	return last[mathrand.IntN(len(last))]
}

// browse asks for one thing after the other, until there is enough.
func (r *run) browse(ctx context.Context, n, browser int) {
	for ctx.Err() == nil && (r.wrong.Load() || r.done.Load() < r.most) {
		in, code, there := r.next(n, browser)
		if !there {
			time.Sleep(5 * time.Millisecond) // for another code
			continue
		}
		r.operate(ctx, in, code, browser)
	}
}

// next says what to ask for.
func (r *run) next(n, browser int) (in input, code string, there bool) {
	p, box := r.c.pairs[n], r.boxes[n]
	who := p.people[browser%2]
	if browser == 2 {
		who = p.people[mathrand.IntN(2)]
	}
	in = input{pair: n, who: who, credential: p.credentials[mathrand.IntN(each)]}
	kinds := []kind{look, look, look, whether, whether, checkOut, offer, accept, accept, giveBack, away, away, present, checkIn, decline, cancel}
	in.kind = kinds[mathrand.IntN(len(kinds))]
	switch in.kind {
	case accept, decline, cancel, giveBack:
		if in.handover = box.one(); in.handover == "" {
			in.kind = look
		}
	}
	if !in.kind.asksForCode() {
		return in, "", true
	}
	// Now and then one that was used, perhaps by what is under way at another replica.
	code, in.step, there = r.c.people[who].code(mathrand.IntN(10) == 0)
	if !there {
		in.kind, in.step, in.handover = look, 0, ""
		if mathrand.IntN(3) == 0 {
			in.kind = whether
		}
	}
	return in, code, in.kind != look || mathrand.IntN(2) == 0 || there
}

// operate asks for one thing, and notes what came of it.
func (r *run) operate(ctx context.Context, in input, code string, browser int) {
	if in.kind == whether || in.kind == look {
		in.step, in.handover = 0, ""
	}
	key := rand.Text()
	asked := time.Now()
	resigned := mathrand.IntN(8) == 0 // of some nobody ever hears what became of them
	var out output
	for {
		out = r.ask(ctx, in, code, key)
		// What shows a password is not asked for again: that would be another operation.
		if out.code != unknown || in.kind == checkOut || time.Since(asked) > insists || resigned || ctx.Err() != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.note(in, out, browser, asked.UnixNano(), time.Now().UnixNano())
	r.boxes[in.pair].add(out.handover)
}

// note adds an operation to the history.
func (r *run) note(in input, out output, browser int, asked, heard int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch out.code {
	case unknown:
		if in.kind == look || in.kind == whether {
			return // a question that was never answered says nothing
		}
		r.unknowns++
		heard = never
	case string(custody.TOTPInvalid):
		r.late++
	}
	r.refused[out.code]++
	r.history = append(r.history, porcupine.Operation{ClientId: in.pair*browsers + browser, Input: in, Output: out, Call: asked, Return: heard})
	r.done.Add(1)
}

// never is after the end of every history.
const never = 1 << 62

// ask asks one replica.
func (r *run) ask(ctx context.Context, in input, code, key string) (out output) {
	ctx, end := context.WithTimeout(client.WithIdempotencyKey(ctx, key), answered)
	defer end()
	to := r.c.replicas[mathrand.IntN(replicas)]
	server, err := client.New(client.Config{Server: "http://" + to.address, HTTP: browsing, Token: api.Secret(r.c.people[in.who].token.Reveal())})
	if err != nil {
		return output{code: unknown}
	}
	totp := api.Secret(code)
	switch in.kind {
	case look:
		var c api.Credential
		if c, err = server.Credential(ctx, in.credential); err == nil {
			out.handover, out.holder = c.Handover, c.Holder
			if c.Lease != nil {
				out.lease = c.Lease.Person
			}
		}
	case whether:
		var me api.Me
		if me, err = server.Me(ctx); err == nil {
			out.away = me.Presence.State == api.Away
		}
	case checkOut:
		_, err = server.CheckOut(ctx, in.credential, api.CheckOut{Purpose: "because", TOTP: totp})
	case checkIn:
		_, err = server.CheckIn(ctx, in.credential)
	case offer:
		var made []api.Handover
		if made, err = server.OfferHandover(ctx, api.OfferHandover{Credentials: []string{in.credential}, Reason: "because", TOTP: totp}); err == nil && len(made) == 1 {
			out.handover = made[0].ID
		}
	case accept:
		_, err = server.AcceptHandover(ctx, in.handover, totp)
	case decline:
		_, err = server.DeclineHandover(ctx, in.handover, "because")
	case cancel:
		_, err = server.CancelHandover(ctx, in.handover, "because")
	case giveBack:
		_, err = server.ReturnHandover(ctx, in.handover, totp)
	case away:
		_, err = server.SetPresence(ctx, api.SetPresence{State: api.Away, Reason: "because", TOTP: totp})
	case present:
		_, err = server.SetPresence(ctx, api.SetPresence{State: api.Present})
	}
	if problem, is := errors.AsType[*edge.Problem](err); is && problem.Status >= http.StatusInternalServerError {
		r.failed.Add(1)
	}
	out.code = codeOf(err)
	return out
}

// codeOf gives what a refusal is called; unknown where it may have been done all the same.
func codeOf(err error) string {
	if err == nil {
		return ""
	}
	problem, is := errors.AsType[*edge.Problem](err)
	if !is || problem.Status >= http.StatusInternalServerError || problem.Status == http.StatusTooManyRequests {
		return unknown
	}
	return string(problem.Code)
}

var browsing = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: pairs * browsers}}

// settle ends whatever is still under way at some replica: of what was asked for before,
// nothing happens after it.
func (r *run) settle(ctx context.Context) {
	r.c.t.Helper()
	p := r.c.people[r.c.pairs[0].people[0]]
	for _, to := range r.c.replicas {
		r.c.await("every replica to have done what it was asked for", func() error {
			server, err := client.New(client.Config{Server: "http://" + to.address, HTTP: browsing, Token: api.Secret(p.token.Reveal())})
			if err != nil {
				return err
			}
			asking, cancel := context.WithTimeout(ctx, answered)
			defer cancel()
			_, err = server.DeclineHandover(asking, "handover-999999999", "because")
			if code := codeOf(err); code != string(custody.NotFound) {
				return errors.Join(errors.New("got "+code), err)
			}
			return nil
		})
	}
}
