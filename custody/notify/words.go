package notify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/notify/smtp"
	catalogue "github.com/tandem-custody/tandem/custody/words"
)

//go:embed locales/*.toml
var locales embed.FS

// words has everything that is written, by language.
type words map[string]*i18n.Localizer

func loadWords() (words, error) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	w := words{}
	for _, lang := range catalogue.Languages {
		if _, err := bundle.LoadMessageFileFS(locales, "locales/"+lang+".toml"); err != nil {
			return nil, fmt.Errorf("notify: catalogue %s: %w", lang, err)
		}
		w[lang] = i18n.NewLocalizer(bundle, lang)
	}
	return w, nil
}

// The most that one mail says.
const (
	maxNotices = 50 // of one mail
	maxNames   = 50 // of one list
)

// write gives the mails about one deed: one for each person who is concerned.
func (f *Follower) write(ctx context.Context, deed []indexed) ([]*letter, error) {
	first := deed[0]
	if f.Now().Sub(first.Time) > f.MaxAge {
		f.counts.failed.WithLabelValues(tooOld).Inc()
		return nil, nil
	}
	people, err := f.Directory.People(ctx)
	if err != nil {
		return nil, err
	}
	told := map[string][]notice{}
	for _, e := range deed {
		texts, err := f.Directory.Texts(ctx, e.Notes())
		if err != nil {
			return nil, err
		}
		e.Event = e.Filled(texts)
		notices, err := f.notices(ctx, e, people)
		if err != nil {
			return nil, err
		}
		for _, n := range notices {
			told[n.to] = append(told[n.to], n)
		}
	}
	var letters []*letter
	for _, p := range people { // so that the order is always the same
		if len(told[p.Username]) == 0 || p.Disabled {
			continue
		}
		chosen, err := f.Directory.Preference(ctx, p.Username)
		if err != nil {
			return nil, err
		}
		to := f.writer(p, people, chosen)
		for _, address := range addresses(told[p.Username]) {
			m, err := to.mail(first, address, told[p.Username])
			if err != nil {
				return nil, err
			}
			if m.To == "" {
				continue
			}
			letters = append(letters, &letter{Mail: m, username: p.Username, entry: first.index, at: first.Time, pause: f.newPause()})
		}
	}
	return letters, nil
}

// addresses gives those that a person's notices go to, each once, sorted; "" is
// the person's own.
func addresses(notices []notice) (all []string) {
	for _, n := range notices {
		all = append(all, n.address)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// writer writes to one person.
type writer struct {
	*Follower
	person custody.Person
	people []custody.Person
	say    *i18n.Localizer
	lang   string
	zone   *time.Location
}

func (f *Follower) writer(to custody.Person, people []custody.Person, chosen desk.Preference) writer {
	w := writer{Follower: f, person: to, people: people, lang: f.Language, zone: chosen.In(f.Zone)}
	if chosen.Language != "" {
		w.lang = chosen.Language
	}
	w.say = f.words[w.lang]
	return w
}

// mail is written in plain text: what happened, each with its link, and where it
// stands in the ledger. Of the notices it says those for this address.
func (w writer) mail(first indexed, address string, all []notice) (smtp.Mail, error) {
	notices := slices.DeleteFunc(slices.Clone(all), func(n notice) bool { return n.address != address })
	var text strings.Builder
	paragraph := func(key string, data map[string]any) error {
		said, err := w.text(key, data)
		text.WriteString(said + "\n\n")
		return err
	}
	if err := paragraph("frame.hello", map[string]any{"Name": smtp.OneLine(w.person.Name)}); err != nil {
		return smtp.Mail{}, err
	}
	for _, n := range notices[:min(len(notices), maxNotices)] {
		if err := paragraph("text."+n.kind, w.data(n.values)); err != nil {
			return smtp.Mail{}, err
		}
		text.WriteString(w.URL + n.page + "\n\n")
	}
	if more := len(notices) - maxNotices; more > 0 {
		if err := paragraph("frame.more", map[string]any{"Count": more}); err != nil {
			return smtp.Mail{}, err
		}
	}
	err := paragraph("frame.entry", map[string]any{"Index": first.index, "Time": w.at(first.Time), "Link": w.URL + first.page()})
	if err != nil {
		return smtp.Mail{}, err
	}
	if err := paragraph("frame.footer", nil); err != nil {
		return smtp.Mail{}, err
	}
	subject, err := w.text("subject."+notices[0].kind, w.data(notices[0].values))
	if more := len(notices) - 1; more > 0 {
		subject += fmt.Sprintf(" (+%d)", more)
	}
	return smtp.Mail{
		ID: w.id(first, address), Name: w.person.Name, To: cmp.Or(address, w.ownAddress()),
		Subject: "[Tandem] " + subject, Text: strings.TrimSuffix(text.String(), "\n"),
	}, err
}

// ownAddress gives where the person reads mails; "": nowhere.
func (w writer) ownAddress() string {
	at, _ := w.person.Email.Words()
	return at.Text
}

// id names a mail: the same one that is written again has the same.
func (w writer) id(first indexed, address string) string {
	what := fmt.Appendf(nil, "%q %d %q", w.Origin, first.index, w.person.Username)
	if address != "" {
		what = fmt.Appendf(what, " %q", address)
	}
	sum := sha256.Sum256(what)
	return hex.EncodeToString(sum[:16])
}

// text says something in the reader's language. A key that is not in the
// catalogue is an error, also when another language has it.
func (w writer) text(key string, data map[string]any) (string, error) {
	said, err := w.say.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: data, PluralCount: data["Count"]})
	if err != nil {
		return "", fmt.Errorf("notify: say %q in %s: %w", key, w.lang, err)
	}
	return said, nil
}

// data makes values ready to be read. What is empty is "", so that the words can
// leave it out.
func (w writer) data(v values) map[string]any {
	return map[string]any{
		"From": w.name(v.From), "To": w.name(v.To), "Person": w.name(v.Person), "Actor": w.name(v.Actor),
		"Handover": v.Handover, "Credential": v.Credential, "Credentials": w.list(v.Credentials),
		"Reason": smtp.OneLine(v.Reason.In(catalogue.In(w.lang).Redacted())), "Until": w.at(v.Until), "Expires": w.at(v.Expires), "Back": w.at(v.Back),
		"Witness": smtp.OneLine(v.Witness), "Type": w.kind(v.Type), "Subject": smtp.OneLine(v.Subject),
	}
}

// kind gives what entries of a type are called; the type itself, should it be a
// newer one than the catalogue.
func (w writer) kind(entryType string) string {
	said, err := w.text("type."+strings.ReplaceAll(entryType, ".", "_"), nil)
	if err != nil {
		return entryType
	}
	return said
}

// name gives somebody's name and username.
func (w writer) name(username string) string {
	i := slices.IndexFunc(w.people, func(p custody.Person) bool { return p.Username == username })
	if i < 0 {
		return username
	}
	return fmt.Sprintf("%s (%s)", smtp.OneLine(w.people[i].Name), username)
}

// list gives names one after the other, at most maxNames.
func (w writer) list(names []string) string {
	separator := ", "
	if w.lang == "zh" {
		separator = "、"
	}
	if more := len(names) - maxNames; more > 0 {
		return strings.Join(names[:maxNames], separator) + fmt.Sprintf("%s… (+%d)", separator, more)
	}
	return strings.Join(names, separator)
}

// at gives an instant in the reader's zone, which it names.
func (w writer) at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	at := t.In(w.zone)
	if _, offset := at.Zone(); offset == 0 {
		return at.Format("2006-01-02 15:04 UTC")
	}
	return at.Format("2006-01-02 15:04 UTC-07:00")
}

// page is where the entry is shown.
func (e indexed) page() string { return fmt.Sprintf("/ledger/%d", e.index) }
