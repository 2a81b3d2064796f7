package web

import (
	"net/http"
	"strings"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// newCredentialPage is in two steps, with and without JavaScript: first the kind
// of target, as a link, then the fields that this kind has.
type newCredentialPage struct {
	Kinds    []desk.TargetKind
	Kind     *desk.TargetKind // nil: not chosen yet
	Probe    string
	Settings []setting // of the kind, then of the probe

	Technicians []custody.Person
	Policy      policyForm
	CanTest     bool
	Tested      bool // and it works
	Failed      *problem
}

// newCredential shows the form. What only a part of the page asked for says in
// that part what went wrong.
func (p *Pages) newCredential(v *visit) error {
	shown := newCredentialPage{}
	if v.r.Method == http.MethodPost {
		var err error
		if shown.Failed, err = v.said(v.problem); err != nil {
			return err
		}
		v.problem, v.status = nil, http.StatusOK
	}
	return v.credentialForm(shown)
}

func (v *visit) credentialForm(shown newCredentialPage) error {
	chosen := v.r.URL.Query()
	if len(v.r.PostForm) > 0 {
		chosen = v.r.PostForm
	}
	shown.Tested = shown.Tested || v.sent != nil && v.sent.problem == nil && v.sent.fields.Get("do") == "test"
	shown.Kinds, shown.CanTest = v.Offered.Kinds, v.TestTarget != nil
	if k, known := v.kindOf(chosen.Get("kind")); known {
		shown.Kind, shown.Settings = &k, settingsOf(k.Settings)
		if extra, known := probeOf(k, chosen.Get("probe")); known {
			shown.Probe, shown.Settings = chosen.Get("probe"), append(shown.Settings, extra...)
		}
		shown.Policy = v.policyForm(custody.CredentialPolicy{}, !k.ByHand, len(v.r.PostForm) > 0)
	}
	people, err := v.Queries.People(v.r.Context())
	if err != nil {
		return err
	}
	for _, person := range people {
		if person.Is(custody.Technician) && !person.Disabled {
			shown.Technicians = append(shown.Technicians, person)
		}
	}
	return v.render("credential_new", shown)
}

// addCredential adds the account, or tests the target, which is entered first.
func (p *Pages) addCredential(v *visit) error {
	if v.Person.Is(custody.Auditor) { // before anything is connected to
		return v.again(errNoAuditor, p.newCredential)
	}
	k, known := p.kindOf(v.field("kind"))
	if !known {
		return v.again(custody.Invalid("target.kind", "choose_first"), p.newCredential)
	}
	add, target, err := v.credentialAction(k)
	if err != nil {
		return v.again(err, p.newCredential)
	}
	var password, key custody.Secret
	if k.Password {
		password = custody.SecretString(v.field("password"))
	}
	if k.Admin != desk.NoAdmin {
		key = custody.SecretString(strings.ReplaceAll(v.field("admin_key"), "\r\n", "\n")) // as browsers send lines
	}
	if v.field("do") == "test" && p.TestTarget != nil {
		if err := v.test(add.Target, target, key, password); err != nil {
			return v.again(err, p.newCredential)
		}
		return v.tested()
	}
	if id := v.field(reviseField); id != "" {
		outcome, err := p.Desk.ReviseCredential(v.r.Context(), v.by(custody.Revise{}), id, add, desk.NewNote(v.field("reason")), password, key)
		return v.revised(outcome, err, p.newCredential)
	}
	outcome, err := p.Desk.ProposeCredential(v.r.Context(), v.by(custody.Propose{}), add, desk.NewNote(v.field("reason")), password, key)
	if err != nil {
		return v.again(err, p.newCredential)
	}
	return v.redirect("/proposals/"+outcome.Events[0].Fact.Subject(), "proposed")
}

// test tries a target once. Every test is asked for with a code of its own, also where a
// form comes again: no answer is remembered for it.
func (v *visit) test(notes custody.TargetNotes, target custody.Target, key, password custody.Secret) error {
	if err := v.Desk.MayTestTarget(v.r.Context(), v.by(custody.TestTarget{}), desk.TargetTrial{Notes: notes, Key: key}); err != nil {
		return err
	}
	return v.TestTarget(v.r.Context(), target, key, password)
}

// tested shows the form again, with the word that the target works.
func (v *visit) tested() error {
	if v.hasForm() {
		return v.askAgain()
	}
	return v.credentialForm(newCredentialPage{Tested: true})
}

var errNoAuditor = &custody.Refusal{Code: custody.Forbidden, Rule: "3.1", Key: "only", Args: custody.Args{"only": custody.Term{List: "only", Code: "no_auditor"}}}

// credentialAction reads the form of a kind: nothing else that was sent counts.
func (v *visit) credentialAction(k desk.TargetKind) (add custody.AddCredential, target custody.Target, err error) {
	target = custody.Target{
		Kind: k.Name, Address: strings.TrimSpace(v.field("address")), Account: strings.TrimSpace(v.field("account")), Settings: map[string]string{},
	}
	settings := settingsOf(k.Settings)
	if probe := v.field("probe"); probe != "" {
		extra, known := probeOf(k, probe)
		if !known {
			return add, target, custody.Invalid("target.settings.probe", "not_offered")
		}
		target.Settings["probe"] = probe
		settings = append(settings, extra...)
	}
	for _, s := range settings {
		if value := s.value(v.field("set." + s.Name)); value != "" {
			target.Settings[s.Name] = value
		}
	}
	add = custody.AddCredential{Name: v.field("name"), Primary: v.field("primary"), Backup: v.field("backup"), Target: desk.NewTarget(target)}
	add.Policy, err = v.policyTyped()
	return add, target, err
}
