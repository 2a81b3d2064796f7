package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Client is a connection to one server. It is safe for use by several
// goroutines; SetToken is not.
type Client struct {
	base     *url.URL
	http     *http.Client
	language string
	token    api.Secret
}

// Config says which server, and how.
type Config struct {
	Server   string       // such as "https://tandem.example:8700"
	Token    api.Secret   // of a session; "" before SignIn
	Language string       // Accept-Language; "": the server's default, English
	HTTP     *http.Client // nil: one that gives up after a minute
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 32 << 20

// New makes a client. It connects nowhere yet.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.Server)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errors.New("the server must be given as http://HOST:PORT or https://HOST:PORT")
	}
	client := &http.Client{Timeout: time.Minute}
	if c.HTTP != nil {
		copied := *c.HTTP
		client = &copied
	}
	// A redirect would carry passwords and codes to wherever it points.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{base: base.JoinPath("api/v1"), http: client, language: c.Language, token: c.Token}, nil
}

// SetToken makes the client speak for another session; "" for none.
func (c *Client) SetToken(token api.Secret) { c.token = token }

type idempotencyKey struct{}

// WithIdempotencyKey makes the commands that are sent with ctx carry a key: one
// whose answer was lost can be sent again, unchanged, and is carried out once.
func WithIdempotencyKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, idempotencyKey{}, key)
}

// SignIn opens a session and uses its token from then on.
func (c *Client) SignIn(ctx context.Context, in api.SignIn) (api.Session, error) {
	s, err := call[api.Session](ctx, c, "POST", in, nil, "sessions")
	if err == nil {
		c.token = s.Token
	}
	return s, err
}

// Recover replaces a TOTP seed that is lost. It opens no session.
func (c *Client) Recover(ctx context.Context, in api.Recover) (api.Recovered, error) {
	return call[api.Recovered](ctx, c, "POST", in, nil, "sessions", "recovery")
}

// OpenFeed gives the address at which a calendar program reads who is away; CloseFeed
// makes it worth nothing.
func (c *Client) OpenFeed(ctx context.Context, totp api.Secret) (api.CalendarFeed, error) {
	return call[api.CalendarFeed](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "me", "calendar")
}

func (c *Client) CloseFeed(ctx context.Context) error {
	_, err := c.send(ctx, "DELETE", "", nil, nil, "me", "calendar")
	return err
}

// SignOut ends the session.
func (c *Client) SignOut(ctx context.Context) error {
	_, err := c.send(ctx, "DELETE", "", nil, nil, "sessions", "current")
	return err
}

// Me gives the person who is signed in, what they hold and what waits for them.
func (c *Client) Me(ctx context.Context) (api.Me, error) {
	return call[api.Me](ctx, c, "GET", nil, nil, "me")
}

// SetPresence marks oneself away or present.
func (c *Client) SetPresence(ctx context.Context, in api.SetPresence) (api.PresenceChange, error) {
	return call[api.PresenceChange](ctx, c, "POST", in, nil, "me", "presence")
}

// Absences gives when I will be away.
func (c *Client) Absences(ctx context.Context) ([]api.Absence, error) {
	return call[[]api.Absence](ctx, c, "GET", nil, nil, "me", "absences")
}

// PlanAbsence plans to be away, and signs for what passes on then if it says so.
func (c *Client) PlanAbsence(ctx context.Context, in api.PlanAbsence) (api.PlannedAbsence, error) {
	return call[api.PlannedAbsence](ctx, c, "POST", in, nil, "me", "absences")
}

// MoveAbsence gives an absence of mine another time.
func (c *Client) MoveAbsence(ctx context.Context, id string, in api.MoveAbsence) (api.PlannedAbsence, error) {
	return call[api.PlannedAbsence](ctx, c, "PATCH", in, nil, "me", "absences", id)
}

// CancelAbsence calls an absence of mine off.
func (c *Client) CancelAbsence(ctx context.Context, id string, totp api.Secret) error {
	_, err := c.send(ctx, "DELETE", "application/json", api.Confirmation{TOTP: totp}, nil, "me", "absences", id)
	return err
}

// SignAbsence signs that all I hold, and have not signed for, passes on when it begins.
func (c *Client) SignAbsence(ctx context.Context, id string, totp api.Secret) (api.PlannedAbsence, error) {
	return call[api.PlannedAbsence](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "me", "absences", id, "sign")
}

// SwapAbsences asks for a swap, or agrees to one.
func (c *Client) SwapAbsences(ctx context.Context, in api.SwapAbsences) (api.SwappedAbsence, error) {
	return call[api.SwappedAbsence](ctx, c, "POST", in, nil, "me", "absences", "swap")
}

// EndAbsence ends somebody's plan that blocks a partner, by a manager.
func (c *Client) EndAbsence(ctx context.Context, username, id, reason string, totp api.Secret) error {
	_, err := c.send(ctx, "POST", "application/json", api.ConfirmedReason{Reason: reason, TOTP: totp}, nil, "people", username, "absences", id, "end")
	return err
}

// Calendar gives who is away when, and when neither custodian of something is there; zero:
// two weeks from now.
func (c *Client) Calendar(ctx context.Context, from, until time.Time) (api.Calendar, error) {
	v := url.Values{}
	for name, t := range map[string]time.Time{"from": from, "until": until} {
		if !t.IsZero() {
			v.Set(name, t.UTC().Format(time.RFC3339Nano))
		}
	}
	return call[api.Calendar](ctx, c, "GET", nil, v, "absences")
}

// People lists everybody.
func (c *Client) People(ctx context.Context) ([]api.Person, error) {
	return call[[]api.Person](ctx, c, "GET", nil, nil, "people")
}

// ChangePassword changes the password that I log in with, and ends my other sessions.
func (c *Client) ChangePassword(ctx context.Context, in api.ChangePassword) error {
	_, err := c.send(ctx, "POST", "application/json", in, nil, "me", "password")
	return err
}

// ReplaceAuthenticator gives another authenticator in the place of mine, which counts
// until ProveAuthenticator has a code of the other.
func (c *Client) ReplaceAuthenticator(ctx context.Context, in api.ReplaceAuthenticator) (api.NewAuthenticator, error) {
	return call[api.NewAuthenticator](ctx, c, "POST", in, nil, "me", "authenticator")
}

func (c *Client) ProveAuthenticator(ctx context.Context, totp api.Secret) (api.Joined, error) {
	return call[api.Joined](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "me", "authenticator", "confirm")
}

// Sessions says where I am logged in. EndSession logs out there, and everywhere but here
// for "".
func (c *Client) Sessions(ctx context.Context) ([]api.OpenSession, error) {
	return call[[]api.OpenSession](ctx, c, "GET", nil, nil, "me", "sessions")
}

func (c *Client) EndSession(ctx context.Context, id string) error {
	path := []string{"me", "sessions"}
	if id != "" {
		path = append(path, id)
	}
	_, err := c.send(ctx, "DELETE", "application/json", nil, nil, path...)
	return err
}

// Person gives somebody.
func (c *Client) Person(ctx context.Context, username string) (api.Person, error) {
	return call[api.Person](ctx, c, "GET", nil, nil, "people", username)
}

// AddPerson asks for an account for somebody, SetRoles for other roles, and Enrol that
// they set up their log-in anew.
func (c *Client) AddPerson(ctx context.Context, in api.AddPerson) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people")
}

func (c *Client) SetRoles(ctx context.Context, username string, in api.SetRoles) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "roles")
}

func (c *Client) Enrol(ctx context.Context, username string, in api.ConfirmedReason) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "enrolment")
}

// Disabling says what Disable would do. Disable ends somebody's access at once;
// ProposeDisabling asks for it, and Reinstate for the way back.
func (c *Client) Disabling(ctx context.Context, username string) (api.Disabling, error) {
	return call[api.Disabling](ctx, c, "GET", nil, nil, "people", username, "disable")
}

func (c *Client) Disable(ctx context.Context, username string, in api.ConfirmedReason) (api.Disabled, error) {
	return call[api.Disabled](ctx, c, "POST", in, nil, "people", username, "disable")
}

func (c *Client) ProposeDisabling(ctx context.Context, username string, in api.ConfirmedReason) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "disable", "proposal")
}

func (c *Client) Reinstate(ctx context.Context, username string, in api.ConfirmedReason) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "reinstate")
}

// PlanDeparture asks for the date on which somebody's access ends, Refound for the role
// that nobody has any more. StopRecovery stops a log-in that was asked for on the server.
func (c *Client) PlanDeparture(ctx context.Context, username string, in api.PlanDeparture) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "departure")
}

func (c *Client) Refound(ctx context.Context, username string, in api.Refound) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "refound")
}

func (c *Client) StopRecovery(ctx context.Context, username string, in api.ConfirmedReason) (api.Person, error) {
	return call[api.Person](ctx, c, "POST", in, nil, "people", username, "recovery", "stop")
}

// Offboardings lists those who left or changed post, Offboarding gives one of them, and
// SettleItem says that the item of a number was done.
func (c *Client) Offboardings(ctx context.Context, onlyOpen bool) ([]api.Offboarding, error) {
	v := url.Values{}
	if onlyOpen {
		v.Set("status", "open")
	}
	return call[[]api.Offboarding](ctx, c, "GET", nil, v, "offboardings")
}

func (c *Client) Offboarding(ctx context.Context, username string) (api.Offboarding, error) {
	return call[api.Offboarding](ctx, c, "GET", nil, nil, "offboardings", username)
}

func (c *Client) SettleItem(ctx context.Context, username string, item int, in api.SettleItem) (api.Offboarding, error) {
	return call[api.Offboarding](ctx, c, "POST", in, nil, "offboardings", username, "items", strconv.Itoa(item))
}

// IssueLink makes the link with which somebody who was approved sets up their log-in.
func (c *Client) IssueLink(ctx context.Context, username string, totp api.Secret) (api.Link, error) {
	return call[api.Link](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "people", username, "activation")
}

// OpenLink and Join are what that person does: with the token of the link a password of
// their own, then the first code of the authenticator that they got.
func (c *Client) OpenLink(ctx context.Context, token string, in api.OpenLink) (api.NewAuthenticator, error) {
	return call[api.NewAuthenticator](ctx, c, "POST", in, nil, "activation", token)
}

func (c *Client) Join(ctx context.Context, token string, totp api.Secret) (api.Joined, error) {
	return call[api.Joined](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "activation", token, "confirm")
}

// Founding says who there is; ConfirmFounding that it is right.
func (c *Client) Founding(ctx context.Context) (api.Founding, error) {
	return call[api.Founding](ctx, c, "GET", nil, nil, "founding")
}

func (c *Client) ConfirmFounding(ctx context.Context, in api.ConfirmFounding) (api.Founding, error) {
	return call[api.Founding](ctx, c, "POST", in, nil, "founding", "confirm")
}

// Configuration says what of the configuration stands on record; AcknowledgeConfiguration
// puts in force what was looked at.
func (c *Client) Configuration(ctx context.Context) (api.Configuration, error) {
	return call[api.Configuration](ctx, c, "GET", nil, nil, "configuration")
}

func (c *Client) AcknowledgeConfiguration(ctx context.Context, in api.AcknowledgeConfiguration) (api.Configuration, error) {
	return call[api.Configuration](ctx, c, "POST", in, nil, "configuration", "acknowledge")
}

// Unlock lifts whatever keeps somebody from logging in or confirming.
func (c *Client) Unlock(ctx context.Context, username string, totp api.Secret) (api.Person, error) {
	return call[api.Person](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "people", username, "unlock")
}

// ProposeEmail asks for another address of somebody else.
func (c *Client) ProposeEmail(ctx context.Context, username string, in api.ProposeEmail) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "email")
}

// EditPerson changes what is known of the person who is signed in, by their username.
func (c *Client) EditPerson(ctx context.Context, username string, in api.EditPerson) (api.Person, error) {
	return call[api.Person](ctx, c, "PATCH", in, nil, "people", username)
}

// EditMe changes what is known of the person who is signed in.
func (c *Client) EditMe(ctx context.Context, in api.EditPerson) (api.Person, error) {
	return call[api.Person](ctx, c, "PATCH", in, nil, "me")
}

// Credentials lists all of them.
func (c *Client) Credentials(ctx context.Context) ([]api.Credential, error) {
	return call[[]api.Credential](ctx, c, "GET", nil, nil, "credentials")
}

// Credential gives one of them.
func (c *Client) Credential(ctx context.Context, name string) (api.Credential, error) {
	return call[api.Credential](ctx, c, "GET", nil, nil, "credentials", name)
}

// AddCredential asks for an account to come under custody.
func (c *Client) AddCredential(ctx context.Context, in api.AddCredential) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "credentials")
}

// CheckOut reveals the password to its holder.
func (c *Client) CheckOut(ctx context.Context, name string, in api.CheckOut) (api.Checkout, error) {
	return call[api.Checkout](ctx, c, "POST", in, nil, "credentials", name, "checkout")
}

// ShowAgain reveals the password of a check-out that lasts once more.
func (c *Client) ShowAgain(ctx context.Context, name string, totp api.Secret) (api.Checkout, error) {
	return call[api.Checkout](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "credentials", name, "show")
}

// CheckIn ends the check-out before its time.
func (c *Client) CheckIn(ctx context.Context, name string) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", nil, nil, "credentials", name, "checkin")
}

// Take takes what nobody holds, and Park asks that nobody needs to hold it for a while.
func (c *Client) Take(ctx context.Context, name string, totp api.Secret) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "credentials", name, "take")
}

func (c *Client) Park(ctx context.Context, name string, in api.ConfirmedReason) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "credentials", name, "park")
}

// Retarget asks that an account is reached in another way, Target shows in which way it is,
// and ConfirmTarget says that this is right.
func (c *Client) Retarget(ctx context.Context, name string, in api.Retarget) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "credentials", name, "target")
}

func (c *Client) Target(ctx context.Context, name string) (api.TargetShown, error) {
	return call[api.TargetShown](ctx, c, "GET", nil, nil, "credentials", name, "target")
}

func (c *Client) ConfirmTarget(ctx context.Context, name string, in api.ConfirmTarget) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", in, nil, "credentials", name, "target", "confirm")
}

// Emergencies lists those that are open, to be reviewed, or the last of their credentials;
// open: not the last. Emergency gives one.
func (c *Client) Emergencies(ctx context.Context, open bool) ([]api.Emergency, error) {
	query := url.Values{}
	if open {
		query.Set("status", "open")
	}
	return call[[]api.Emergency](ctx, c, "GET", nil, query, "emergencies")
}

func (c *Client) Emergency(ctx context.Context, id string) (api.Emergency, error) {
	return call[api.Emergency](ctx, c, "GET", nil, nil, "emergencies", id)
}

// RequestEmergency asks for passwords whose holder cannot be reached. Others approve it
// (ApproveEmergency) or stop it (Veto); whoever asked withdraws it, whoever has it ends it,
// and somebody who had no part in it reviews it.
func (c *Client) RequestEmergency(ctx context.Context, in api.RequestEmergency) (api.Emergency, error) {
	return call[api.Emergency](ctx, c, "POST", in, nil, "emergencies")
}

func (c *Client) ApproveEmergency(ctx context.Context, id string, totp api.Secret) (api.Emergency, error) {
	return call[api.Emergency](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "emergencies", id, "approve")
}

func (c *Client) Veto(ctx context.Context, id string, in api.Veto) (api.Emergency, error) {
	return call[api.Emergency](ctx, c, "POST", in, nil, "emergencies", id, "veto")
}

func (c *Client) WithdrawEmergency(ctx context.Context, id string) (api.Emergency, error) {
	return call[api.Emergency](ctx, c, "POST", nil, nil, "emergencies", id, "withdraw")
}

func (c *Client) EndEmergency(ctx context.Context, id string, totp api.Secret) (api.Emergency, error) {
	return call[api.Emergency](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "emergencies", id, "end")
}

func (c *Client) ReviewEmergency(ctx context.Context, id string, in api.ReviewEmergency) (api.Emergency, error) {
	return call[api.Emergency](ctx, c, "POST", in, nil, "emergencies", id, "review")
}

// Rotate asks for a new password.
func (c *Client) Rotate(ctx context.Context, name string, in api.ConfirmedReason) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", in, nil, "credentials", name, "rotate")
}

// RotateAll asks for new passwords of everything that the person may ask it for.
func (c *Client) RotateAll(ctx context.Context, in api.RotateAll) ([]api.Credential, error) {
	return call[[]api.Credential](ctx, c, "POST", in, nil, "credentials", "rotate")
}

// Reconcile has a lost password set through the target's second account.
func (c *Client) Reconcile(ctx context.Context, name string, in api.ConfirmedReason) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", in, nil, "credentials", name, "reconcile")
}

// NewPassword shows its successor the password to set by hand; ConfirmSet says
// that it is set.
func (c *Client) NewPassword(ctx context.Context, name string, totp api.Secret) (api.NewPassword, error) {
	return call[api.NewPassword](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "credentials", name, "new-password")
}

func (c *Client) ConfirmSet(ctx context.Context, name string, totp api.Secret) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "credentials", name, "set")
}

// PauseRotation stops the attempts at a rotation, ResumeRotation lets it go on, and
// CancelRotation calls it off, as long as it has surely not reached the target.
func (c *Client) PauseRotation(ctx context.Context, name string, in api.ConfirmedReason) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", in, nil, "credentials", name, "pause")
}

func (c *Client) ResumeRotation(ctx context.Context, name string, totp api.Secret) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "credentials", name, "resume")
}

func (c *Client) CancelRotation(ctx context.Context, name string, in api.ConfirmedReason) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", in, nil, "credentials", name, "cancel")
}

// Abandon asks to end custody of an account whose password cannot be changed.
func (c *Client) Abandon(ctx context.Context, name string, in api.ConfirmedReason) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "credentials", name, "abandon")
}

// ProposePolicy asks for another policy of a credential.
func (c *Client) ProposePolicy(ctx context.Context, name string, in api.ProposePolicy) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "credentials", name, "policy", "proposal")
}

// ChangePolicy replaces the policy of a credential by a stricter one.
func (c *Client) ChangePolicy(ctx context.Context, name string, in api.ChangePolicy) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", in, nil, "credentials", name, "policy")
}

// Retire asks to end custody.
func (c *Client) Retire(ctx context.Context, name string, in api.ConfirmedReason) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "credentials", name, "retire")
}

// History gives a page of the entries about a credential, like Entries. Of q, what
// filters does not count.
func (c *Client) History(ctx context.Context, name string, q desk.EntryQuery) ([]api.Entry, error) {
	return call[[]api.Entry](ctx, c, "GET", nil, pageOf(q), "credentials", name, "history")
}

// Exposure says who had been shown the password that was current at an instant;
// the zero one: now.
func (c *Client) Exposure(ctx context.Context, name string, at time.Time) (api.Exposure, error) {
	v := url.Values{}
	if !at.IsZero() {
		v.Set("at", at.UTC().Format(time.RFC3339Nano))
	}
	return call[api.Exposure](ctx, c, "GET", nil, v, "credentials", name, "exposure")
}

// Handovers gives a page of the handovers, the newest first: see EachHandover for
// all of them.
func (c *Client) Handovers(ctx context.Context, q desk.HandoverQuery) ([]api.Handover, error) {
	status := make([]string, len(q.Status))
	for i, s := range q.Status {
		status[i] = string(s)
	}
	v := url.Values{}
	setString(v, "status", strings.Join(status, ","))
	setString(v, "person", q.Person)
	setString(v, "before", q.Before)
	setInt(v, "limit", int64(q.Limit))
	return call[[]api.Handover](ctx, c, "GET", nil, v, "handovers")
}

// Handover gives one of them.
func (c *Client) Handover(ctx context.Context, id string) (api.Handover, error) {
	return call[api.Handover](ctx, c, "GET", nil, nil, "handovers", id)
}

// OfferHandover asks the other custodians to take over: one handover for each
// receiver.
func (c *Client) OfferHandover(ctx context.Context, in api.OfferHandover) ([]api.Handover, error) {
	return call[[]api.Handover](ctx, c, "POST", in, nil, "handovers")
}

// AcceptHandover takes over everything in it.
func (c *Client) AcceptHandover(ctx context.Context, id string, totp api.Secret) (api.Handover, error) {
	return call[api.Handover](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "handovers", id, "accept")
}

// DeclineHandover ends an offer, by its receiver.
func (c *Client) DeclineHandover(ctx context.Context, id, reason string) (api.Handover, error) {
	return call[api.Handover](ctx, c, "POST", api.Reason{Reason: reason}, nil, "handovers", id, "decline")
}

// CancelHandover ends an offer, by its giver.
func (c *Client) CancelHandover(ctx context.Context, id, reason string) (api.Handover, error) {
	return call[api.Handover](ctx, c, "POST", api.Reason{Reason: reason}, nil, "handovers", id, "cancel")
}

// SignHandover signs, by its receiver, what passes on when an absence begins.
func (c *Client) SignHandover(ctx context.Context, id string, totp api.Secret) (api.Handover, error) {
	return call[api.Handover](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "handovers", id, "sign")
}

// ReturnHandover ends an accepted handover, by either side. The password is
// changed before the giver holds it again.
func (c *Client) ReturnHandover(ctx context.Context, id string, totp api.Secret) (api.Handover, error) {
	return call[api.Handover](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "handovers", id, "return")
}

// Proposals gives a page of them, the newest first: see EachProposal for all of them.
// forMe: only those that I can approve.
func (c *Client) Proposals(ctx context.Context, q desk.ProposalQuery, forMe bool) ([]api.Proposal, error) {
	v := url.Values{}
	if q.Open {
		v.Set("status", "open")
	}
	if forMe {
		v.Set("for_me", "true")
	}
	setString(v, "before", q.Before)
	setInt(v, "limit", int64(q.Limit))
	return call[[]api.Proposal](ctx, c, "GET", nil, v, "proposals")
}

// Proposal gives one of them.
func (c *Client) Proposal(ctx context.Context, id string) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "GET", nil, nil, "proposals", id)
}

// ProposeCustodians asks for other custodians.
func (c *Client) ProposeCustodians(ctx context.Context, credential string, in api.SetCustodians) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "credentials", credential, "custodians")
}

// Revise asks for something else in a proposal of one's own. in is the body that asked for
// it: AddPerson, SetRoles, SetCustodians, NameDeputy, AddCredential, ProposePolicy of a
// credential, AdoptPolicy or ReviewPolicy, as its kind is.
func (c *Client) Revise(ctx context.Context, id, kind string, in any) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "proposals", id, kind)
}

// NameDeputy asks for who decides in somebody's place, and EndDeputy ends it.
func (c *Client) NameDeputy(ctx context.Context, username string, in api.NameDeputy) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "deputy")
}

func (c *Client) EndDeputy(ctx context.Context, username string, totp api.Secret) (api.Person, error) {
	return call[api.Person](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "people", username, "deputy", "end")
}

// Approving says who could approve, and where they are too few.
func (c *Client) Approving(ctx context.Context) (api.Approving, error) {
	return call[api.Approving](ctx, c, "GET", nil, nil, "approvers")
}

// Approve says yes to a revision, and Reject no. Withdraw takes one's own back.
func (c *Client) Approve(ctx context.Context, id string, in api.ApproveProposal) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "proposals", id, "approve")
}

func (c *Client) Reject(ctx context.Context, id string, in api.RejectProposal) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "proposals", id, "reject")
}

func (c *Client) Withdraw(ctx context.Context, id string) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", nil, nil, "proposals", id, "withdraw")
}

// Entries gives a page of the entries of the ledger: see EachEntry for all of them.
// The next page begins after the index of the last one, with Newest before it.
func (c *Client) Entries(ctx context.Context, q desk.EntryQuery) ([]api.Entry, error) {
	return c.entries(ctx, q, pageOf(q))
}

// WholeEntries is Entries for who verifies the ledger: refused where something would be
// left out because it is not for whoever asks.
func (c *Client) WholeEntries(ctx context.Context, q desk.EntryQuery) ([]api.Entry, error) {
	v := pageOf(q)
	v.Set("whole", "true")
	return c.entries(ctx, q, v)
}

func (c *Client) entries(ctx context.Context, q desk.EntryQuery, v url.Values) ([]api.Entry, error) {
	setString(v, "actor", q.Actor)
	setString(v, "subject", q.Subject)
	setString(v, "credential", q.Credential)
	setString(v, "type", q.Type)
	return call[[]api.Entry](ctx, c, "GET", nil, v, "ledger", "entries")
}

// Entry gives one entry of the ledger.
func (c *Client) Entry(ctx context.Context, index int64) (api.Entry, error) {
	return call[api.Entry](ctx, c, "GET", nil, nil, "ledger", "entries", strconv.FormatInt(index, 10))
}

// Redact takes what people wrote out of an entry.
func (c *Client) Redact(ctx context.Context, index int64, in api.Redact) (api.Redacted, error) {
	return call[api.Redacted](ctx, c, "POST", in, nil, "ledger", "entries", strconv.FormatInt(index, 10), "redact")
}

// EntryProof gives the proof that an entry is in the ledger.
func (c *Client) EntryProof(ctx context.Context, index int64) (api.EntryProof, error) {
	return call[api.EntryProof](ctx, c, "GET", nil, nil, "ledger", "entries", strconv.FormatInt(index, 10), "proof")
}

// EntryProofText gives it as a C2SP tlog-proof, which audit.ParseProof reads.
func (c *Client) EntryProofText(ctx context.Context, index int64) ([]byte, error) {
	return c.send(ctx, "GET", "text/plain", nil, nil, "ledger", "entries", strconv.FormatInt(index, 10), "proof")
}

// Checkpoint gives the signed head of the ledger, a C2SP tlog-checkpoint.
func (c *Client) Checkpoint(ctx context.Context) ([]byte, error) {
	return c.send(ctx, "GET", "text/plain", nil, nil, "ledger", "checkpoint")
}

// WitnessedCheckpoint gives the newest that enough witnesses have cosigned, with
// their cosignatures. The error is a *Problem of code not_found if there is none.
func (c *Client) WitnessedCheckpoint(ctx context.Context) ([]byte, error) {
	return c.send(ctx, "GET", "text/plain", nil, url.Values{"witnessed": {"true"}}, "ledger", "checkpoint")
}

// Witnessing says how far the ledger is witnessed.
func (c *Client) Witnessing(ctx context.Context) (api.Witnessing, error) {
	return call[api.Witnessing](ctx, c, "GET", nil, nil, "ledger", "witnesses")
}

// LedgerKey gives the key that checks checkpoints, a signed-note verifier key.
func (c *Client) LedgerKey(ctx context.Context) (string, error) {
	text, err := c.send(ctx, "GET", "text/plain", nil, nil, "ledger", "key")
	return strings.TrimSpace(string(text)), err
}

// call sends a request and reads the JSON answer.
func call[T any](ctx context.Context, c *Client, method string, in any, q url.Values, path ...string) (T, error) {
	var out T
	answer, err := c.send(ctx, method, "application/json", in, q, path...)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		// The text of err may quote the answer, and with it a password.
		return out, fmt.Errorf("the server's answer to %s /%s is not as expected", method, path[0])
	}
	return out, nil
}

// send does one exchange and gives the body of a good answer.
func (c *Client) send(ctx context.Context, method, accept string, in any, q url.Values, path ...string) ([]byte, error) {
	at := c.base
	for _, part := range path {
		if part == "" || part == "." || part == ".." { // JoinPath would walk
			return nil, &edge.Problem{Status: http.StatusNotFound, Code: custody.NotFound, Detail: "A name cannot be empty or made of dots."}
		}
		at = at.JoinPath(url.PathEscape(part))
	}
	at.RawQuery = q.Encode()
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return nil, errors.New("the request cannot be written as JSON")
		}
		body = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, method, at.String(), body)
	if err != nil {
		return nil, err
	}
	c.setHeaders(r, accept, in != nil)
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("read the server's answer: %w", err)
	}
	if len(text) > maxAnswer { // half an answer is none
		return nil, fmt.Errorf("the server's answer has more than %d bytes", maxAnswer)
	}
	if answer.StatusCode >= 300 {
		return nil, asProblem(answer, text)
	}
	return text, nil
}

func (c *Client) setHeaders(r *http.Request, accept string, hasBody bool) {
	set := func(name, value string) {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	set("Accept", accept)
	set("User-Agent", "tandem ("+runtime.GOOS+")")
	set("Accept-Language", c.language)
	if hasBody {
		set("Content-Type", "application/json")
	}
	if c.token != "" {
		set("Authorization", "Bearer "+string(c.token))
	}
	if key, _ := r.Context().Value(idempotencyKey{}).(string); r.Method != "GET" {
		set("Idempotency-Key", key)
	}
}

// asProblem makes an error of an answer that is not good. One that is no
// problem document is of something else than Tandem, a proxy perhaps.
func asProblem(answer *http.Response, text []byte) error {
	p := &edge.Problem{}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if kind != "application/problem+json" || json.Unmarshal(text, p) != nil || p.Code == "" {
		return fmt.Errorf("the server answered %s, which is not how Tandem answers", answer.Status)
	}
	return p
}

func pageOf(q desk.EntryQuery) url.Values {
	v := url.Values{}
	setInt(v, "from", q.From)
	setInt(v, "before", q.Before)
	if q.Newest {
		v.Set("newest", "true")
	}
	setInt(v, "limit", int64(q.Limit))
	return v
}

func setString(v url.Values, name, value string) {
	if value != "" {
		v.Set(name, value)
	}
}

func setInt(v url.Values, name string, value int64) {
	if value != 0 {
		v.Set(name, strconv.FormatInt(value, 10))
	}
}
