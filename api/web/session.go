package web

import (
	"cmp"
	"net/http"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// sessionCookie holds the token of the session. Its name binds it to this origin
// (RFC 6265bis, 4.1.3.2); browsers take Secure from http on loopback too.
const sessionCookie = "__Host-tandem"

// deviceCookie tells that somebody has logged in here before, and opens nothing.
const deviceCookie = "__Host-tandem-device"

func (v *visit) setCookie(name, value string, seconds int) {
	http.SetCookie(v.w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

func (v *visit) clearCookie(name string) {
	if _, err := v.r.Cookie(name); err == nil {
		v.setCookie(name, "", -1)
	}
}

// identify finds out whose visit it is. A session that has ended is a stranger's, who
// can be told when and why.
func (v *visit) identify() error {
	cookie, err := v.r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	err = v.Identify(v.r.Context(), custody.SecretString(cookie.Value))
	if isRefusal(err, custody.Unauthenticated) {
		v.over = refusalIn(err)
		return nil
	}
	return err
}

// keepEnded is for how long a browser keeps a session that has ended, so that the
// log-in page can say when and why.
const keepEnded = 24 * time.Hour

// keepSession has the session go on: not when a page refreshes itself, so that one
// which nobody uses ends.
func (v *visit) keepSession() {
	if v.r.Header.Get("HX-Request") == "" && v.r.Pattern != "GET /events" {
		v.Use(v.r.Context())
		v.setCookie(sessionCookie, v.Token.Reveal(), int((v.Idle() + keepEnded).Seconds()))
	}
}

// stay is what "I am still here" asks for.
func (p *Pages) stay(v *visit) error {
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

type loginForm struct {
	Next, Why, Username string
	Ended               *problem // the log-in that this browser had; nil: none, or nobody knows
	Kept                bool     // what was typed waits behind the log-in
}

// endedFor says whose log-in of this browser has ended; "": it had none, or nobody knows.
func (v *visit) endedFor() string {
	if v.over == nil || v.over.Key != "session_ended" {
		return ""
	}
	return v.over.Args["person"].(string)
}

func (p *Pages) login(v *visit) error {
	if v.Person.Username != "" && v.problem == nil {
		return v.redirect("/", "")
	}
	form := loginForm{Username: v.field("username"), Next: v.field("next")}
	if v.sent == nil {
		query := v.r.URL.Query()
		form.Next, form.Why = query.Get("next"), query.Get("why")
		form.Username = cmp.Or(query.Get("as"), v.endedFor()) // so that a link can name who is to log in
	}
	form.Kept = keeps(form.Next)
	if v.endedFor() != "" {
		var err error
		if form.Ended, err = v.said(v.over); err != nil {
			return err
		}
	}
	v.clearCookie(sessionCookie) // it is said once
	return v.render("login", form)
}

func (p *Pages) signIn(v *visit) error {
	if err := v.PaceSignIn(); err != nil {
		return v.again(err, p.login)
	}
	v.Verb = custody.SignIn{}.Verb()
	signed, err := p.entered(v, desk.SignInRequest{
		Username: v.field("username"), Password: custody.SecretString(v.field("password")),
		Code: v.code(), Request: v.ID, From: v.place(), Remember: true,
	})
	if err != nil {
		return v.again(err, p.login)
	}
	v.Person, v.Token = signed.Person, signed.Token
	v.keepSession()
	if !signed.Device.IsZero() {
		v.setCookie(deviceCookie, signed.Device.Reveal(), oneYear)
	}
	next := v.field("next")
	if !local(next) {
		next = "/"
	}
	if len(signed.RecoveryCodes) > 0 {
		return v.showRecoveryCodes(signed.Person, signed.RecoveryCodes, next)
	}
	return v.redirect(next, "")
}

// signOut ends the session. It is open, because logging out twice is no mistake.
func (p *Pages) signOut(v *visit) error {
	if v.Person.Username != "" {
		v.Verb = custody.SignOut{}.Verb()
		if err := p.Desk.SignOut(v.r.Context(), v.Token, v.ID); err != nil {
			return err
		}
	}
	v.setCookie(sessionCookie, "", -1)
	v.w.Header().Set("Clear-Site-Data", `"cache"`)
	why := "out"
	if v.field("why") == "idle" {
		why = "idle"
	}
	http.Redirect(v.w, v.r, "/login?why="+why, http.StatusSeeOther)
	return nil
}
