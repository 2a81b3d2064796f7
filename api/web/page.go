package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/words"
)

// page is what a template is given: what every page has, and Body, its own.
type page struct {
	visit   *visit
	Lang    string
	Nonce   string
	Here    string // address of this page, for the language switch
	Live    string // the same for the live parts: without a form that was refused
	Section string // first part of the address, for the navigation
	Person  custody.Person
	Problem *problem
	Refused time.Time // when Problem was met
	Done    string    // what was just done, in words
	Leaves  leaves    // without scripts
	Inbox   int
	Zone    string // as it is named
	ZoneID  string // as computers name it
	Offset  int    // of it now, in seconds east of UTC
	Now     time.Time
	Size    int64  // of the ledger: no page shows less
	Request string // id
	Key     string // idempotency key of this page's forms
	Body    any

	Maintenance bool
}

// look is what a page is shown by: in a language, with the times of a zone.
type look struct{ name, lang, zone string }

// looks has the templates as they are shown.
type looks struct {
	mu    sync.Mutex
	shown map[look]*template.Template
}

// maxLooks bounds what is kept for people who choose one zone after the other.
const maxLooks = 1000

// template gives a page as somebody sees it: that of all languages, with the functions
// of this one.
func (p *Pages) template(name, lang string, zone *time.Location) (*template.Template, error) {
	p.looks.mu.Lock()
	defer p.looks.mu.Unlock()
	key := look{name, lang, zone.String()}
	if t := p.looks.shown[key]; t != nil {
		return t, nil
	}
	parsed, err := parsedTemplates()
	if err != nil {
		return nil, err
	}
	t, err := parsed[name].Clone()
	if err != nil {
		return nil, err
	}
	t.Funcs(p.functions(lang, zone))
	if len(p.looks.shown) >= maxLooks {
		clear(p.looks.shown)
	}
	p.looks.shown[key] = t
	return t, nil
}

// parsedTemplates has every page by its name. They are parsed once, with functions that
// only lend their names, and never executed, so that they can be cloned.
var parsedTemplates = sync.OnceValues(func() (map[string]*template.Template, error) {
	shared, err := template.New("layout.html").Funcs(new(Pages).functions("", nil)).Option("missingkey=error").
		ParseFS(files, sharedTemplates...)
	if err != nil {
		return nil, err
	}
	all, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	parsed := map[string]*template.Template{}
	for _, file := range all {
		if slices.Contains(sharedTemplates, file) {
			continue
		}
		t, err := shared.Clone()
		if err == nil {
			t, err = t.ParseFS(files, file)
		}
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", file, err)
		}
		parsed[strings.TrimSuffix(path.Base(file), ".html")] = t
	}
	return parsed, nil
})

// sharedTemplates are those that every page has.
var sharedTemplates = []string{"templates/layout.html", "templates/parts.html", "templates/gantt.html", "templates/credential_parts.html", "templates/prospect_parts.html", "templates/absence_parts.html"}

// render writes a page. Nothing is sent before all of it is made.
func (v *visit) render(name string, body any) error {
	inbox, err := v.waiting()
	if err != nil && v.problem == nil {
		return err
	}
	section, _, _ := strings.Cut(strings.TrimPrefix(v.r.URL.Path, "/"), "/")
	refused, err := v.said(v.problem)
	if err != nil {
		return err
	}
	data := page{
		visit: v, Lang: v.lang, Nonce: v.nonce, Here: v.here(), Live: v.here(refusedParameter), Section: section, Person: v.Person,
		Problem: refused, Inbox: inbox, Zone: zoneName(v.now.In(v.zone)), ZoneID: v.zone.String(), Now: v.now, Size: v.size,
		Request: v.ID, Key: edge.NewFormKey(), Body: body, Refused: v.now, Leaves: v.leaves,
		Maintenance: v.Maintenance,
	}
	_, data.Offset = v.now.In(v.zone).Zone()
	if v.sent != nil {
		data.Refused = v.sent.at
	}
	if data.Leaves.To == "" && v.Person.Username != "" { // when the browser has forgotten the session for certain
		data.Leaves = leaves{v.Idle() + 5*time.Second, "/login?why=idle"}
	}
	if done := v.r.URL.Query().Get("done"); done != "" {
		data.Done, _ = words.In(v.lang).Say("done."+done, nil) // another word than these says nothing
	}
	shown, err := v.template(name, v.lang, v.zone)
	if err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	var out bytes.Buffer
	if err := shown.Execute(&out, data); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", v.lang)
	v.w.WriteHeader(v.status)
	_, _ = v.w.Write(out.Bytes()) // the browser is gone: nobody is left to tell
	return nil
}

// here gives the address that shows this page again, without some parameters.
func (v *visit) here(without ...string) string {
	if v.at != "" {
		return v.at
	}
	query := v.r.URL.Query()
	for _, name := range append(without, "done") {
		query.Del(name)
	}
	if v.r.Method == http.MethodPost || len(query) == 0 {
		return v.path()
	}
	return v.path() + "?" + query.Encode()
}

// path is here without the query. A form that was refused is shown on the page
// that it is on, which for some is not at the address it was sent to.
func (v *visit) path() string {
	at := v.r.URL.EscapedPath()
	if v.r.Method != http.MethodPost {
		return at
	}
	if person, ends := strings.CutSuffix(at, "/deputy/end"); ends {
		return person + "/deputy"
	}
	if strings.HasPrefix(at, "/inbox/") {
		return "/inbox"
	}
	if at == "/ledger/reviews" {
		return "/ledger"
	}
	for _, page := range []string{"/credentials/", "/handovers/", "/proposals/", "/ledger/", "/offboardings/", "/absences/", "/emergencies/", "/incidents/"} {
		if rest, on := strings.CutPrefix(at, page); on {
			name, below, _ := strings.Cut(rest, "/")
			if below == "target" || strings.HasPrefix(below, "target/") { // a page of its own
				name += "/target"
			}
			return page + name
		}
	}
	return at
}

// functions are what templates can call, in one language.
func (p *Pages) functions(lang string, zone *time.Location) template.FuncMap {
	t := func(key string, pairs ...any) (string, error) { return say(lang, key, pairs...) }
	return template.FuncMap{
		"t": t,
		"bilingual": func(key string) (string, error) { // for print
			first, err := say(words.Chinese, key)
			if err != nil {
				return "", err
			}
			second, err := say(words.English, key)
			return first + " " + second, err
		},
		"static":  p.static.at,
		"when":    func(t time.Time) template.HTML { return when(t, zone) },
		"exactly": func(t time.Time) template.HTML { return exactly(t, zone) },
		"note":    func(n custody.Note) string { return n.In(words.In(lang).Redacted()) },
		"span":    words.In(lang).Span,
		"value":   words.In(lang).Value,
		"label": func(field string) string { // of what a proposal changes
			if label, has := words.In(lang).Label(field); has {
				return label
			}
			return field
		},
		"in": func(kind, value any) (string, error) { // a word of the domain
			return t(fmt.Sprint(kind) + "." + fmt.Sprint(value))
		},
		"word": func(kind, value string) string { // the same of what an entry says, which may be anything
			if said, err := t(kind + "." + value); kind != "" && err == nil {
				return said
			}
			return value
		},
		"list":     words.In(lang).List,
		"same":     slices.Equal[[]string],
		"isolated": func(name string) string { return "\u2068" + name + "\u2069" }, // where no <bdi> may stand
		"has":      func(list []string, item string) bool { return slices.Contains(list, item) },
		"role": func(p custody.Person, roles ...string) bool {
			return slices.ContainsFunc(roles, func(r string) bool { return p.Is(custody.Role(r)) })
		},
		"args": func(pairs ...any) map[string]any {
			m := map[string]any{}
			for i := 0; i+1 < len(pairs); i += 2 {
				m[pairs[i].(string)] = pairs[i+1]
			}
			return m
		},
		"seconds":      func(n int64) (string, error) { return words.In(lang).Span(time.Duration(n) * time.Second) },
		"idle":         func() int { return int(p.Idle().Seconds()) },
		"wholeSeconds": func(d time.Duration) int { return int(d.Seconds()) },
	}
}
