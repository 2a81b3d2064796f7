package web

import (
	"crypto/rand"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
)

// A form that was refused is shown again under an address of its own, with what
// was typed: that the answer is a redirection is what lets a browser go back to
// it. What was typed is kept in memory only, for as long as a session lasts
// without a request, and none of its secrets.

// refusedForm is a form that was refused, or a test of a target that was asked for.
type refusedForm struct {
	who    string // the visitor; "": a stranger
	path   string // that it was sent to
	fields url.Values
	at     time.Time

	problem *custody.Refusal // nil: a test that went well
	status  int
	faulty  string // the field that was refused, "" for none
}

const (
	keptForEach     = 8       // forms of one person
	keptOfStrangers = 500     // forms of all strangers together
	strangersForm   = 4 << 10 // bytes: what is larger is forgotten
)

// refusedForms keeps them, by the word in their address.
type refusedForms struct {
	mu    sync.Mutex
	forms map[string]*refusedForm
	order []string // oldest first
}

// keep gives the word under which the form is found again.
func (k *refusedForms) keep(f *refusedForm, now time.Time, lifetime time.Duration) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	most, same := keptForEach-1, 0
	if f.who == "" {
		most = keptOfStrangers - 1
		if len(f.fields.Encode()) > strangersForm {
			f.fields = nil
		}
	}
	for _, word := range slices.Backward(k.order) {
		old := k.forms[word]
		if old.who == f.who {
			same++
		}
		if old.who == f.who && same > most || now.Sub(old.at) > lifetime {
			delete(k.forms, word)
		}
	}
	k.order = slices.DeleteFunc(k.order, func(word string) bool { return k.forms[word] == nil })
	if k.forms == nil {
		k.forms = map[string]*refusedForm{}
	}
	word := rand.Text()
	k.forms[word], k.order = f, append(k.order, word)
	return word
}

// find gives a form that was refused to the same visitor; nil: it is forgotten.
func (k *refusedForms) find(word, who string, now time.Time, lifetime time.Duration) *refusedForm {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.forms[word]
	if f == nil || f.who != "" && f.who != who || now.Sub(f.at) > lifetime {
		return nil
	}
	return f
}

// forget is for a form that was carried out in the end: what it was refused for
// before is over.
func (k *refusedForms) forget(who, path string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.order = slices.DeleteFunc(k.order, func(word string) bool {
		over := k.forms[word].who == who && k.forms[word].path == path
		if over {
			delete(k.forms, word)
		}
		return over
	})
}

// refusedParameter is the part of an address that names a form that was refused.
const refusedParameter = "refused"

// askAgain leads to the page of the form that was sent.
func (v *visit) askAgain() error {
	http.Redirect(v.w, v.r, v.keptFor(v.Person.Username, v.problem, v.status), http.StatusSeeOther)
	return nil
}

// keptFor keeps the form that was sent and gives the address of its page, on which whose it
// is finds what they typed and what was wrong.
func (v *visit) keptFor(who string, problem *custody.Refusal, status int) string {
	form := &refusedForm{who: who, path: v.r.URL.Path, fields: maps.Clone(v.r.PostForm), at: v.now, problem: problem, status: status}
	for _, secret := range edge.SecretFields {
		form.fields.Del(secret)
	}
	if problem != nil {
		form.faulty = faultyField(problem)
	}
	to := url.URL{Path: v.path(), RawQuery: url.Values{refusedParameter: {v.refusals.keep(form, v.now, v.Idle())}}.Encode()}
	return to.String()
}

// errNotSent is what whoever logs in again finds over a form that they sent when their
// log-in had ended.
var errNotSent = &custody.Refusal{Code: custody.Conflict, Key: "sent_after_session"}

// keeps says whether an address is that of a form with what was typed.
func keeps(address string) bool {
	at, err := url.Parse(address)
	return err == nil && at.Query().Has(refusedParameter)
}

// recall finds the form that the address says was refused, as if it had been sent
// again.
func (v *visit) recall() {
	word := v.r.URL.Query().Get(refusedParameter)
	if v.r.Method != http.MethodGet || word == "" || v.r.Header.Get("HX-Request") != "" {
		return
	}
	if v.sent = v.refusals.find(word, v.Person.Username, v.now, v.Idle()); v.sent != nil {
		v.r.PostForm = v.sent.fields
		if v.sent.problem != nil {
			v.problem, v.status = v.sent.problem, v.sent.status
			if left := v.problem.RetryAfter - v.now.Sub(v.sent.at); left > 0 {
				v.retryAfter(left)
			}
		}
	}
}

// hasForm says whether the page of the form that was sent can be asked for.
func (v *visit) hasForm() bool {
	if v.r.Method != http.MethodPost || v.r.Header.Get("HX-Request") != "" {
		return false
	}
	_, pattern := v.mux.Handler(&http.Request{Method: http.MethodGet, Host: v.r.Host, URL: &url.URL{Path: v.path()}})
	return pattern != "" && pattern != "/"
}

// form is how a template shows a form: as it is at first, or with what was typed
// when it was refused.
type form struct {
	Key     string // idempotency key
	Zone    string // of the times that are typed, as the page names it
	ZoneID  string // the same, for the form that is sent
	Refused bool
	sent    *refusedForm
	visit   *visit
}

// Form gives the form that is sent to an address.
func (p page) Form(action string) form {
	f := form{Key: p.Key, Zone: p.Zone, ZoneID: p.ZoneID, visit: p.visit}
	if sent := p.visit.sent; sent != nil && sent.path == action {
		f.sent, f.Refused = sent, true
		if zone := p.visit.zoneOf(sent.fields.Get(zoneField)); zone != nil {
			f.Zone, f.ZoneID = zoneName(p.Now.In(zone)), zone.String()
		}
	}
	return f
}

// Value gives what was typed into a field.
func (f form) Value(name string) string {
	if f.sent == nil {
		return ""
	}
	return f.sent.fields.Get(name)
}

// Or is Value, and something else where nothing was sent: a field that was sent empty stays
// empty.
func (f form) Or(name, otherwise string) string {
	if f.sent == nil || !f.sent.fields.Has(name) {
		return otherwise
	}
	return f.sent.fields.Get(name)
}

// Values is Value where there can be several.
func (f form) Values(name string) []string {
	if f.sent == nil {
		return nil
	}
	return f.sent.fields[name]
}

// Wrong gives why a field was refused; nil: it was not.
func (f form) Wrong(name string) (*problem, error) {
	if !f.wrong(name) {
		return nil, nil
	}
	return f.visit.said(f.sent.problem)
}

func (f form) wrong(name string) bool { return f.sent != nil && f.sent.faulty == name }

// Mark gives the attributes of the field that was refused: it has the focus.
func (f form) Mark(name string) template.HTMLAttr {
	if !f.wrong(name) {
		return ""
	}
	return ` aria-invalid="true" autofocus`
}

// Attrs gives the attributes of a form: one in which something is typed already
// stays as it is (static/tandem.js).
func (f form) Attrs() template.HTMLAttr {
	if !f.Refused {
		return ""
	}
	return " data-typed"
}

// Open gives the attribute of the details that a form is folded away in.
func (f form) Open() template.HTMLAttr {
	if !f.Refused {
		return ""
	}
	return " open"
}

// formNames are the fields of forms that have another name in the rules.
var formNames = map[string]string{
	"expected_return": "until", "target.kind": "kind", "target.address": "address", "target.account": "account", "target.settings.probe": "probe",
	"policy.lease_seconds": "lease_hours", "policy.max_age_seconds": "max_age_days", "policy.max_exposed": "max_exposed",
	"policy.password": "password_policy", "policy.dependents": "dependents", "policy.auto_reconcile": "auto_reconcile",
	"policy.silence": "silence", "policy.silence_after": "silence_after", "policy.hold_for": "hold_for",
	"policy.rotate_on_transfer": "rotate_on_transfer", "policy.rotate_on_checkin": "rotate_on_checkin",
	"key": "admin_key", "admin": "set.admin", "host_key": "set.host_key", "secret": "password",
}

// faultyField gives the field of a form that a refusal is about: "" when it is
// about none.
func faultyField(r *custody.Refusal) string {
	switch r.Code {
	case custody.TOTPInvalid, custody.TOTPReplayed, custody.LockedOut:
		return "totp"
	}
	field := listIndex.ReplaceAllString(r.Field, "")
	if name, other := formNames[field]; other {
		return name
	}
	if name, of := strings.CutPrefix(field, "policy."); of && slices.ContainsFunc(policyValues, func(f policyField) bool { return f.Name == name }) {
		return name
	}
	if name, setting := strings.CutPrefix(field, "target.settings."); setting {
		return "set." + name
	}
	return field
}

// listIndex is the place in a list that a field's name can end with.
var listIndex = regexp.MustCompile(`\[\d+\]$`)
