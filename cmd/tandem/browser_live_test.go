package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// mayBeWrong is for how long a page that is left open may show what is over: a
// requirement, and the only time that these tests look at.
const mayBeWrong = 3 * time.Second

// prompt is how fast the machine answers a request for nothing when what it takes
// for a page says something about the page.
const prompt = 300 * time.Millisecond

// TestBrowserFollows leaves pages open and has somebody else change what they show:
// over the event stream, and behind a proxy that has none.
func TestBrowserFollows(t *testing.T) {
	t.Parallel()
	th := newTheatre(t)
	th.complains("/events") // about the streams that end
	for _, way := range []struct {
		name string
		cut  func(*cutter)
	}{
		{"with events", func(*cutter) {}},
		{"with the stream cut and refused", func(c *cutter) { c.refuse() }},
		{"with a stream that has gone silent", func(c *cutter) { c.silence() }},
	} {
		t.Run(way.name, func(t *testing.T) { th.follows(t, way.cut); th.quiet(t) })
	}
}

// complains says what the browser is to complain about from now on.
func (th *theatre) complains(about ...string) {
	th.mu.Lock()
	defer th.mu.Unlock()
	th.wanted = about
}

// follows goes through a handover of which others see each step on open pages.
func (th *theatre) follows(t *testing.T, cut func(*cutter)) {
	proxy := newCutter(t, th.URL)
	a := th.window(t, "tech-a", true).logIn()
	inbox, custody, home := th.watcher(t, "tech-b", proxy, "/inbox"), th.watcher(t, "auditor", proxy, "/credentials"), th.watcher(t, "tech-b", proxy, "/")
	cut(proxy)
	reason := "left open " + t.Name()[strings.LastIndex(t.Name(), "/")+1:]

	a.open("/credentials/demo-db")
	a.send("form[action$='/offer']", "reason", reason)
	offer := evaluate[string](a, `document.querySelector("#facts a[href^='/handovers/']").textContent`)
	changed := time.Now()
	inbox.showsBy(changed, offer, `document.querySelector("#inbox").innerText`)
	home.showsBy(changed, offer, `document.querySelector("#home-live").innerText`)
	home.showsBy(changed, "1", `document.querySelector("#inbox-count").innerText`)
	custody.showsBy(changed, offer, `document.querySelector("#custody").innerText`)

	b := th.window(t, "tech-b", true).logIn()
	b.open("/handovers/" + offer)
	b.send("form[action$='/accept']")
	changed = time.Now()
	custody.showsBy(changed, "Technician B", `[...document.querySelectorAll("#custody tr")].find((e) => e.innerText.includes("demo-db")).querySelectorAll("td")[2].innerText`)
	home.showsBy(changed, "demo-db", `document.querySelector("section[aria-labelledby=h-hold]").innerText`)

	// The rotation: a page on which it goes on by itself, until it is over.
	progress := th.watcher(t, "tech-a", proxy, "/credentials/demo-db")
	b.send("form[action$='/return']")
	b.until("the rotation is over", func() bool {
		b.open("/credentials/demo-db")
		return evaluate[bool](b, `!!document.querySelector("#facts .phase-held")`)
	})
	progress.showsBy(time.Now(), "Technician A", `document.querySelector("#facts dd").innerText`)
}

// watcher opens a page through the proxy, as somebody who then only looks.
func (th *theatre) watcher(t *testing.T, who string, proxy *cutter, path string) *window {
	t.Helper()
	w := th.window(t, who, true)
	w.base = proxy.url
	w.logIn()
	w.open(path)
	return w
}

// showsBy fails when what a script gives does not contain the text within the time
// that a page may be wrong, counted from the answer to whoever changed it. A
// machine that is busy with something else is given the time that it took longer
// for nothing.
func (w *window) showsBy(changed time.Time, want, script string) {
	w.t.Helper()
	for deadline := changed.Add(browserPatience); ; time.Sleep(20 * time.Millisecond) {
		asked := time.Now()
		if strings.Contains(evaluate[string](w, script), want) {
			if late := asked.Sub(changed) - mayBeWrong; late > 0 && time.Since(asked) < prompt && w.machineIsPrompt() {
				w.t.Errorf("%s saw %q %v after the change", w.who.Username, want, late+mayBeWrong)
			}
			return
		}
		if asked.After(deadline) {
			w.t.Fatalf("%s never saw %q:\n%s", w.who.Username, want, w.seen())
		}
	}
}

// machineIsPrompt asks the server and the browser for nothing.
func (w *window) machineIsPrompt() bool {
	begun := time.Now()
	response, err := http.Get(w.URL + "/static/tandem.svg")
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	w.run(chromedp.Evaluate("1", nil))
	return time.Since(begun) < prompt
}

// cutter is a proxy that can treat the event stream as bad networks do.
type cutter struct {
	url string

	mu     sync.Mutex
	mode   string
	opened []func() // end the streams
}

func newCutter(t *testing.T, to string) *cutter {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{}
	pass := &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { refuseStream(w) }, // it was cut early
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.url = "http://" + listener.Addr().String()
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.isDown() {
			panic(http.ErrAbortHandler) // as a cable that was pulled
		}
		if r.URL.Path == "/events" {
			c.stream(w, r, pass)
			return
		}
		pass.ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return c
}

func (c *cutter) stream(w http.ResponseWriter, r *http.Request, pass http.Handler) {
	ctx, end := context.WithCancel(r.Context())
	defer end()
	c.mu.Lock()
	mode := c.mode
	c.opened = append(c.opened, end)
	c.mu.Unlock()
	switch mode {
	case "refused":
		refuseStream(w)
	case "silent": // open, and nothing comes
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, ": \n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	default:
		pass.ServeHTTP(w, r.WithContext(ctx))
	}
}

func refuseStream(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusBadGateway)
}

// refuse ends the streams and lets none come up again; silence lets them come up
// and say nothing.
func (c *cutter) refuse()  { c.change("refused") }
func (c *cutter) silence() { c.change("silent") }

// down lets nothing through any more, up everything again.
func (c *cutter) down() { c.change("down") }
func (c *cutter) up()   { c.change("") }

func (c *cutter) isDown() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mode == "down"
}

func (c *cutter) change(mode string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mode = mode
	for _, end := range c.opened {
		end()
	}
	c.opened = nil
}
