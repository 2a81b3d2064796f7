package web

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/api/ical"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/totp"
	"github.com/tandem-custody/tandem/custody/words"
)

// visit is one request for a page.
type visit struct {
	*Pages
	*edge.Request
	w http.ResponseWriter
	r *http.Request

	// Queries give what the visitor may know: those of Pages give all, and no page asks them.
	Queries api.Queries

	lang  string         // that the page is in
	zone  *time.Location // of the times that are shown and typed
	nonce string         // of the Content-Security-Policy
	now   time.Time
	size  int64 // of the ledger, before anything was looked at

	at     string // address that shows this page again; "": the request's
	leaves leaves // what a page without scripts does by itself

	over *custody.Refusal // why the session of the browser counts no more; nil: it has none, or it counts

	// What went wrong (Err), to be shown on the page that is rendered next.
	problem *custody.Refusal
	status  int
	sent    *refusedForm // the form that is shown again
}

// leaves says when a page that cannot follow goes elsewhere, and where.
type leaves struct {
	After time.Duration
	To    string
}

// handler answers a visit. An error that it gives back becomes a page of its own.
type handler func(v *visit) error

// maxForm is the largest form, in bytes.
const maxForm = 256 << 10

// open registers a page for everybody.
func (p *Pages) open(pattern string, h handler) {
	p.patterns = append(p.patterns, pattern)
	p.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, pattern, h) })
}

// closed registers a page for people who are logged in.
func (p *Pages) closed(pattern string, h handler) {
	p.open(pattern, func(v *visit) error {
		if v.Person.Username == "" {
			return v.toLogin()
		}
		if v.r.Method == http.MethodPost {
			if err := v.PaceCommand(); err != nil {
				return err
			}
		}
		v.keepSession()
		var err error
		if v.size, err = p.Ledger.Size(v.r.Context()); err != nil {
			return err
		}
		return h(v)
	})
}

func (p *Pages) serve(w http.ResponseWriter, r *http.Request, pattern string, h handler) {
	v := &visit{
		Pages: p, Request: edge.Of(r.Context()), w: w, r: r, now: p.Clock(), nonce: rand.Text(), status: http.StatusOK,
	}
	v.Route = pattern
	v.lang, v.zone = v.languageOf(), p.Zone
	v.setHeaders()
	err := v.identify()
	v.Queries = api.Known(p.Queries, p.Desk, v.Person)
	if err == nil {
		err = v.prefer()
	}
	if err == nil {
		err = v.readForm()
	}
	if err == nil {
		v.recall()
		err = h(v)
	}
	if err != nil {
		v.fail(err)
	}
}

// setHeaders sets what pages have beside the headers of every answer.
func (v *visit) setHeaders() {
	h := v.w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-"+v.nonce+"'; style-src 'nonce-"+v.nonce+
		"'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "same-origin") // with none, browsers send forms with Origin: null
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Vary", "Cookie, Accept-Language")
}

func (v *visit) readForm() error {
	if v.r.Method != http.MethodPost {
		return nil
	}
	most := int64(maxForm)
	if v.Route == importRoute {
		most += ical.MaxSize
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, most)
	if err := v.r.ParseForm(); err != nil {
		return custody.Invalid("form", "unreadable")
	}
	v.Key = edge.FormKey(v.r.URL.Path, v.r.PostForm)
	return nil
}

// refused notes what went wrong with a form, so that the page with the form can
// be shown again.
func (v *visit) refused(err error) {
	r := edge.RefusalOf(err)
	v.problem, v.status, v.Err = r, edge.StatusOf(r.Code), err
	if r.RetryAfter > 0 {
		v.retryAfter(r.RetryAfter)
	}
}

func (v *visit) retryAfter(wait time.Duration) {
	v.w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
}

// problem is a refusal as a page shows it.
type problem struct {
	*custody.Refusal
	words.Said
}

// said gives the words of a refusal for people in front of a page: some of the
// API's advice speaks of headers. nil: nothing was refused.
func (v *visit) said(r *custody.Refusal) (*problem, error) {
	if r == nil {
		return nil, nil
	}
	shown := &problem{r, words.Voice{Lang: v.lang, Zone: v.zone, Labels: true}.Refusal(r)}
	var err error
	switch {
	case r.Code == custody.Unauthenticated && v.Person.Username == "":
	case slices.Contains([]custody.Code{edge.VaultUnavailable, edge.StoreUnavailable, edge.Internal, custody.Unauthenticated}, r.Code):
		shown.Next, err = say(v.lang, "next."+string(r.Code))
	}
	return shown, err
}

// fail answers with a page that says what went wrong and nothing else.
func (v *visit) fail(err error) {
	if v.problem == nil || v.Err != err {
		v.refused(err)
	}
	if v.problem.Code == custody.Unauthenticated && v.r.URL.Path != "/login" {
		if v.toLogin() == nil {
			return
		}
	}
	if v.hasForm() && v.askAgain() == nil {
		return
	}
	v.sent = nil
	if err := v.render("problem", nil); err != nil {
		v.Log.Error("the page of a problem cannot be rendered", "request", v.ID, "error", err)
		http.Error(v.w, "Internal error. Request: "+v.ID, http.StatusInternalServerError)
	}
}

// again shows the page of a form with the refusal that the form met. Any other
// error stays one.
func (v *visit) again(err error, page handler) error {
	if err == nil {
		return nil
	}
	if r := edge.RefusalOf(err); r.Code == edge.Internal || r.Code == custody.NotFound {
		return err
	}
	v.refused(err)
	if v.hasForm() {
		return v.askAgain()
	}
	return page(v)
}

// redirect leads to another page after something was done. done names a message
// that this page shows, "" for none.
func (v *visit) redirect(path, done string) error {
	v.refusals.forget(v.Person.Username, v.r.URL.Path)
	if done != "" {
		path += "?done=" + url.QueryEscape(done)
	}
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// toLogin leads to the log-in, and from there to where the visit was going. A form that was
// sent after its log-in had ended is kept for whose that was.
func (v *visit) toLogin() error {
	to := "/login"
	switch person := v.endedFor(); {
	case v.r.Method == http.MethodGet && v.r.URL.Path != "/":
		to += "?next=" + url.QueryEscape(v.r.URL.RequestURI())
	case person != "" && v.hasForm():
		to += "?next=" + url.QueryEscape(v.keptFor(person, errNotSent, edge.StatusOf(errNotSent.Code)))
	}
	if v.r.Header.Get("HX-Request") != "" {
		v.w.Header().Set("HX-Redirect", to) // the whole page, not the part that was asked for
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// do carries out what a form asks for.
func (v *visit) do(action custody.Action) (desk.Outcome, error) {
	return v.Desk.Do(v.r.Context(), v.by(action), action)
}

// by says who gives the command that the form is for.
func (v *visit) by(action custody.Action) desk.By { return v.By(action, v.code()) }

// field gives a field of the form that was sent, also to fill it in again.
func (v *visit) field(name string) string { return v.r.PostForm.Get(name) }

// code gives the code of the form, without what people paste around and into it.
func (v *visit) code() string { return totp.Typed(v.field("totp")) }

// place says where a log-in comes from.
func (v *visit) place() desk.Place {
	if cookie, err := v.r.Cookie(deviceCookie); err == nil && cookie.Value != "" {
		return v.Place(custody.SecretString(cookie.Value))
	}
	return v.Place(custody.Secret{})
}

// nothingHere answers for every address that is no page.
func (p *Pages) nothingHere(*visit) error { return desk.ErrNotFound }

// local says whether an address to go on to is one of ours.
func local(path string) bool {
	u, err := url.Parse(path)
	return err == nil && strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") &&
		u.Host == "" && u.Scheme == "" && !strings.ContainsAny(path, "\\\r\n")
}

// refusalIn gives the refusal in an error, nil for none.
func refusalIn(err error) *custody.Refusal {
	var r *custody.Refusal
	if errors.As(err, &r) {
		return r
	}
	return nil
}

// isRefusal says that err is a refusal with this code.
func isRefusal(err error, code custody.Code) bool {
	r := refusalIn(err)
	return r != nil && r.Code == code
}
