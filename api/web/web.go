package web

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Desk is the API's, which also tells when something was committed.
type Desk interface {
	api.Desk
	Follow() <-chan struct{}
	PolicyInForce() custody.PolicyInForce
	// MayPlan says of each time what would keep somebody from planning to be away then.
	MayPlan(person string, times []custody.Span) []*custody.Refusal
	MayTestTarget(ctx context.Context, by desk.By, target desk.TargetTrial) error
	// Lacking gives the approving roles that nobody could act in.
	Lacking(ctx context.Context) ([]custody.Role, error)
}

// Config is what the pages work with.
type Config struct {
	Desk    Desk
	Queries api.Queries
	Ledger  audit.Source // the same ledger, for the mark that it was verified
	Closing api.Closing  // what lies in the folder of envelopes; nil: nothing is known of it
	Offered Offered      // to who adds a credential or changes its policy
	Log     *slog.Logger

	PublicURL   string // where people reach it, for links; "": they begin with the path
	Maintenance bool   // every page says that nothing is done outside

	// TestTarget opens a target as described, logs in with the password if there
	// is one, and changes nothing. Its error is for the person who typed. nil: the
	// pages do not offer it.
	TestTarget func(ctx context.Context, t custody.Target, key, password custody.Secret) error

	Clock func() time.Time // nil: time.Now
	Zone  *time.Location   // of the times that are shown and typed, to those who chose none; nil: UTC
}

// Pages is the handler of everything that is not below /api/.
type Pages struct {
	Config

	mux      *http.ServeMux
	patterns []string // of the pages
	looks    looks
	static   staticFiles
	signedIn shared[desk.SignedIn]
	regained shared[desk.NewAuthenticator]
	showed   shared[[]custody.Secret]
	refusals refusedForms
	watch    watch
	ended    chan struct{} // closed when Run ends: streams end
}

//go:embed templates static
var files embed.FS

// New makes the pages. An error is a mistake in the embedded files.
func New(c Config) (*Pages, error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	p := &Pages{
		Config: c, mux: http.NewServeMux(), ended: make(chan struct{}), looks: looks{shown: map[look]*template.Template{}},
	}
	var err error
	if p.static, err = loadStatic(); err != nil {
		return nil, err
	}
	if _, err = parsedTemplates(); err != nil {
		return nil, err
	}
	p.routes()
	return p, nil
}

// Idle is after how long without a visit a session ends.
func (p *Pages) Idle() time.Duration {
	if idle := p.Desk.PolicyInForce().Values.SessionIdle; idle > 0 {
		return idle
	}
	return custody.DefaultPolicy().SessionIdle // of a ledger that cannot be read
}

// Run keeps verifying the ledger and lets live pages follow, until ctx ends. It
// is called once; then the streams end too, so that a server can stop.
func (p *Pages) Run(ctx context.Context) error {
	defer close(p.ended)
	p.verifyAlways(ctx)
	return nil
}

// ServeHTTP answers a request for a page.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// routes is the table of all pages. Those under open are for strangers too.
func (p *Pages) routes() {
	p.patterns = append(p.patterns, "GET /static/")
	p.mux.Handle("GET /static/", p.static)
	p.open("GET /login", p.login)
	p.open("POST /login", p.signIn)
	p.open("GET /recovery", p.recovery)
	p.open("POST /recovery", p.recover)
	p.open("GET /activation/{token}", p.admission)
	p.open("POST /activation/{token}", p.openLink)
	p.open("GET /activation/{token}/confirm", p.proveForm)
	p.open("POST /activation/{token}/confirm", p.join)
	p.open("POST /language", p.changeLanguage)
	p.open("POST /logout", p.signOut)
	p.open("/", p.nothingHere)

	p.closed("GET /{$}", p.home)
	p.closed("GET /session/stay", p.stay)
	p.closed("GET /events", p.events)

	p.closed("GET /credentials", p.credentials)
	p.closed("GET /custody", p.custody)
	p.closed("GET /credentials/{name}", p.credential)
	p.closed("GET /credentials/{name}/checkout", p.checkedOut)
	p.closed("POST /credentials/{name}/checkout", p.checkOut)
	p.closed("POST /credentials/{name}/show", p.showAgain)
	p.closed("POST /credentials/{name}/checkin", p.checkIn)
	p.closed("POST /credentials/{name}/offer", p.offerOne)
	p.closed("POST /credentials/{name}/take", p.take)
	p.closed("POST /credentials/{name}/park", p.park)
	p.closed("GET /credentials/{name}/target", p.target)
	p.closed("POST /credentials/{name}/target", p.retarget)
	p.closed("POST /credentials/{name}/target/confirm", p.confirmTarget)
	p.closed("POST /credentials/{name}/rotate", p.rotate)
	p.closed("POST /credentials/{name}/reconcile", p.reconcile)
	p.closed("GET /credentials/{name}/new-password", p.shownNew)
	p.closed("POST /credentials/{name}/new-password", p.showNew)
	p.closed("POST /credentials/{name}/set", p.confirmSet)
	p.closed("POST /credentials/{name}/pause", p.pause)
	p.closed("POST /credentials/{name}/resume", p.resume)
	p.closed("POST /credentials/{name}/cancel", p.callOff)
	p.closed("POST /credentials/{name}/policy", p.changePolicy)
	p.closed("POST /credentials/{name}/retire", p.retire)
	p.closed("POST /credentials/{name}/abandon", p.abandon)
	p.closed("GET /rotations", p.fleet)
	p.closed("POST /rotations", p.rotateAll)

	p.closed("GET /leave", p.leave)
	p.closed("POST /leave", p.goAway)
	p.closed("GET /back", p.back)
	p.closed("POST /back", p.comeBack)

	p.closed("GET /absences", p.absences)
	p.closed("POST /absences", p.planAbsence)
	p.closed("GET /absences/import", p.importForm)
	p.closed(importRoute, p.importAbsences)
	p.closed("POST /absences/import/plan", p.planImported)
	p.closed("GET /absences/{id}", p.absence)
	p.closed("POST /absences/{id}/move", p.moveAbsence)
	p.closed("POST /absences/{id}/cancel", p.cancelAbsence)
	p.closed("POST /absences/{id}/sign", p.signAbsence)
	p.closed("POST /absences/{id}/swap", p.swapAbsence)
	p.closed("POST /absences/{id}/end", p.endAbsence)

	p.closed("GET /inbox", p.inbox)
	p.closed("POST /inbox/accept", p.acceptAll)
	p.closed("POST /inbox/set", p.confirmSetAll)
	p.closed("GET /handovers", p.handovers)
	p.closed("GET /handovers/{id}", p.handover)
	p.closed("GET /handovers/{id}/record", p.record)
	p.closed("POST /handovers/{id}/accept", p.accept)
	p.closed("POST /handovers/{id}/decline", p.decline)
	p.closed("POST /handovers/{id}/cancel", p.cancel)
	p.closed("POST /handovers/{id}/sign", p.signHandover)
	p.closed("POST /handovers/{id}/return", p.giveBack)

	p.closed("GET /proposals", p.proposals)
	p.closed("GET /proposals/{id}", p.proposal)
	p.closed("POST /proposals/{id}/approve", p.approve)
	p.closed("POST /proposals/{id}/reject", p.reject)
	p.closed("POST /proposals/{id}/withdraw", p.withdraw)
	p.closed("GET /proposals/{id}/revise", p.revise)
	p.closed("GET /people/{username}/deputy", p.deputy)
	p.closed("POST /people/{username}/deputy", p.proposeDeputy)
	p.closed("POST /people/{username}/deputy/end", p.endDeputy)
	p.closed("POST /credentials/{name}/custodians", p.proposeCustodians)

	p.closed("GET /envelopes", p.envelopes)
	p.closed("POST /envelopes", p.envelopeOpened)
	p.closed("GET /emergencies", p.emergencies)
	p.closed("GET /emergencies/new", p.newEmergency)
	p.closed("POST /emergencies/new", p.requestEmergency)
	p.closed("GET /emergencies/{id}", p.emergency)
	p.closed("POST /emergencies/{id}/approve", p.approveEmergency)
	p.closed("POST /emergencies/{id}/reject", p.rejectEmergency)
	p.closed("POST /emergencies/{id}/withdraw", p.withdrawEmergency)
	p.closed("POST /emergencies/{id}/end", p.endEmergency)
	p.closed("POST /emergencies/{id}/review", p.reviewEmergency)
	p.closed("GET /incidents", p.incidents)
	p.closed("GET /incidents/new", p.newIncident)
	p.closed("POST /incidents/new", p.reportIncident)
	p.closed("GET /incidents/{id}", p.incident)
	p.closed("POST /incidents/{id}/ack", p.acknowledgeIncident)
	p.closed("POST /incidents/{id}/assess", p.assessIncident)
	p.closed("POST /incidents/{id}/close", p.closeIncident)

	p.closed("GET /preferences", p.preferences)
	p.closed("POST /preferences", p.changePreferences)

	p.closed("GET /preferences/password", p.passwordForm)
	p.closed("POST /preferences/password", p.changePassword)
	p.closed("GET /preferences/authenticator", p.authenticatorForm)
	p.closed("POST /preferences/authenticator", p.replaceAuthenticator)
	p.closed("GET /preferences/authenticator/confirm", p.proveNewForm)
	p.closed("POST /preferences/authenticator/confirm", p.proveNew)
	p.closed("POST /preferences/sessions", p.endSession)
	p.closed("GET /preferences/email", p.emailForm)
	p.closed("GET /preferences/calendar", p.feed)
	p.closed("POST /preferences/calendar", p.openFeed)
	p.closed("POST /preferences/calendar/close", p.closeFeed)
	p.closed("POST /preferences/email", p.changeEmail)

	p.closed("GET /people", p.people)
	p.closed("GET /people/{username}/admission", p.release)
	p.closed("GET /offboardings", p.offboardings)
	p.closed("GET /offboardings/{username}", p.offboarding)
	p.closed("GET /offboardings/{username}/certificate", p.leavingCertificate)
	p.closed("POST /offboardings/{username}/items/{n}", p.settle)
	p.closed("GET /founding", p.founding)
	p.closed("POST /founding", p.confirmFounding)
	p.closed("GET /configuration", p.configuration)
	p.closed("POST /configuration", p.acknowledgeConfiguration)
	p.closed("GET /policy", p.policy)
	p.closed("POST /policy", p.adoptPolicy)
	p.closed("GET /policy/review", p.policy)
	p.closed("POST /policy/review", p.reviewPolicy)

	p.closed("GET /ledger", p.ledger)
	p.closed("GET /ledger/{index}", p.entry)
	p.closed("GET /ledger/{index}/proof", p.proof)
	p.closed("POST /ledger/reviews", p.signReview)
	p.closed("POST /ledger/{index}/redact", p.redact)

	p.closed("GET /ledger.csv", p.export)
	p.closed("GET /ledger.jsonl", p.export)

	p.closed("GET /admin/people/new", p.newPerson)
	p.closed("POST /admin/people/new", p.proposePerson)
	p.closed("GET /admin/people/{username}/roles", p.aboutPerson("person_roles"))
	p.closed("POST /admin/people/{username}/roles", p.proposeRoles)
	p.closed("GET /admin/people/{username}/enrolment", p.aboutPerson("person_enrol"))
	p.closed("POST /admin/people/{username}/enrolment", p.proposeEnrolment)
	p.closed("GET /admin/people/{username}/disable", p.disableForm)
	p.closed("POST /admin/people/{username}/disable", p.disable)
	p.closed("GET /admin/people/{username}/reinstate", p.aboutPerson("person_reinstate"))
	p.closed("POST /admin/people/{username}/reinstate", p.reinstate)
	p.closed("GET /admin/people/{username}/departure", p.departureForm)
	p.closed("POST /admin/people/{username}/departure", p.planDeparture)
	p.closed("GET /people/refound", p.refoundingForm)
	p.closed("POST /people/refound", p.refound)
	p.closed("GET /people/{username}/recovery", p.recoveryStopForm)
	p.closed("POST /people/{username}/recovery", p.stopRecovery)
	p.closed("GET /admin/people/{username}/link", p.linkForm)
	p.closed("POST /admin/people/{username}/link", p.issueLink)
	p.closed("GET /admin/people/{username}/unlock", p.unlockForm)
	p.closed("POST /admin/people/{username}/unlock", p.unlock)
	p.closed("GET /admin/people/{username}/email", p.emailForm)
	p.closed("POST /admin/people/{username}/email", p.changeEmail)
	p.closed("GET /admin/credentials/new", p.newCredential)
	p.closed("POST /admin/credentials/new", p.addCredential)
}
