package insider_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/embedded"
	"github.com/tandem-custody/tandem/custody/notify"
	"github.com/tandem-custody/tandem/custody/notify/smtp"
	"github.com/tandem-custody/tandem/custody/store"
	"github.com/tandem-custody/tandem/custody/store/storetest/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// arena is a founded office with everybody in it, each logged in: an admin, a manager, a
// director, an auditor and three technicians, of whom tech-a and tech-b have db01, which
// tech-a holds, and tech-c has nothing.
type arena struct {
	*desktest.Office
	t        testing.TB
	server   *httptest.Server
	secrets  string // folder of the secret store
	own      *embedded.Store
	gate     *desktest.Breakable // before it
	settings []desk.Setting      // that the next start has

	sessions map[string]api.Secret
	before   int64 // entries when the attempt began
	mails    []smtp.Mail
	whose    map[string]string // usernames, by the addresses at which they read
	down     error             // why the server does not start any more
}

var staff = []struct {
	name string
	role custody.Role
}{
	{"admin", custody.Admin}, {"manager", custody.Manager}, {"director", custody.Director}, {"auditor", custody.Auditor},
	{"tech-a", custody.Technician}, {"tech-b", custody.Technician}, {"tech-c", custody.Technician},
}

// configured is what an operator has configured at first.
var configured = []desk.Setting{
	{Key: "dependents.app", Said: "app", Whole: []byte("app")}, {Key: "hooks", Said: "hook", Whole: []byte("hook")}, {Key: "notify", Said: "mail", Whole: []byte("mail")},
}

func newArena(t testing.TB) *arena {
	t.Helper()
	a := &arena{t: t, settings: configured, sessions: map[string]api.Secret{}, secrets: t.TempDir(), whose: map[string]string{}}
	a.Office = desktest.Empty(t, func(c *desk.Config) {
		c.Policy.SessionIdle = 12 * time.Hour // how long an attempt takes is no part of it
		a.gate = c.Secrets.(*desktest.Breakable)
		a.opensSecrets()
		c.Settings = func() []desk.Setting { return a.settings }
	})
	for _, p := range staff {
		a.joins(p.name, p.name+"@example.org", p.role)
	}
	a.Onboard("db01")
	f, err := a.Desk.Founding(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"manager", "director"} {
		a.Must(who, custody.ConfirmFounding{Digest: f.Digest})
	}
	a.serve()
	for _, p := range staff {
		a.logsIn(p.name)
	}
	a.begin()
	return a
}

// joins opens an account before the founding.
func (a *arena) joins(username, email string, role custody.Role) {
	a.t.Helper()
	a.whose[email] = username
	login, err := a.Desk.AddPerson(a.t.Context(), desk.By{Actor: custody.System, Request: "hire-" + username}, custody.AddPerson{
		Username: username, Name: "Person " + username, Email: desk.NewNote(email), Roles: []custody.Role{role}, TOTPPeriod: desktest.Period,
	})
	if err != nil {
		a.t.Fatal(err)
	}
	a.Passwords[username], a.Seeds[username] = login.Password, desktest.SeedOf(a.t, login.OTPAuth)
	if _, err := a.SignIn(username); err != nil {
		a.t.Fatal(err)
	}
}

// comes is joins after the founding: approved, with a link and a release code.
func (a *arena) comes(username, email string, roles ...custody.Role) {
	a.t.Helper()
	a.whose[email] = username
	a.Agreed("admin", custody.AddPerson{Username: username, Name: "Person " + username, Email: desk.NewNote(email), Roles: roles, TOTPPeriod: desktest.Period})
	link, code := a.Link("admin", "manager", username)
	a.Joins(username, link, code)
	a.logsIn(username)
}

// serve has the API of the desk that there is.
func (a *arena) serve() {
	a.t.Helper()
	many := edge.Limit{Every: time.Microsecond, Burst: 1 << 20}
	s, err := api.New(api.Config{Desk: a.Desk, Queries: a.Store, Log: slog.New(slog.DiscardHandler), Version: "test", SignIns: many, Commands: many})
	if err != nil {
		a.t.Fatal(err)
	}
	a.server = httptest.NewServer(s.Handler())
	a.t.Cleanup(a.server.Close)
}

// begin is where the attempt begins: what was before is not its own.
func (a *arena) begin() { a.before = a.Size() }

// logsIn logs somebody in.
func (a *arena) logsIn(who string) {
	a.t.Helper()
	session, err := a.as("").SignIn(a.t.Context(), api.SignIn{Username: who, Password: api.Secret(a.Passwords[who].Reveal()), TOTP: a.code(who)})
	if err != nil {
		a.t.Fatalf("%s: %v", who, err)
	}
	a.sessions[who] = session.Token
}

// logsInAt logs somebody in in a device that is remembered. It gives a new one's token; "":
// it was known.
func (a *arena) logsInAt(who string, device api.Secret) (made api.Secret) {
	a.t.Helper()
	session, err := a.as("").SignIn(a.t.Context(), api.SignIn{
		Username: who, Password: api.Secret(a.Passwords[who].Reveal()), TOTP: a.code(who), Device: device, RememberDevice: true,
	})
	if err != nil {
		a.t.Fatalf("%s: %v", who, err)
	}
	a.sessions[who] = session.Token
	return session.Device
}

// as gives the client of somebody's session; "": of nobody's.
func (a *arena) as(who string) *client.Client {
	a.t.Helper()
	c, err := client.New(client.Config{Server: a.server.URL, Token: a.sessions[who]})
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

// code gives a fresh code of somebody's authenticator.
func (a *arena) code(who string) api.Secret { return api.Secret(a.Code(who)) }

// password is what db01 has.
func (a *arena) password() api.Secret {
	return api.Secret(a.Password("db01", a.Credential("db01").Rotation.Number).Reveal())
}

// restarts ends the server and starts it anew, if it starts.
func (a *arena) restarts() {
	a.t.Helper()
	if err := a.Desk.Close(); err != nil {
		a.t.Fatal(err)
	}
	d, err := desk.Open(a.t.Context(), a.Config)
	if err != nil {
		a.down = err
		return
	}
	a.t.Cleanup(func() { _ = d.Close() })
	a.Desk = d
	a.serve()
}

// stopped says whether the server goes on deciding: now, and if it does, after a restart.
func (a *arena) stopped() (when string) {
	a.t.Helper()
	for _, when := range []string{"at once", "at the next start"} {
		if a.down != nil {
			return "it does not start: `" + codeOf(a.down) + "`"
		}
		_, err := a.Desk.Do(a.t.Context(), desk.By{Actor: "tech-c", Request: desktest.Unique("probe")}, custody.ComeBack{}) // which changes nothing
		if err != nil && custody.CodeOf(err) == "" {
			return "the server stops " + when + ": `" + codeOf(err) + "`"
		}
		if when == "at once" {
			a.restarts()
		}
	}
	return ""
}

// codeOf says which cause an error of a desk is.
func codeOf(err error) string {
	for _, c := range []struct {
		kind error
		code string
	}{
		{desk.ErrLedgerSuspect, "ledger_suspect"}, {desk.ErrClockWrong, "clock_wrong"}, {desk.ErrWrapKey, "wrap_key"}, {desk.ErrOtherOrigin, "other_origin"},
		{desk.ErrOtherLedgerKey, "other_ledger_key"}, {desk.ErrOtherSecrets, "other_secret_store"}, {desk.ErrSecretsLost, "secrets_lost"},
		{desk.ErrUnacknowledged, "unacknowledged"}, {desk.ErrSecretsUnavailable, "vault_unavailable"}, {desk.ErrStoreUnavailable, "store_unavailable"},
	} {
		if errors.Is(err, c.kind) {
			return c.code
		}
	}
	var problem *edge.Problem
	if errors.As(err, &problem) {
		return string(problem.Code)
	}
	if code := custody.CodeOf(err); code != "" {
		return string(code)
	}
	return "error"
}

// recorded gives the types of the entries that the attempt led to, with what grade they
// have where it is not ordinary; and whether one of them is serious or special.
func (a *arena) recorded() (types []string, graded bool) {
	a.t.Helper()
	if a.Size() <= a.before {
		return nil, false
	}
	err := a.Store.Records(a.t.Context(), a.before, a.Size(), func(_ int64, record []byte) error {
		e, err := custody.ReadRecord(record)
		if err != nil {
			types = append(types, "an entry that is none")
			return nil
		}
		text := "`" + e.Fact.Type() + "`"
		switch refused, is := e.Fact.(custody.CommandRefused); {
		case is:
			text += " " + string(refused.Code)
		case e.Grade() != custody.Ordinary:
			text, graded = text+" **"+string(e.Grade())+"**", true
		}
		if !slices.Contains(types, text) {
			types = append(types, text)
		}
		return nil
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return types, graded
}

// told gives who gets a mail about what the attempt led to, as the notifier of this server
// sends it, sorted.
func (a *arena) told() []string {
	a.t.Helper()
	ctx, cancel := context.WithCancel(a.t.Context())
	defer cancel()
	now := a.Clock.Now()
	at, taken, err := a.Store.Take(ctx, "notify", "before", now, now.Add(time.Minute))
	if err != nil || !taken {
		a.t.Fatalf("%t, %v", taken, err)
	}
	if _, err = a.Store.Advance(ctx, "notify", at.Epoch, a.before, now); err == nil {
		err = a.Store.Leave(ctx, "notify", at.Epoch)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	to := map[string]bool{}
	rounds, began := 0, time.Now() // pauses pass
	f := notify.New(notify.Config{
		Ledger: a.Store, Places: a.Store, Owner: "test", Directory: directory{a.Store, a.Desk}, Suspect: a.Desk.Suspect(),
		Follow: func() <-chan struct{} { // asked for before each round
			if rounds++; rounds > 1 {
				cancel()
			}
			grew := make(chan struct{})
			close(grew)
			return grew
		},
		Send: func(_ context.Context, m smtp.Mail) error {
			a.mails = append(a.mails, m)
			who, known := a.whose[m.To]
			if !known {
				who = "**" + m.To + "**"
			}
			to[who] = true
			return nil
		},
		Origin: desktest.Origin, URL: "https://tandem.example", Language: "en", Zone: time.UTC, Now: func() time.Time { return now.Add(time.Since(began)) }, Log: slog.New(slog.DiscardHandler),
		MinPause: time.Nanosecond, MaxPause: time.Nanosecond,
	})
	if err := f.Run(ctx); err != nil {
		a.t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(to))
}

// directory is what the notifier asks, as the program wires it.
type directory struct {
	*store.Store
	desk *desk.Desk
}

func (d directory) Preference(ctx context.Context, username string) (desk.Preference, error) {
	return d.desk.Preference(ctx, username)
}

func (d directory) Approvers(ctx context.Context) (map[string]map[custody.Role][]string, error) {
	return d.desk.Approvers(ctx)
}

func (d directory) Assessors(ctx context.Context, incident string) ([]string, error) {
	return d.desk.Assessors(ctx, incident)
}

func (d directory) Credential(ctx context.Context, name string) (custody.Credential, error) {
	return orNone(d.Store.Credential(ctx, name))
}

func (d directory) Handover(ctx context.Context, id string) (custody.Handover, error) {
	return orNone(d.Store.Handover(ctx, id))
}

func orNone[T any](value T, err error) (T, error) {
	if errors.Is(err, desk.ErrNotFound) {
		err = nil
	}
	return value, err
}

// status gives how a request without a body is answered.
func (a *arena) status(who, path string) int {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.server.URL+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+string(a.sessions[who]))
	answer, err := a.server.Client().Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}
