package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/custody/totp"
)

// browserPatience is how long anything in a browser may take.
const browserPatience = 30 * time.Second

// theatre is one demo and one Chromium, in which every person can have windows
// of their own: each with its own cookies, as another browser would.
type theatre struct {
	*runningDemo
	t         *testing.T
	browser   context.Context
	people    map[string]*play.Player
	artefacts string

	mu       sync.Mutex
	troubles []string // what the browser complained about
	wanted   []string // what it is to complain about
	secrets  []string // which may stand in no address
}

func newTheatre(t *testing.T) *theatre {
	t.Helper()
	chromium := chromiumPath(t)
	running, err := startDemo(t.TempDir(), "--totp-period=1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.kill)
	th := &theatre{runningDemo: running, t: t, people: map[string]*play.Player{}, artefacts: t.ArtifactDir()}
	for _, person := range running.People {
		th.people[person.Username] = &play.Player{Person: person, Last: totp.Step(person.TOTPPeriod, time.Now())}
		th.secrets = append(th.secrets, person.Password, person.TOTPSecret)
	}
	allocator, endAll := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(60*time.Second),
	)
	var endBrowser context.CancelFunc
	// What chromedp logs is that this Chromium tells more than it knows.
	th.browser, endBrowser = chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(func() {
		ended := make(chan error, 1)
		go func() { ended <- chromedp.Cancel(th.browser) }() // closes it, and waits until the process is gone
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Chromium: %v", err)
			}
		case <-time.After(browserPatience):
			t.Error("Chromium did not end when it was asked to")
		}
		endBrowser()
		endAll() // kills the process, if it is still there
	})
	if err := chromedp.Run(th.browser); err != nil {
		t.Fatalf("start %s: %v", chromium, err)
	}
	return th
}

// chromiumPath skips, or fails where nothing may be skipped, without Chromium.
func chromiumPath(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("TANDEM_TEST_ALL") == "1" {
		t.Fatal("chromium is not installed")
	}
	t.Skip("chromium is not installed")
	return ""
}

// window is one person's browser.
type window struct {
	*theatre
	t    *testing.T
	ctx  context.Context
	base string               // where it finds the server
	own  cdp.BrowserContextID // where its cookies are
	who  *play.Player
}

// window opens one on an empty page. scripts says whether pages may run any.
func (th *theatre) window(t *testing.T, who string, scripts bool) *window {
	t.Helper()
	onBrowser := cdp.WithExecutor(th.browser, chromedp.FromContext(th.browser).Browser)
	own, err := target.CreateBrowserContext().Do(onBrowser)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.DisposeBrowserContext(own).Do(onBrowser) })
	// A new window, because there is none yet to have a new tab in.
	tab, err := target.CreateTarget("about:blank").WithBrowserContextID(own).WithNewWindow(true).Do(onBrowser)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := chromedp.NewContext(th.browser, chromedp.WithTargetID(tab))
	t.Cleanup(end)
	w := &window{theatre: th, t: t, ctx: ctx, base: th.URL, own: own, who: th.people[who]}
	chromedp.ListenTarget(ctx, w.listen)
	if err := chromedp.Run(ctx); err != nil { // its context is the window's, so it has no time limit
		t.Fatal(err)
	}
	w.run(
		emulation.SetDeviceMetricsOverride(1000, 720, 1, false),
		emulation.SetScriptExecutionDisabled(!scripts),
		emulation.SetFocusEmulationEnabled(true),
		light,
	)
	return w
}

// light and dark are what people set in their system. They move nothing, so that
// a colour is what it is to be at once.
var light, dark = scheme("light"), scheme("dark")

func scheme(colours string) *emulation.SetEmulatedMediaParams {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: colours}, {Name: "prefers-reduced-motion", Value: "reduce"},
	})
}

// listen keeps what the browser complains about: errors of scripts, what the
// Content-Security-Policy stopped, and files that are not there. That a page
// answers with 4xx is what a refusal looks like.
func (w *window) listen(event any) {
	trouble := ""
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			text, _ := json.Marshal(e.Args)
			trouble = string(text)
		}
	case *runtime.EventExceptionThrown:
		trouble = e.ExceptionDetails.Error()
	case *cdplog.EventEntryAdded:
		refusal := e.Entry.Source == cdplog.SourceNetwork && !strings.Contains(e.Entry.URL, "/static/") && strings.Contains(e.Entry.Text, "status of 4")
		if e.Entry.Level == cdplog.LevelError && !refusal {
			trouble = e.Entry.Text + " " + e.Entry.URL
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if trouble != "" && !slices.ContainsFunc(w.wanted, func(about string) bool { return strings.Contains(trouble, about) }) {
		w.troubles = append(w.troubles, w.who.Username+": "+trouble)
	}
}

// quiet fails when the browser complained about anything since the last time.
func (th *theatre) quiet(t *testing.T) {
	t.Helper()
	th.mu.Lock()
	defer th.mu.Unlock()
	for _, trouble := range th.troubles {
		t.Errorf("the browser: %s", trouble)
	}
	th.troubles = nil
}

func (w *window) run(actions ...chromedp.Action) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, browserPatience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		w.t.Fatalf("%s: %v\n%s", w.who.Username, err, w.seen())
	}
}

// follow does something that leads to another page, and gives its status.
func (w *window) follow(actions ...chromedp.Action) int64 {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, browserPatience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, actions...)
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", w.who.Username, err, w.seen())
	}
	return response.Status
}

func (w *window) open(path string) int64 {
	w.t.Helper()
	return w.follow(chromedp.Navigate(w.base + path))
}

func evaluate[T any](w *window, script string) (value T) {
	w.t.Helper()
	w.run(chromedp.Evaluate(script, &value))
	return value
}

// evaluateSoon is evaluate for a promise.
func evaluateSoon[T any](w *window, script string) (value T) {
	w.t.Helper()
	w.run(chromedp.Evaluate(script, &value, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return value
}

// seen gives the address and text of the page, for a failure's message too.
func (w *window) seen() string {
	ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
	defer cancel()
	var text string
	if err := chromedp.Run(ctx, chromedp.Evaluate(`location.pathname + "\n" + document.body.innerText`, &text)); err != nil {
		return err.Error()
	}
	return text
}

// sees waits until the page says all of this: a live page gets there by itself.
func (w *window) sees(wants ...string) {
	w.t.Helper()
	deadline := time.Now().Add(browserPatience)
	for {
		text := w.seen()
		missing := slices.IndexFunc(wants, func(want string) bool { return !strings.Contains(text, want) })
		if missing < 0 {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s does not see %q:\n%s", w.who.Username, wants[missing], text)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (w *window) until(what string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(browserPatience); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s waits in vain until %s:\n%s", w.who.Username, what, w.seen())
		}
	}
}

// code waits for a code of the person's authenticator that was not used.
func (w *window) code() string {
	w.t.Helper()
	step := func() int64 { return totp.Step(w.who.TOTPPeriod, time.Now()) }
	for step()+ahead <= w.who.Last { // the skew allows those of the next steps
		time.Sleep(20 * time.Millisecond) // a step of the clock, which comes by itself
	}
	if w.who.TOTPPeriod < totp.DefaultPeriod {
		w.who.Last = step() + ahead // which lasts longest, on a machine that is busy
	} else {
		w.who.Last = max(w.who.Last+1, step()-1) // nobody waits for half a minute
	}
	code, err := w.who.CodeOf(w.who.Last)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(code)
}

// send fills a form in, with a fresh code if it asks for one, sends it with its
// button, and gives the status of the page that follows. fields are names and
// values.
func (w *window) send(form string, fields ...string) int64 {
	w.t.Helper()
	return w.sendBy(form, "button", fields...)
}

func (w *window) sendBy(form, button string, fields ...string) int64 {
	w.t.Helper()
	w.fill(form, fields...)
	var actions []chromedp.Action
	if evaluate[bool](w, fmt.Sprintf(`!!document.querySelector(%q)`, form+" [name=totp]")) {
		actions = append(actions, chromedp.SendKeys(form+" [name=totp]", w.code(), chromedp.ByQuery))
	}
	return w.follow(append(actions, chromedp.Click(form+" "+button, chromedp.ByQuery))...)
}

// fill unfolds a form and types into it.
func (w *window) fill(form string, fields ...string) {
	w.t.Helper()
	var actions []chromedp.Action
	if evaluate[bool](w, fmt.Sprintf(`!!document.querySelector(%q)?.closest("details:not([open])")`, form)) {
		actions = append(actions, chromedp.Click(fmt.Sprintf("details:has(%s) > summary", form), chromedp.ByQuery))
	}
	for i := 0; i < len(fields); i += 2 {
		field := fmt.Sprintf("%s [name=%s]", form, fields[i])
		if strings.Contains(fields[i+1], "T") && fields[i] == "until" {
			actions = append(actions, chromedp.SetValue(field, fields[i+1], chromedp.ByQuery))
			continue
		}
		actions = append(actions, chromedp.SendKeys(field, fields[i+1], chromedp.ByQuery))
	}
	w.run(actions...)
}

func (w *window) logIn() *window {
	w.t.Helper()
	w.open("/login")
	if status := w.send("form[action='/login']", "username", w.who.Username, "password", w.who.Password); status != 200 {
		w.t.Fatalf("log-in of %s: %d\n%s", w.who.Username, status, w.seen())
	}
	return w
}

// speak changes the language with the button for it.
func (w *window) speak(lang string) {
	w.t.Helper()
	if button := fmt.Sprintf("form[action='/language'] button[value=%s]", lang); evaluate[bool](w, fmt.Sprintf("!!document.querySelector(%q)", button)) {
		w.follow(chromedp.Click(button, chromedp.ByQuery))
	}
}

// tomorrow is an expected return, as a date field takes it.
func tomorrow() string { return time.Now().Add(24 * time.Hour).Format("2006-01-02T15:04") }

// picture keeps what the window shows as a test artefact.
func (w *window) picture(name string) {
	w.t.Helper()
	w.keep(filepath.Join(w.artefacts, name+".png"))
}

func (w *window) keep(file string) int {
	w.t.Helper()
	var image []byte
	w.run(chromedp.Evaluate("scrollTo(0, 0)", nil), chromedp.ActionFunc(func(ctx context.Context) (err error) {
		image, err = page.CaptureScreenshot().WithOptimizeForSpeed(false).Do(ctx)
		return err
	}))
	if err := os.WriteFile(file, image, 0o644); err != nil {
		w.t.Fatal(err)
	}
	return len(image)
}

// framed gives the addresses of the frames in the page that show an error
// instead of what they were to show.
func (w *window) framed() (refused, shown []string) {
	w.t.Helper()
	var tree *page.FrameTree
	w.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		tree, err = page.GetFrameTree().Do(ctx)
		return err
	}))
	for _, child := range tree.ChildFrames {
		list := &shown
		if child.Frame.UnreachableURL != "" {
			list = &refused
		}
		*list = append(*list, child.Frame.URL+child.Frame.UnreachableURL)
	}
	return refused, shown
}

// press types keys, wherever the focus is.
func (w *window) press(keys string) chromedp.Action {
	return chromedp.KeyEvent(keys)
}
