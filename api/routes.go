package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tandem-custody/tandem/api/edge"
)

// prefix is where the API is.
const prefix = "/api/v1"

// endpoints is the table of everything that can be asked for.
func (s *Server) endpoints() {
	open := op("POST", "/sessions", "sign-in", "Log in with password and TOTP code")
	open.DefaultStatus = http.StatusCreated
	open.Security = nil
	handle(s, open, s.signIn)
	lost := op("POST", "/sessions/recovery", "recover", "Replace a lost TOTP seed with a recovery code; opens no session")
	lost.DefaultStatus = http.StatusOK
	lost.Security = nil
	handle(s, lost, s.recover)
	register(s, op("DELETE", "/sessions/current", "sign-out", "Log out"), s.signOut)

	first := op("POST", "/activation/{token}", "open-link", "With a link and its release code, choose a password and get an authenticator")
	first.DefaultStatus = http.StatusOK
	first.Security = nil
	handle(s, first, s.openLink)
	second := op("POST", "/activation/{token}/confirm", "join", "Prove that authenticator with a code; from now on the person can log in")
	second.DefaultStatus = http.StatusOK
	second.Security = nil
	handle(s, second, s.join)
	query(s, "/founding", "founding", "Who there is, for a manager and a director to confirm", s.founding)
	command(s, "/founding/confirm", "confirm-founding", 200, "Say that these are the people; after a manager and a director nobody comes in alone", s.confirmFounding)

	query(s, "/configuration", "configuration", "What of the configuration stands on record, and what of it a manager has to look at", s.configuration)
	command(s, "/configuration/acknowledge", "acknowledge-configuration", 200, "Put in force what a service has started with; until then what was changed is given no password", s.acknowledgeConfiguration)

	query(s, "/me", "me", "Who I am, what I hold, what waits for me", s.me)
	command(s, "/me/presence", "set-presence", 200, "Go away, come back", s.setPresence)
	query(s, "/me/absences", "list-absences", "When I will be away, and how far that is prepared", s.listAbsences)
	command(s, "/me/absences", "plan-absence", 201, "Plan to be away, and sign for what passes on then", s.planAbsence)
	command(s, "/me/absences/several", "plan-absences", 201, "Plan to be away several times, with one code: all of them or none", s.planAbsences)
	command(s, "/me/absences/swap", "swap-absences", 200, "Ask for a swap of one of mine with somebody else's, or agree to theirs", s.swapAbsences)
	command(s, "/me/absences/{id}/sign", "sign-absence", 200, "Sign that all I hold, and have not signed for, passes on when it begins", s.signAbsence)
	handle(s, op("PATCH", "/me/absences/{id}", "move-absence", "Give one of mine another time; what was signed for it counts no more"), s.moveAbsence)
	handle(s, op("DELETE", "/me/absences/{id}", "cancel-absence", "Call one of mine off"), s.cancelAbsence)
	handle(s, made("/me/calendar", "open-feed", "Get an address at which a calendar program reads who is away; it is shown once, and one before counts no more"), s.openFeed)
	register(s, op("DELETE", "/me/calendar", "close-feed", "Make that address worth nothing"), s.closeFeed)
	feed := op("GET", "/calendar/{feed}", "feed", "Who is away when, as iCalendar (RFC 5545), for whoever has the address")
	feed.Security = nil
	feed.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/calendar": textMedia}}}
	register(s, feed, s.feed)
	query(s, "/absences", "calendar", "Who is away when, and when neither custodian of something is there", s.calendar)
	command(s, "/people/{username}/absences/{id}/end", "end-absence", 200, "End somebody's plan that blocks a partner, by a manager; both are told", s.endAbsence)
	query(s, "/me/preferences", "preferences", "In which language and time zone I am spoken to", s.preferences)
	handle(s, op("PUT", "/me/preferences", "set-preferences", "Choose language and time zone"), s.setPreferences)

	register(s, op("POST", "/me/password", "change-password", "Change the password that I log in with; ends my other sessions"), s.changePassword)
	handle(s, once("/me/authenticator", "replace-authenticator", "Get another authenticator in the place of mine; it counts after the confirmation"), s.replaceAuthenticator)
	handle(s, once("/me/authenticator/confirm", "prove-authenticator", "Prove it with a code; mine counts no more, and my other sessions end"), s.proveAuthenticator)
	query(s, "/me/sessions", "list-sessions", "Where I am logged in", s.listSessions)
	register(s, op("DELETE", "/me/sessions", "end-other-sessions", "Log out everywhere but here"), s.endOtherSessions)
	register(s, op("DELETE", "/me/sessions/{id}", "end-session", "Log out in one place"), s.endSession)

	handle(s, op("PATCH", "/me", "edit-me", "Change my e-mail address"), s.editMe)

	query(s, "/people", "list-people", "Everybody", s.listPeople)
	query(s, "/people/{username}", "get-person", "One person", s.getPerson)
	command(s, "/people", "add-person", 202, "Propose that somebody gets an account; nobody but they ever sees their password", s.proposePerson)
	command(s, "/people/{username}/roles", "set-roles", 202, "Propose other roles of somebody", s.proposeRoles)
	command(s, "/people/{username}/enrolment", "enrol-person", 202, "Propose that somebody sets up their log-in anew", s.proposeEnrolment)
	command(s, "/people/{username}/activation", "issue-link", 201, "Make the link with which somebody who was approved sets up their log-in; shown once", s.issueLink)
	query(s, "/people/{username}/disable", "disabling", "What would become of everything if somebody's access ended now", s.disabling)
	command(s, "/people/{username}/disable", "disable-person", 200, "End somebody's access at once; what they know is changed", s.disablePerson)
	command(s, "/people/{username}/disable/proposal", "propose-disabling", 202, "Propose that somebody's access ends, where one person may not end it", s.proposeDisabling)
	command(s, "/people/{username}/reinstate", "reinstate-person", 202, "Propose that somebody whose access ended gets it back", s.proposeReinstating)
	command(s, "/people/{username}/departure", "plan-departure", 202, "Propose the date on which somebody's access ends, another one, or none any more", s.proposeDeparture)
	command(s, "/people/{username}/refound", "refound", 202, "Propose that somebody gets the approving role that nobody has any more; everybody has a week's notice", s.proposeRefounding)
	command(s, "/people/{username}/recovery/stop", "stop-recovery", 200, "Stop a log-in that was asked for on the server's machine", s.stopRecovery)
	query(s, "/offboardings", "list-offboardings", "Who left or changed post, those first that are not done", s.listOffboardings)
	query(s, "/offboardings/{username}", "get-offboarding", "What is to be done for somebody who left, and how far it is", s.getOffboarding)
	command(s, "/offboardings/{username}/items/{n}", "settle-item", 200, "Say that something was done outside for somebody who left", s.settleItem)
	command(s, "/people/{username}/deputy", "name-deputy", 202, "Propose who decides about proposals in the place of a manager or a director while they are away", s.proposeDeputy)
	command(s, "/people/{username}/deputy/end", "end-deputy", 200, "End at once that somebody has a deputy; by either of the two, an admin, a manager or a director", s.endDeputy)
	query(s, "/approvers", "approvers", "Who could approve at each level, and where fewer than two could", s.approving)
	command(s, "/people/{username}/unlock", "unlock-person", 200, "Lift whatever keeps somebody from logging in or confirming", s.unlockPerson)
	handle(s, op("PATCH", "/people/{username}", "edit-person", "Change an e-mail address: my own; another's is proposed"), s.editPerson)
	command(s, "/people/{username}/email", "propose-email", 202, "Propose another e-mail address of somebody else; a manager approves", s.proposeEmail)

	query(s, "/credentials", "list-credentials", "All credentials", s.listCredentials)
	query(s, "/credentials/{name}", "get-credential", "One credential", s.getCredential)
	query(s, "/credentials/{name}/history", "credential-history", "Entries of the ledger about it", s.history)
	query(s, "/credentials/{name}/exposure", "credential-exposure", "Who was shown its password, proved by entries of the ledger", s.exposure)
	command(s, "/credentials", "add-credential", 202, "Propose to put an account under custody; a manager and a director approve", s.addCredential)
	command(s, "/credentials/{name}/checkout", "check-out", 200, "Reveal the password to its holder", s.checkOut)
	command(s, "/credentials/{name}/show", "show-again", 200, "Reveal the password of a check-out that lasts once more", s.showAgain)
	command(s, "/credentials/{name}/checkin", "check-in", 200, "End the check-out before its time", s.checkIn)
	command(s, "/credentials/{name}/take", "take", 200, "Take what is parked, or will be when its password is changed", s.take)
	command(s, "/credentials/{name}/park", "park", 202, "Propose that a credential with a vacant seat is parked, so that its only custodian can go", s.proposeParking)
	command(s, "/credentials/{name}/envelope-opened", "envelope-opened", 202, "Say that two keyholders opened its envelope; the password is changed", s.envelopeOpened)
	command(s, "/credentials/{name}/envelope-drill", "envelope-drill", 202, "Prove that two keyholders opened its envelope in a drill; the password is tried on its server, and changed", s.envelopeDrill)
	command(s, "/credentials/{name}/rotate", "rotate", 202, "Ask for a new password", s.rotate)
	command(s, "/credentials/rotate", "rotate-all", 202, "Ask for new passwords of all that I may ask it for", s.rotateAll)
	command(s, "/credentials/{name}/reconcile", "reconcile", 202, "Set a lost password through the target's second account", s.reconcile)
	command(s, "/credentials/{name}/new-password", "new-password", 200, "Show its successor the password to set by hand, or that of a paused rotation", s.newPassword)
	command(s, "/credentials/{name}/set", "confirm-set", 202, "Say that the new password is set by hand", s.confirmSet)
	command(s, "/credentials/set", "confirm-set-all", 202, "Say of several new passwords that they are set by hand, with one code: of all or of none", s.confirmSetAll)
	command(s, "/credentials/{name}/pause", "pause-rotation", 200, "Stop the attempts at changing a password", s.pauseRotation)
	command(s, "/credentials/{name}/resume", "resume-rotation", 202, "Let a paused rotation go on at once", s.resumeRotation)
	command(s, "/credentials/{name}/cancel", "cancel-rotation", 200, "Call off a rotation that has surely not reached the target", s.cancelRotation)
	command(s, "/credentials/{name}/abandon", "abandon", 202, "Propose to end custody of an account whose password cannot be changed and is not known", s.abandon)
	command(s, "/credentials/{name}/policy", "change-policy", 200, "Replace the policy of a credential by a stricter one, by an admin", s.changePolicy)
	command(s, "/credentials/{name}/policy/proposal", "propose-policy", 202, "Propose another policy of a credential", s.proposePolicy)
	query(s, "/credentials/{name}/target", "show-target", "How an account is reached, what its host is known by, and who has to confirm that", s.showTarget)
	command(s, "/credentials/{name}/target", "retarget", 202, "Propose that an account is reached in another way: address, settings, second account, the password that it has", s.retarget)
	command(s, "/credentials/{name}/target/confirm", "confirm-target", 200, "Confirm how an account is reached, by whose password goes there; nothing is sent there before", s.confirmTarget)
	command(s, "/credentials/{name}/retire", "retire", 202, "Propose to end custody", s.retire)

	query(s, "/handovers", "list-handovers", "Handovers, the newest first", s.listHandovers)
	query(s, "/handovers/{id}", "get-handover", "One handover", s.getHandover)
	command(s, "/handovers", "offer-handover", 201, "Ask the other custodians to take over: one handover for each", s.offerHandover)
	command(s, "/handovers/{id}/accept", "accept-handover", 200, "Take over everything in it", s.acceptHandover)
	command(s, "/handovers/accept", "accept-handovers", 200, "Take over everything in several, with one code: all of them or none", s.acceptHandovers)
	command(s, "/handovers/{id}/decline", "decline-handover", 200, "End an offer, by its receiver", s.declineHandover)
	command(s, "/handovers/{id}/cancel", "cancel-handover", 200, "End an offer, by its giver", s.cancelHandover)
	command(s, "/handovers/{id}/sign", "sign-handover", 200, "Sign, by its receiver, what passes on when an absence begins", s.signHandover)
	command(s, "/handovers/{id}/return", "return-handover", 200, "Give or take back; the password is changed first", s.returnHandover)

	query(s, "/envelopes", "list-envelopes", "Envelopes for when Tandem is down: whose they are, how each stands, whose drill is due", s.listEnvelopes)
	query(s, "/emergencies", "list-emergencies", "Emergencies that are open, to be reviewed, or the last of their credentials, the newest first", s.listEmergencies)
	query(s, "/emergencies/{id}", "get-emergency", "One emergency: who was told, who can approve it, what happens next and when", s.getEmergency)
	command(s, "/emergencies", "request-emergency", 201, "Ask for passwords whose holder cannot be reached", s.requestEmergency)
	command(s, "/emergencies/{id}/approve", "approve-emergency", 200, "Say yes to an emergency; the last yes that it needs grants it", s.approveEmergency)
	command(s, "/emergencies/{id}/reject", "reject-emergency", 200, "Stop an emergency that waits, by a custodian or whoever could approve it; final", s.rejectEmergency)
	command(s, "/emergencies/{id}/veto", "veto-emergency", 200, "The same as reject", s.rejectEmergency)
	command(s, "/emergencies/{id}/withdraw", "withdraw-emergency", 200, "Take back what I asked for, while it waits", s.withdrawEmergency)
	command(s, "/emergencies/{id}/end", "end-emergency", 200, "Give back what I have in an emergency; the password is changed", s.endEmergency)
	command(s, "/emergencies/{id}/review", "review-emergency", 200, "Say afterwards what was found, by somebody who had no part in it", s.reviewEmergency)

	query(s, "/incidents", "list-incidents", "Incidents that I may know of, the newest first", s.listIncidents)
	query(s, "/incidents/{id}", "get-incident", "One incident: what raised it, what became of it, and who can decide about it", s.getIncident)
	command(s, "/incidents", "report-incident", 201, "Report something that happened", s.reportIncident)
	command(s, "/incidents/{id}/ack", "acknowledge-incident", 200, "Say that somebody whose task it is has seen it; a code is not needed, and looked at where one is given", s.acknowledgeIncident)
	command(s, "/incidents/{id}/assess", "assess-incident", 200, "Say how serious it is, by the policy's assessment group, never by whom it is about", s.assessIncident)
	command(s, "/incidents/{id}/close", "close-incident", 200, "Say that nothing is left to do about it, once it was assessed", s.closeIncident)

	query(s, "/policy", "get-policy", "The policy in force", s.getPolicy)
	command(s, "/policy", "adopt-policy", 202, "Propose another policy; a manager and a director approve", s.adoptPolicy)
	command(s, "/policy/review", "review-policy", 202, "Propose that the policy in force was looked at again and stays", s.reviewPolicy)

	query(s, "/proposals", "list-proposals", "What others have to approve, the newest first", s.listProposals)
	query(s, "/proposals/{id}", "get-proposal", "One proposal, with what it changes and who can approve it", s.getProposal)
	command(s, "/credentials/{name}/custodians", "set-custodians", 202, "Propose other custodians; a manager and a director approve", s.proposeCustodians)
	command(s, "/proposals/{id}/custodians", "revise-custodians", 200, "Ask for other custodians than before, by whoever asked; voids the approvals", s.reviseCustodians)
	command(s, "/proposals/{id}/person", "revise-person", 200, "Ask for an account of somebody otherwise than before, by whoever asked; voids the approvals", s.revisePerson)
	command(s, "/proposals/{id}/roles", "revise-roles", 200, "Ask for other roles than before, by whoever asked; voids the approvals", s.reviseRoles)
	command(s, "/proposals/{id}/deputy", "revise-deputy", 200, "Ask for another deputy, or other dates, by whoever asked; voids the approvals", s.reviseDeputy)
	command(s, "/proposals/{id}/credential", "revise-credential", 200, "Ask for an account otherwise than before, by whoever asked; voids the approvals, and what came with it comes anew", s.reviseCredential)
	command(s, "/proposals/{id}/credential_policy", "revise-credential-policy", 200, "Ask for another policy of a credential than before, by whoever asked; voids the approvals", s.reviseCredentialPolicy)
	command(s, "/proposals/{id}/adopt_policy", "revise-policy", 200, "Ask for another policy than before, by whoever asked; voids the approvals", s.revisePolicy)
	command(s, "/proposals/{id}/review_policy", "revise-review", 200, "Ask for another review than before, by whoever asked; voids the approvals", s.reviseReview)
	command(s, "/proposals/{id}/retarget", "revise-retarget", 200, "Ask for another way to an account than before, by whoever asked; voids the approvals, and what came with it comes anew", s.reviseRetarget)
	command(s, "/proposals/{id}/change_email", "revise-email", 200, "Ask for another address of somebody than before, by whoever asked; voids the approvals", s.reviseEmail)
	command(s, "/proposals/{id}/plan_departure", "revise-departure", 200, "Ask for another date on which somebody's access ends, by whoever asked; voids the approvals", s.reviseDeparture)
	command(s, "/proposals/{id}/refound", "revise-refounding", 200, "Ask for the other role in a refounding, by whoever asked; voids the approvals, and the notice begins anew", s.reviseRefounding)
	command(s, "/proposals/{id}/approve", "approve-proposal", 200, "Say yes to a revision; the last yes makes it happen", s.approveProposal)
	command(s, "/proposals/{id}/reject", "reject-proposal", 200, "Say no, which is final", s.rejectProposal)
	command(s, "/proposals/{id}/withdraw", "withdraw-proposal", 200, "Take my own proposal back", s.withdrawProposal)

	query(s, "/reviews", "list-reviews", "What auditors have signed of the ledger, the newest first", s.listReviews)
	command(s, "/reviews", "sign-review", 201, "Say, by an auditor, which entries were gone through and what was found", s.signReview)
	query(s, "/ledger/entries", "list-entries", "Entries of the ledger, the oldest first", s.listEntries)
	query(s, "/ledger/entries/{index}", "get-entry", "One entry", s.getEntry)
	command(s, "/ledger/entries/{index}/redact", "redact-entry", 200, "Take what people wrote out of an entry, for good; backups and exports keep it", s.redactEntry)
	proof := op("GET", "/ledger/entries/{index}/proof", "prove-entry", "Proof that an entry is in the ledger; with Accept: text/plain a C2SP tlog-proof")
	proof.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		"application/json": {Schema: schemaOf[EntryProof](s)}, "text/plain": textMedia,
	}}}
	register(s, proof, s.proveEntry)
	text(s, "/ledger/checkpoint", "checkpoint", "Signed head of the ledger, a C2SP tlog-checkpoint", s.checkpoint)
	query(s, "/ledger/witnesses", "witnesses", "How far the ledger is witnessed, and what becomes of its checkpoints", s.witnessing)
	text(s, "/ledger/key", "ledger-key", "Key that checks checkpoints, a signed-note verifier key", s.ledgerKey)
	s.tiles()
}

// reply is an answer with a JSON body.
type reply[B any] struct{ Body B }

// textReply is an answer that says itself of which type it is.
type textReply struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

const plainText = "text/plain; charset=utf-8"

var textMedia = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}

func op(method, path, id, summary string) huma.Operation {
	return huma.Operation{
		Method: method, Path: prefix + path, OperationID: id, Summary: summary,
		Security: []map[string][]string{{bearer: {}}},
		// receive has read the body. A deadline of huma's, set after that, would
		// end the context in the middle of a command.
		BodyReadTimeout: -1,
		MaxBodyBytes:    MaxBody + 1, // huma refuses what reaches it
	}
}

// once is an operation whose answer is shown once: no key of a client's gives it again.
func once(path, id, summary string) huma.Operation {
	o := op(http.MethodPost, path, id, summary)
	o.DefaultStatus = http.StatusOK
	return o
}

// made is once of what is there after it and was not before.
func made(path, id, summary string) huma.Operation {
	o := once(path, id, summary)
	o.DefaultStatus = http.StatusCreated
	return o
}

// query registers something to read.
func query[I, B any](s *Server, path, id, summary string, f func(context.Context, *I) (B, error)) {
	handle(s, op(http.MethodGet, path, id, summary), f)
}

// command registers something that changes custody.
func command[I, B any](s *Server, path, id string, status int, summary string, f func(context.Context, *I) (B, error)) {
	o := op(http.MethodPost, path, id, summary)
	o.DefaultStatus = status
	o.Parameters = []*huma.Param{{
		Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
		Description: "The same key and body is carried out once; what reveals a secret asks for a fresh code again. At most 255 printable ASCII characters.",
	}}
	handle(s, o, f)
}

// text registers something to read that is not JSON.
func text[I any](s *Server, path, id, summary string, f func(context.Context, *I) ([]byte, error)) {
	o := op(http.MethodGet, path, id, summary)
	o.Responses = map[string]*huma.Response{"200": {
		Description: "OK", Content: map[string]*huma.MediaType{"text/plain": textMedia},
	}}
	register(s, o, func(ctx context.Context, in *I) (*textReply, error) {
		body, err := f(ctx, in)
		return &textReply{plainText, body}, err
	})
}

func handle[I, B any](s *Server, o huma.Operation, f func(context.Context, *I) (B, error)) {
	register(s, o, func(ctx context.Context, in *I) (*reply[B], error) {
		body, err := f(ctx, in)
		return &reply[B]{body}, err
	})
}

// register is the one way in: whatever goes wrong becomes a Problem here.
func register[I, O any](s *Server, o huma.Operation, f func(context.Context, *I) (*O, error)) {
	huma.Register(s.huma, o, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, edge.Of(ctx).Problem(err)
		}
		return out, nil
	})
}

// The inputs. A pattern keeps what no name can hold away from everything behind.
type (
	nothing         struct{}
	bodyOnly[B any] struct{ Body B }
	ofCredential    struct {
		Name string `path:"name" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
	}
	ofHandover struct {
		ID string `path:"id" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
	}
	ofProposal struct {
		ID string `path:"id" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
	}
	ofPerson struct {
		Username string `path:"username" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
	}
	ofSession struct {
		ID string `path:"id" maxLength:"64" pattern:"^[0-9a-f]+$"`
	}
	ofEntry struct {
		Index int64 `path:"index" minimum:"0"`
	}
	credentialWith[B any] struct {
		Name string `path:"name" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
		Body B
	}
	linkWith[B any] struct {
		Token string `path:"token" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$"`
		Body  B
	}
	personWith[B any] struct {
		Username string `path:"username" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
		Body     B
	}
	proposalWith[B any] struct {
		ID   string `path:"id" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
		Body B
	}
	handoverWith[B any] struct {
		ID   string `path:"id" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
		Body B
	}
)

func schemaOf[T any](s *Server) *huma.Schema {
	return s.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
}
