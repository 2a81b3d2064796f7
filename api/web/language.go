package web

import (
	"fmt"
	"slices"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/words"
)

// languageCookie remembers a browser's choice, which counts until somebody has
// logged in who has chosen for themselves (preferences.go). It is no secret, but
// has the same protection.
const languageCookie = "__Host-tandem-language"

const oneYear = 365 * 24 * 60 * 60 // seconds

// languageOf gives the one that was chosen in the browser, or else the browser's.
func (v *visit) languageOf() string {
	if chosen, err := v.r.Cookie(languageCookie); err == nil && slices.Contains(words.Languages, chosen.Value) {
		return chosen.Value
	}
	return v.Language
}

// say gives words of the catalogue in a language. pairs are names and values that
// stand in them.
func say(lang, key string, pairs ...any) (string, error) {
	args := custody.Args{}
	for i := 0; i+1 < len(pairs); i += 2 {
		args[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return words.In(lang).Say(key, args)
}

// changeLanguage remembers a choice, of the browser and of who is logged in, and
// goes back to where it was made.
func (p *Pages) changeLanguage(v *visit) error {
	if lang := v.field("language"); slices.Contains(words.Languages, lang) {
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
