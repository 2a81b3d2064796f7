package api_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

const (
	origin  = "tandem.test"
	thePass = "correct-horse-MARKED"

	theDevice       = "device-MARK"
	theRecoveryCode = "ABCD-EFGH-IJKL-MNOP-MARK"

	thePurpose = "ticket 4711"
)

// given is a command that was carried out.
type given struct {
	desk.By
	Action custody.Action
}

// world is a desk and its queries in memory: the real rules and the real ledger
// format, without transactions, sessions in a map, and any digits as a code: the
// number is the step. It notes what it was asked, and fails when told to.
type world struct {
	mu      sync.Mutex
	state   *custody.State // a fork, which keeps handovers that are over
	now     time.Time
	records [][]byte

	envelopes desk.Envelopes           // what is said of them
	texts     map[string]custody.Words // by commitment
	hashes    []tlog.Hash
	key       ed25519.PrivateKey

	tokens    map[string]string
	sessions  int // ever opened
	passwords map[string]custody.Secret
	given     []given
	requests  []string

	chosen map[string]desk.Preference

	trouble func(context.Context) error // before a command; nil: none
	fail    error                       // given by queries and by Ready

	reviewDue time.Time
	census    *desk.Census // what is said instead of what is counted; nil: that
}

func newWorld(t *testing.T) *world {
	w := &world{
		state: custody.NewState().Fork(), now: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC),
		key:    ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)),
		tokens: map[string]string{}, passwords: map[string]custody.Secret{}, texts: map[string]custody.Words{},
	}
	policy := custody.DefaultPolicy()
	policy.TOTPSkew = 1 << 40 // a code here is the number of its step, whatever the time
	w.must(t, custody.System, "", custody.AdoptPolicy{Values: policy})
	for name, role := range map[string]custody.Role{
		"tech-a": custody.Technician, "tech-b": custody.Technician, "admin": custody.Admin, "auditor": custody.Auditor,
	} {
		w.hire(t, name, role)
	}
	w.addHeld(t, "db01")
	w.given = nil
	return w
}

// hire opens an account, in which its person is logged in.
func (w *world) hire(t *testing.T, name string, role custody.Role) {
	t.Helper()
	w.must(t, custody.System, "", custody.AddPerson{Username: name, Name: name, Roles: []custody.Role{role}, TOTPPeriod: 30})
	w.must(t, name, "1", w.newSession())
	w.tokens["token-of-"+name] = name
}

// addHeld adds a credential that tech-a holds.
func (w *world) addHeld(t *testing.T, name string) {
	t.Helper()
	w.must(t, custody.System, "", custody.AddCredential{
		Name: name, Target: desktest.Identified(custody.Target{Kind: "ssh", Address: name + ":22", Account: "root"}), Primary: "tech-a", Backup: "tech-b",
	})
	w.rotate(t, name)
}

// rotate finishes the rotation in progress.
func (w *world) rotate(t *testing.T, name string) {
	t.Helper()
	c, _ := w.state.Credential(name)
	for _, report := range desktest.Reports(name, c.Rotation.Number, c.Version+1) {
		w.must(t, custody.System, "", report)
	}
	w.passwords[name] = custody.SecretString(thePass)
}

func (w *world) must(t *testing.T, actor, code string, a custody.Action) {
	t.Helper()
	if _, err := w.Do(t.Context(), desk.By{Actor: actor, Request: "setup-" + a.Verb(), Code: code}, a); err != nil {
		t.Fatalf("%s by %s: %v", a.Verb(), actor, err)
	}
}

func (w *world) Do(ctx context.Context, by desk.By, a custody.Action) (desk.Outcome, error) {
	if w.trouble != nil {
		if err := w.trouble(ctx); err != nil {
			return desk.Outcome{}, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.given = append(w.given, given{by, a})
	actor, _ := w.state.Person(by.Actor)
	proof := custody.Proof{Given: by.Code != "", Enrolment: actor.Number}
	if step, digits := int64(0), by.Code; digits != "" && strings.Trim(digits, "0123456789") == "" {
		for _, d := range digits {
			step = step*10 + int64(d-'0')
		}
		proof.Steps = []int64{step}
	}
	command := custody.Command{Actor: by.Actor, Request: by.Request, Proof: proof, Action: a}
	command.Proof.Enrolment = command.CodesOf(actor)
	w.now = w.now.Add(time.Millisecond)
	events, err := custody.Decide(w.state, command, w.now)
	var refused *custody.Refusal
	if errors.As(err, &refused) {
		events = custody.Refused(w.state, command, refused, w.now)
	}
	outcome := desk.Outcome{}
	for _, e := range events {
		custody.Apply(w.state, e)
		outcome.Events = append(outcome.Events, desk.Indexed{Index: int64(len(w.records)), Event: e})
		w.append(e)
	}
	if err != nil {
		return desk.Outcome{}, err
	}
	return outcome, nil
}

// filled has the texts, as a store does.
func filled[T any](w *world, v T) T {
	custody.Fill(&v, w.texts)
	return v
}

func (w *world) entry(index int64) desk.StoredEntry {
	e, err := audit.DecodeEntry(w.records[index])
	if err != nil {
		panic(err)
	}
	event, err := custody.FromRecord(e)
	if err != nil {
		panic(err)
	}
	stored := desk.StoredEntry{Index: index, Record: w.records[index], Texts: map[string]custody.Words{}}
	for _, n := range event.Notes() {
		if words, there := w.texts[n.Commitment()]; there {
			stored.Texts[n.Commitment()] = words
		}
	}
	return stored
}

func (w *world) append(e custody.Event) {
	for _, n := range e.Written() {
		if words, there := n.Words(); there {
			w.texts[n.Commitment()] = words
		}
	}
	if f, is := e.Fact.(custody.TextRedacted); is { // as a store does
		for _, commitment := range f.Commitments {
			delete(w.texts, commitment)
		}
	}
	record, err := e.Encode()
	if err != nil {
		panic(err)
	}
	hashes, err := tlog.StoredHashes(int64(len(w.records)), record, w.HashReader(context.Background()))
	if err != nil {
		panic(err)
	}
	w.records, w.hashes = append(w.records, record), append(w.hashes, hashes...)
}

func (w *world) CheckOut(ctx context.Context, by desk.By, a custody.CheckOut) (desk.Revealed, error) {
	outcome, err := w.Do(ctx, by, a)
	if err != nil {
		return desk.Revealed{}, err
	}
	c, _ := w.state.Credential(a.Subject())
	return desk.Revealed{Outcome: outcome, Password: w.passwords[c.Name], Version: c.Version, Lease: filled(w, c.Lease)}, nil
}

func (w *world) ShowAgain(ctx context.Context, by desk.By, a custody.ShowAgain) (desk.Revealed, error) {
	outcome, err := w.Do(ctx, by, a)
	if err != nil {
		return desk.Revealed{}, err
	}
	c, _ := w.state.Credential(a.Subject())
	return desk.Revealed{Outcome: outcome, Password: w.passwords[c.Name], Version: c.Version, Lease: c.Lease}, nil
}

// theLink is the token of every link, and theReleaseCode goes with it.
const (
	theLink        = "the-token-of-a-link"
	theReleaseCode = "424242"
)

func (w *world) IssueLink(ctx context.Context, by desk.By, person string) (desk.Link, error) {
	outcome, err := w.Do(ctx, by, custody.IssueLink{Person: person, Link: strings.Repeat("a", 64)})
	return desk.Link{Outcome: outcome, Token: custody.SecretString(theLink), Until: w.now.Add(24 * time.Hour)}, err
}

// invited gives whose the link is.
func (w *world) invited(token custody.Secret) (custody.Person, error) {
	p, there := w.state.LinkOf(strings.Repeat("a", 64), w.now)
	if !there || token.Reveal() != theLink {
		return p, custody.RefuseLinkVoid()
	}
	return p, nil
}

func (w *world) OpenLink(ctx context.Context, in desk.SetUp) (desk.NewAuthenticator, error) {
	p, err := w.invited(in.Token)
	if err != nil {
		return desk.NewAuthenticator{}, err
	}
	w.requests = append(w.requests, in.Request)
	by := desk.By{Actor: custody.System, Request: in.Request}
	if in.Code.Reveal() != theReleaseCode {
		outcome, err := w.Do(ctx, by, custody.RefuseLink{Person: p.Username, Link: p.Admission.Link})
		if err != nil {
			return desk.NewAuthenticator{}, err
		}
		return desk.NewAuthenticator{}, custody.RefuseReleaseCode(outcome.Events[0].Fact.(custody.LinkRefused))
	}
	_, err = w.Do(ctx, by, custody.OpenLink{Person: p.Username, Link: p.Admission.Link})
	return desk.NewAuthenticator{Username: p.Username, Seed: custody.SecretString("SEED"), OTPAuth: custody.SecretString("otpauth://totp/x?secret=SEED"), Period: p.TOTPPeriod}, err
}

func (w *world) Join(ctx context.Context, token custody.Secret, code, request string) (string, []custody.Secret, error) {
	p, err := w.invited(token)
	if err != nil {
		return "", nil, err
	}
	w.requests = append(w.requests, request)
	if _, err := w.Do(ctx, desk.By{Actor: p.Username, Request: request, Code: code}, custody.Join{Link: p.Admission.Link, Account: 1}); err != nil {
		return "", nil, err
	}
	return p.Username, []custody.Secret{custody.SecretString(theRecoveryCode)}, nil
}

func (w *world) ChangePassword(ctx context.Context, by desk.By, in desk.PasswordChange) error {
	if in.Current.Reveal() != thePass {
		return &custody.Refusal{Code: custody.Forbidden, Field: "current", Key: "wrong_password"}
	}
	_, err := w.Do(ctx, by, custody.ChangePassword{Account: 1})
	return err
}

func (w *world) ReplaceAuthenticator(ctx context.Context, by desk.By, in desk.AuthenticatorChange) (desk.NewAuthenticator, error) {
	if in.Current.Reveal() != thePass {
		return desk.NewAuthenticator{}, &custody.Refusal{Code: custody.Forbidden, Field: "current", Key: "wrong_password"}
	}
	person, _ := w.state.Person(by.Actor)
	_, err := w.Do(ctx, by, custody.ReplaceAuthenticator{Account: person.Account + 1})
	return desk.NewAuthenticator{Username: by.Actor, Seed: custody.SecretString("NEXT"), OTPAuth: custody.SecretString("otpauth://totp/x?secret=NEXT"), Period: person.TOTPPeriod}, err
}

func (w *world) ProveAuthenticator(ctx context.Context, by desk.By, _ custody.Secret) ([]custody.Secret, error) {
	person, _ := w.state.Person(by.Actor)
	if _, err := w.Do(ctx, by, custody.ProveAuthenticator{Account: person.Account + 1}); err != nil {
		return nil, err
	}
	return []custody.Secret{custody.SecretString(theRecoveryCode)}, nil
}

func (w *world) Sessions(_ context.Context, person string, _ custody.Secret) ([]desk.OpenSession, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var open []desk.OpenSession
	for i, s := range w.state.Sessions(person) {
		open = append(open, desk.OpenSession{Session: s, Here: i == 0})
	}
	return open, w.fail
}

func (w *world) ReleaseCode(_ context.Context, reader, username string) (custody.Secret, bool, error) {
	if p, _ := w.state.Person(username); !p.Admission.ReadBy(reader) {
		return custody.Secret{}, false, nil
	}
	return custody.SecretString(theReleaseCode), true, nil
}

func (w *world) Founding(context.Context) (desk.Founding, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return desk.Founding{People: filled(w, slices.Collect(w.state.People())), Digest: w.state.FoundingDigest(), Founded: w.state.Founded()}, w.fail
}

func (w *world) Envelopes(context.Context) (desk.Envelopes, error) { return w.envelopes, nil }

func (w *world) Enveloped(c custody.Credential) (desk.Enveloped, bool) {
	return desk.Enveloped{Credential: c}, false
}

func (w *world) Emergencies(context.Context) ([]desk.Emergency, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return filled(w, desk.EmergenciesIn(w.state)), w.fail
}

func (w *world) OpenIncidents() desk.OpenIncidents {
	w.mu.Lock()
	defer w.mu.Unlock()
	return desk.OpenIncidentsIn(w.state)
}

func (w *world) Assessors(_ context.Context, id string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return desk.AssessorsIn(w.state, id), w.fail
}

func (w *world) ToAssess(_ context.Context, person string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return desk.ToAssessIn(w.state, person), w.fail
}

func (w *world) Prospect(_ context.Context, person string) (custody.Prospect, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.Prospect(person), w.fail
}

func (w *world) ProposeEmail(ctx context.Context, by desk.By, a custody.ChangeEmail, reason custody.Note) (desk.Outcome, error) {
	return w.Do(ctx, by, custody.Propose{Change: custody.Change{Proposable: a}, Reason: reason})
}

func (w *world) ChangeEmail(ctx context.Context, by desk.By, a custody.ChangeEmail) (desk.Outcome, error) {
	return w.Do(ctx, by, a)
}

func (w *world) Unlock(ctx context.Context, by desk.By, a custody.Unlock) (desk.Outcome, error) {
	return w.Do(ctx, by, a)
}

func (w *world) ShowNew(ctx context.Context, by desk.By, a custody.ShowNew) (desk.ToSet, error) {
	outcome, err := w.Do(ctx, by, a)
	name := a.Subject()
	return desk.ToSet{Outcome: outcome, Current: w.passwords[name], Next: custody.SecretString("the next one")}, err
}

func (w *world) ChangePolicy(ctx context.Context, by desk.By, a custody.ChangePolicy) (desk.Outcome, error) {
	return w.Do(ctx, by, a)
}

func (w *world) PolicyInForce() custody.PolicyInForce { return w.state.Policy() }

func (w *world) ProposePolicy(ctx context.Context, by desk.By, a custody.ChangePolicy, reason custody.Note) (desk.Outcome, error) {
	return w.Do(ctx, by, custody.Propose{Change: custody.Change{Proposable: a}, Reason: reason})
}

func (w *world) ProposeCredential(ctx context.Context, by desk.By, a custody.AddCredential, reason custody.Note, password, key custody.Secret) (desk.Outcome, error) {
	a.Target.Identities = desk.Identities(nil, a.Name)
	outcome, err := w.Do(ctx, by, custody.Propose{Change: custody.Change{Proposable: a}, Reason: reason})
	if err == nil {
		w.passwords[a.Subject()] = password
		w.passwords[a.Subject()+"/key"] = key
	}
	return outcome, err
}

func (w *world) RevisePolicy(ctx context.Context, by desk.By, id string, a custody.ChangePolicy, reason custody.Note) (desk.Outcome, error) {
	return w.Do(ctx, by, custody.Revise{Proposal: id, Change: custody.Change{Proposable: a}, Reason: reason})
}

func (w *world) ReviseCredential(ctx context.Context, by desk.By, id string, a custody.AddCredential, reason custody.Note, password, key custody.Secret) (desk.Outcome, error) {
	a.Target.Identities = desk.Identities(nil, a.Name)
	outcome, err := w.Do(ctx, by, custody.Revise{Proposal: id, Change: custody.Change{Proposable: a}, Reason: reason})
	if err == nil {
		w.passwords[a.Subject()], w.passwords[a.Subject()+"/key"] = password, key
	}
	return outcome, err
}

func (w *world) ReviseRetargeting(ctx context.Context, by desk.By, id string, r desk.Retargeting, reason custody.Note) (desk.Outcome, error) {
	return w.retargets(ctx, by, r, func(a custody.Retarget) custody.Action {
		return custody.Revise{Proposal: id, Change: custody.Change{Proposable: a}, Reason: reason}
	})
}

func (w *world) ReviseEmail(ctx context.Context, by desk.By, id string, a custody.ChangeEmail, reason custody.Note) (desk.Outcome, error) {
	return w.Do(ctx, by, custody.Revise{Proposal: id, Change: custody.Change{Proposable: a}, Reason: reason})
}

// newSession opens a session that nobody has.
func (w *world) newSession() custody.SignIn {
	w.sessions++
	return custody.SignIn{Session: fmt.Sprintf("%064x", w.sessions), Until: w.now.Add(12 * time.Hour)}
}

func (w *world) SignIn(ctx context.Context, in desk.SignInRequest) (desk.SignedIn, error) {
	if in.Password.Reveal() != thePass {
		return desk.SignedIn{}, &custody.Refusal{Code: custody.Unauthenticated, Key: "login_refused"}
	}
	w.requests = append(w.requests, in.Request)
	before, _ := w.state.Person(in.Username)
	if _, err := w.Do(ctx, desk.By{Actor: in.Username, Request: in.Request, Code: in.Code}, w.newSession()); err != nil {
		return desk.SignedIn{}, err
	}
	person, _ := w.state.Person(in.Username)
	token := "token-of-" + in.Username
	w.tokens[token] = in.Username
	signed := desk.SignedIn{Token: custody.SecretString(token), Expires: w.now.Add(time.Hour), Person: person}
	if in.Remember && in.From.Device.Reveal() != theDevice {
		signed.Device = custody.SecretString(theDevice)
	}
	if !before.Enrolled {
		signed.RecoveryCodes = []custody.Secret{custody.SecretString(theRecoveryCode)}
	}
	return signed, nil
}

func (w *world) Recover(ctx context.Context, in desk.RecoverRequest) (desk.NewAuthenticator, error) {
	if in.Password.Reveal() != thePass || in.Code.Reveal() != theRecoveryCode {
		return desk.NewAuthenticator{}, &custody.Refusal{Code: custody.Unauthenticated, Key: "login_refused"}
	}
	w.requests = append(w.requests, in.Request)
	before, _ := w.state.Person(in.Username)
	_, err := w.Do(ctx, desk.By{Actor: custody.System, Request: in.Request}, custody.RecoverEnrolment{Person: in.Username, Enrolment: before.Number})
	return desk.NewAuthenticator{OTPAuth: custody.SecretString("otpauth://totp/recovered")}, err
}

func (w *world) Who(ctx context.Context, token custody.Secret) (custody.Person, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	person, known := w.state.Person(w.tokens[token.Reveal()])
	if !known {
		return custody.Person{}, &custody.Refusal{Code: custody.Unauthenticated, Key: "no_session"}
	}
	return filled(w, person), nil
}

func (w *world) Use(context.Context, custody.Secret) {}

func (w *world) Approvers(context.Context) (map[string]map[custody.Role][]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	can := map[string]map[custody.Role][]string{}
	for p := range w.state.OpenProposals() {
		can[p.ID] = w.state.Approvers(p)
	}
	return can, nil
}

func (w *world) Census(context.Context) (desk.Census, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.census != nil {
		return *w.census, w.fail
	}
	return desk.CensusIn(w.state, w.now), w.fail
}

func (w *world) Approving() desk.Approving {
	w.mu.Lock()
	defer w.mu.Unlock()
	return desk.Approving{Able: w.state.AbleAt(), Few: w.state.Shortages()}
}

func (w *world) ShortagesAfter(_ context.Context, change custody.Proposable) ([]custody.Shortage, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.ShortagesAfter(change), nil
}

func (w *world) SameDevice(_ context.Context, by desk.By, proposal string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.SameDevice(proposal, by.Actor, ""), nil
}

func (w *world) SameDeviceOf(_ context.Context, by desk.By, emergency string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.SameDeviceOf(emergency, by.Actor, ""), nil
}

func (w *world) SignOut(ctx context.Context, token custody.Secret, request string) error {
	delete(w.tokens, token.Reveal())
	return nil
}

func (w *world) PublicKey(context.Context) (ed25519.PublicKey, error) {
	return w.key.Public().(ed25519.PublicKey), nil
}

func (w *world) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(w.key, message), nil
}

func (w *world) Checkpoint(ctx context.Context) (audit.Checkpoint, error) {
	size := int64(len(w.records))
	root, err := tlog.TreeHash(size, w.HashReader(ctx))
	if err != nil {
		return audit.Checkpoint{}, err
	}
	return audit.SignCheckpoint(ctx, origin, size, root, w)
}

func (w *world) LedgerKey(ctx context.Context) (string, error) {
	public, _ := w.PublicKey(ctx)
	return audit.VerifierKey(origin, public)
}

func (w *world) Ready(context.Context) error { return w.fail }

func (w *world) Time() time.Time { return w.now }

func (w *world) ClockWrong() error {
	if errors.Is(w.fail, desk.ErrClockWrong) {
		return w.fail
	}
	return nil
}

func (w *world) ReviewDue() time.Time { return w.reviewDue }

func (w *world) Configuration() desk.Configuration {
	return desk.Configuration{Configuration: w.state.Configuration(), By: w.state.Acknowledgers()}
}

func (w *world) ConfigurationSaid(context.Context, custody.Person) (desk.Configuration, error) {
	return filled(w, w.Configuration()), w.fail
}

// queries is the reading side of a world.
type queries struct{ *world }

func found[T any](v T, ok bool) (T, error) {
	if !ok {
		return v, desk.ErrNotFound
	}
	return v, nil
}

func (q queries) People(context.Context) ([]custody.Person, error) {
	return filled(q.world, slices.Collect(q.state.People())), q.fail
}

func (q queries) Person(_ context.Context, username string) (custody.Person, error) {
	p, there := q.state.Person(username)
	return found(filled(q.world, p), there)
}

func (q queries) Credentials(context.Context) ([]custody.Credential, error) {
	return filled(q.world, slices.Collect(q.state.Credentials())), q.fail
}

func (q queries) Credential(_ context.Context, name string) (custody.Credential, error) {
	c, there := q.state.Credential(name)
	return found(filled(q.world, c), there)
}

func (q queries) FindCredentials(_ context.Context, in desk.CredentialQuery) ([]custody.Credential, error) {
	_, all, _ := q.state.Changes()
	return slices.DeleteFunc(filled(q.world, all), func(c custody.Credential) bool { return !slices.Contains(in.Names, c.Name) }), q.fail
}

func (q queries) CustodyCounts(context.Context) ([]desk.CustodyCount, error) {
	panic("for the pages, which have a world of their own")
}

func (q queries) Handovers(_ context.Context, in desk.HandoverQuery) ([]custody.Handover, error) {
	_, _, all := q.state.Changes()
	return slices.DeleteFunc(filled(q.world, all), func(h custody.Handover) bool {
		return len(in.Status) > 0 && !slices.Contains(in.Status, h.Status) ||
			in.Person != "" && h.From != in.Person && h.To != in.Person
	}), q.fail
}

func (q queries) Handover(_ context.Context, id string) (custody.Handover, error) {
	h, there := q.state.Handover(id)
	return found(filled(q.world, h), there)
}

func (q queries) Proposals(_ context.Context, in desk.ProposalQuery) ([]custody.Proposal, error) {
	all := slices.DeleteFunc(filled(q.world, q.state.ProposalsChanged()), func(p custody.Proposal) bool {
		return in.Open && p.Over() || in.Requester != "" && p.Requester != in.Requester || in.IDs != nil && !slices.Contains(in.IDs, p.ID)
	})
	slices.Reverse(all)
	return all, q.fail
}

func (q queries) Proposal(_ context.Context, id string) (custody.Proposal, error) {
	p, there := q.state.Proposal(id)
	return found(filled(q.world, p), there)
}

func (q queries) Incidents(_ context.Context, in desk.IncidentQuery) ([]custody.Incident, error) {
	all := slices.DeleteFunc(filled(q.world, q.state.IncidentsChanged()), func(i custody.Incident) bool {
		mine := in.KnownTo == "" || slices.Contains(i.People, in.KnownTo) || i.Reporter == in.KnownTo || slices.Contains(in.Theirs, i.ID)
		return !mine || in.Status != "" && i.Status != in.Status || in.Grade != "" && i.Stands() != in.Grade ||
			in.Person != "" && !slices.Contains(i.People, in.Person) || in.Credential != "" && !slices.Contains(i.Credentials, in.Credential)
	})
	slices.Reverse(all)
	return all, q.fail
}

func (q queries) Incident(_ context.Context, id string) (custody.Incident, error) {
	i, there := q.state.Incident(id)
	return found(filled(q.world, i), there)
}

func (q queries) Entries(_ context.Context, in desk.EntryQuery) ([]desk.StoredEntry, error) {
	var out []desk.StoredEntry
	last := int64(len(q.records)) - 1
	if in.Before > 0 {
		last = min(last, in.Before-1)
	}
	for n := in.From; n <= last && len(out) < in.Limit; n++ {
		i := n
		if in.Newest {
			i = in.From + last - n
		}
		e, err := audit.DecodeEntry(q.records[i])
		if err != nil {
			return nil, err
		}
		if cmp.Or(in.Actor, e.Actor) == e.Actor && cmp.Or(in.Credential, in.Subject, e.Subject) == e.Subject && cmp.Or(in.Type, e.Type) == e.Type {
			out = append(out, q.entry(i))
		}
	}
	return out, q.fail
}

func (q queries) Entry(_ context.Context, index int64) (desk.StoredEntry, error) {
	if index >= int64(len(q.records)) {
		return desk.StoredEntry{}, desk.ErrNotFound
	}
	return q.entry(index), nil
}

func (q queries) EntriesAbout(context.Context, desk.AboutQuery) ([]desk.StoredEntry, []string, error) {
	panic("for the pages, which have a world of their own")
}

func (q queries) LatestAbout(context.Context, []string, []string, int64) ([]desk.StoredEntry, error) {
	panic("for the pages, which have a world of their own")
}

func (q queries) Exposure(_ context.Context, credential string, at time.Time) (custody.Exposure, error) {
	var x custody.Exposure
	found := false
	for i, record := range q.records {
		entry, err := audit.DecodeEntry(record)
		if err != nil {
			return x, err
		}
		if entry.Subject == credential && (at.IsZero() || !entry.Time.After(at)) {
			event, err := custody.FromRecord(entry)
			if err != nil {
				return x, err
			}
			found = true
			x.Add(int64(i), event)
		}
	}
	if !found {
		return x, desk.ErrNotFound
	}
	return x, q.fail
}

func (w *world) HashReader(context.Context) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, at := range indexes {
			out[i] = w.hashes[at]
		}
		return out, nil
	})
}

// served is a world behind a real listener, with everything that it logged.
type served struct {
	*world
	*httptest.Server
	api *api.Server
	log *desktest.Log
}

func serve(t *testing.T, edit ...func(*api.Config)) served {
	t.Helper()
	w := newWorld(t)
	logged := &desktest.Log{}
	c := api.Config{Desk: w, Queries: queries{w}, Log: slog.New(slog.NewJSONHandler(logged, nil)), Version: "test"}
	for _, e := range edit {
		e(&c)
	}
	s, err := api.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return served{w, listen(t, api.NewHTTPServer(s.Handler(), c.Log)), s, logged}
}

func listen(t *testing.T, s *http.Server) *httptest.Server {
	ts := httptest.NewUnstartedServer(nil)
	ts.Config = s
	ts.Start()
	t.Cleanup(ts.Close)
	return ts
}

// impatient serves the same world, with little time to read a request in.
func (s served) impatient(t *testing.T) served {
	server := api.NewHTTPServer(s.api.Handler(), slog.Default())
	server.ReadTimeout = 50 * time.Millisecond
	s.Server = listen(t, server)
	return s
}

// as gives a client that is signed in.
func (s served) as(t *testing.T, username string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{Server: s.URL, Token: api.Secret("token-of-" + username), HTTP: s.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
