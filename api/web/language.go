package web

import (
	"fmt"
	"net/http"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// The languages, as the lang attribute names them.
const (
	english = "en"
	chinese = "zh"
)

var languages = desk.Languages

var matcher = language.NewMatcher([]language.Tag{language.English, language.Chinese})

// languageCookie remembers a browser's choice, which counts until somebody has
// logged in who has chosen for themselves (preferences.go). It is no secret, but
// has the same protection.
const languageCookie = "__Host-tandem-language"

const oneYear = 365 * 24 * 60 * 60 // seconds

// catalogue has every string that pages show, except what the rules say.
type catalogue map[string]*i18n.Localizer

func loadCatalogue() (catalogue, error) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	c := catalogue{}
	for _, lang := range languages {
		if _, err := bundle.LoadMessageFileFS(files, "locales/"+lang+".toml"); err != nil {
			return nil, fmt.Errorf("catalogue %s: %w", lang, err)
		}
		c[lang] = i18n.NewLocalizer(bundle, lang)
	}
	return c, nil
}

// language gives the one that was chosen in the browser, or else the browser's.
func (c catalogue) language(r *http.Request) string {
	if chosen, err := r.Cookie(languageCookie); err == nil && c[chosen.Value] != nil {
		return chosen.Value
	}
	_, index := language.MatchStrings(matcher, r.Header.Get("Accept-Language"))
	return languages[index]
}

// say gives a string in a language. pairs are names and values that stand in it;
// the value of Count also chooses the plural. A key that is not in the catalogue
// is an error, also when another language has it.
func (c catalogue) say(lang, key string, pairs ...any) (string, error) {
	values := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	said, err := c[lang].Localize(&i18n.LocalizeConfig{
		MessageID: key, TemplateData: values, PluralCount: values["Count"],
	})
	if err != nil {
		return "", fmt.Errorf("say %q in %s: %w", key, lang, err)
	}
	return said, nil
}

// both gives a string in both languages.
func (c catalogue) both(key string) custody.Text {
	en, _ := c.say(english, key)
	zh, _ := c.say(chinese, key)
	return custody.Text{En: en, Zh: zh}
}

// changeLanguage remembers a choice, of the browser and of who is logged in, and
// goes back to where it was made.
func (p *Pages) changeLanguage(v *visit) error {
	if lang := v.field("language"); p.text[lang] != nil {
		v.setCookie(languageCookie, lang, oneYear)
		if err := v.chooseLanguage(lang); err != nil {
			return err
		}
	}
	back := v.field("back")
	if !local(back) {
		back = "/"
	}
	return v.redirect(back, "")
}
