package insider_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/witness/witnesstest"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/embedded"
	"github.com/tandem-custody/tandem/custody/totp"
	"github.com/tandem-custody/tandem/custody/witnessing"
)

// What somebody can try who can write to the database, to the configuration, to the secret
// store or into the answers of a witness, and to nothing else.

// row is an attempt that writes into the database, under a running server, and looks whether
// that reached its aim, there and after a restart.
func row(tries string, concerns []string, reaches func(a *arena) error, statements ...string) attempt {
	return attempt{tries: tries, concerns: concerns, do: func(a *arena) outcome {
		a.Administrator(func(db *sql.DB) {
			for _, s := range statements {
				a.SQL(db, s)
			}
		})
		return a.afterwards(reaches)
	}}
}

// afterwards looks whether an aim is reached by now, or after a restart.
func (a *arena) afterwards(reaches func(a *arena) error) outcome {
	a.t.Helper()
	err := reaches(a)
	when := a.stopped()
	if err != nil && when == "" {
		err = reaches(a)
	}
	said := []string{"it counts"}
	if err != nil {
		said[0] = "it counts for nothing"
		if code := codeOf(err); code != "error" {
			said[0] += ": `" + code + "`"
		}
	}
	if when != "" {
		said = append(said, when)
	}
	return outcome{worked: err == nil, said: strings.Join(said, "; "), stopped: when != ""}
}

// opens is the aim to be shown the password of db01.
func opens(who string) func(a *arena) error {
	return func(a *arena) error {
		_, err := a.as(who).CheckOut(a.t.Context(), "db01", api.CheckOut{Purpose: because, TOTP: a.code(who)})
		return err
	}
}

// approvesAs is the aim to approve, with the session of somebody who may not.
func approvesAs(who string) func(a *arena) error {
	return func(a *arena) error {
		id := "p-1"
		p, err := a.Store.Proposal(a.t.Context(), id)
		if err != nil {
			return err
		}
		_, err = a.as(who).Approve(a.t.Context(), id, api.ApproveProposal{Digest: p.Digest(), TOTP: a.code(who)})
		return err
	}
}

// waiting has something wait for approvals before the attempt begins.
func waiting(try attempt) attempt { return after(func(a *arena) { a.swapAsked() }, try) }

// after has something happen before the attempt begins.
func after(happens func(a *arena), try attempt) attempt {
	do := try.do
	try.do = func(a *arena) outcome {
		happens(a)
		a.begin()
		return do(a)
	}
	return try
}

// appended is an attempt that adds an entry under a mark: the holder becomes tech-b.
func appended(tries string, mark func(a *arena) func(audit.Batch) string) attempt {
	return attempt{tries: tries, concerns: custodians, do: func(a *arena) outcome {
		a.ForgeUnder(custody.Event{
			Time: a.Clock.Now(), Actor: custody.System, Request: "forged",
			Cause: &custody.Cause{Action: custody.LockSignIn{Person: "tech-c", Failures: 5, Until: a.Clock.Now().Add(time.Hour)}},
			Fact:  custody.SignInLocked{Person: "tech-c", Failures: 5, Until: a.Clock.Now().Add(time.Hour)},
		}, mark(a))
		return a.afterwards(func(a *arena) error {
			_, err := a.Do("tech-c", custody.ComeBack{})
			return err
		})
	}}
}

// silenced is an attempt to keep tech-a from being told of a log-in that is not theirs: a
// change in the database, and then the log-in.
func silenced(tries, said string, statements ...string) attempt {
	return attempt{tries: tries, do: func(a *arena) outcome {
		a.Administrator(func(db *sql.DB) {
			for _, s := range statements {
				a.SQL(db, strings.ReplaceAll(s, "ADDRESS", a.Person("tech-a").Email.Commitment()))
			}
		})
		a.logsIn("tech-a")
		if _, err := a.Store.Verify(a.t.Context(), audit.VerifyOptions{}); err != nil {
			said += "; `tandem ledger verify` fails"
		}
		return outcome{said: said}
	}}
}

// puts has the secret store say something else at a path, in the version that counts.
func (a *arena) puts(path string, version int64, value custody.Secret) {
	a.t.Helper()
	ctx := a.t.Context()
	if err := a.Secrets.Delete(ctx, path); err != nil {
		a.t.Fatal(err)
	}
	for n := range version {
		if _, err := a.Secrets.Write(ctx, path, value, n, nil); err != nil {
			a.t.Fatal(err)
		}
	}
}

// reconfigured is an attempt with other settings.
func reconfigured(tries string, reaches func(a *arena) error, settings ...desk.Setting) attempt {
	return attempt{tries: tries, concerns: []string{"manager"}, do: func(a *arena) outcome {
		a.settings = settings
		a.restarts()
		if err := reaches(a); err != nil {
			return outcome{said: "it is given nothing until a manager has acknowledged it: `" + codeOf(err) + "`"}
		}
		return outcome{worked: true, said: "it is used"}
	}}
}

// refusedAtStart is an attempt to have the server start with other parts.
func refusedAtStart(tries string, change func(a *arena)) attempt {
	return attempt{tries: tries, do: func(a *arena) outcome {
		change(a)
		a.restarts()
		if a.down != nil {
			return outcome{said: "it does not start: `" + codeOf(a.down) + "`", stopped: true}
		}
		when := a.stopped()
		return outcome{worked: when == "", said: when, stopped: when != ""}
	}}
}

// otherSecrets gives another secret store, that is empty.
func (a *arena) otherSecrets() desk.Secrets {
	a.t.Helper()
	dir := a.t.TempDir()
	s, err := embedded.OpenOrCreate(filepath.Join(dir, "secrets"), embedded.Unlock{KeyFile: filepath.Join(dir, "key")})
	if err != nil {
		a.t.Fatal(err)
	}
	return s
}

// opensSecrets opens the secret store of the office, which is in a folder of its own.
func (a *arena) opensSecrets() {
	a.t.Helper()
	var err error
	if a.own, err = embedded.OpenOrCreate(filepath.Join(a.secrets, "secrets"), embedded.Unlock{KeyFile: filepath.Join(a.secrets, "key")}); err != nil {
		a.t.Fatal(err)
	}
	own := a.own
	a.t.Cleanup(func() { _ = own.Close() })
	a.gate.Replace(func(desk.Secrets) desk.Secrets { return own })
}

const vaultReads = "whoever reads Vault's storage, unless `vault.wrap_key_file` is set"

var bySystems = []group{
	{"The database's administrator", []attempt{
		row("makes up a session of the administrator", nil, func(a *arena) error {
			a.sessions["admin"] = "a-token-that-was-made-up"
			_, err := a.as("admin").Me(a.t.Context())
			return err
		}, `UPDATE sessions SET doc = json_set(doc, '$.open[0].token', '3b4d2b4b5b9de3a07cc4cfa6a0de04a1b5b0b1ab3bb0f16e9e24e9e3f3e2a1d0') WHERE key = 'admin'`),
		row("makes themselves the holder", custodians, opens("tech-c"), `UPDATE credentials SET doc = json_set(doc, '$.holder', 'tech-c', '$.primary', 'tech-c') WHERE key = 'db01'`),
		waiting(row("gives a technician the role of a manager", custodians, approvesAs("tech-b"), `UPDATE people SET doc = json_set(doc, '$.roles', json('["manager"]')) WHERE key = 'tech-b'`)),
		waiting(row("writes an approval into a proposal", custodians, approvesAs("director"), `UPDATE proposals SET doc = json_set(doc, '$.approvals', json('[{"level":"manager","person":"manager","at":"2026-03-02T08:00:00Z"}]')) WHERE key = 'p-1'`)),
		{tries: "has an overheard code count once more", concerns: custodians, do: func(a *arena) outcome {
			code := a.code("tech-a")
			if _, err := a.as("tech-a").CheckOut(a.t.Context(), "db01", api.CheckOut{Purpose: because, TOTP: code}); err != nil {
				a.t.Fatal(err)
			}
			a.begin()
			a.Administrator(func(db *sql.DB) {
				a.SQL(db, `UPDATE people SET doc = json_set(doc, '$.last_step', 1) WHERE key = 'tech-a'`)
			})
			return a.afterwards(func(a *arena) error {
				_, err := a.as("tech-a").ShowAgain(a.t.Context(), "db01", code)
				return err
			})
		}},
		after(func(a *arena) { a.signedByBoth(time.Hour) }, row("has an absence begin at once for which both have signed", custodians, opens("tech-b"),
			`UPDATE people SET doc = json_set(doc, '$.plans[0].from', '2026-03-02T08:00:00.000000000Z') WHERE key = 'tech-a'`)),
		after(func(a *arena) { a.plans("tech-a", time.Hour, true) }, row("writes into a handover that the other has signed it ahead, and into the plan that it has begun", custodians, opens("tech-b"),
			`UPDATE handovers SET doc = json_set(doc, '$.status', 'signed', '$.ahead.receiver', json('{"entry":5,"at":"2026-03-02T08:00:00.000000000Z","enrolment":1}')) WHERE key = 'handover-1'`,
			`UPDATE people SET doc = json_set(doc, '$.plans[0].begun', '2026-03-02T08:00:00.000000000Z') WHERE key = 'tech-a'`)),
		after(func(a *arena) { a.asksUrgently("tech-b", "") }, row("writes into an emergency that it was granted", custodians, opens("tech-b"),
			`UPDATE credentials SET doc = json_set(doc, '$.emergencies[0].status', 'granted', '$.holder', 'tech-b') WHERE key = 'db01'`)),
		after(func(a *arena) { a.asksUrgently("tech-b", "") }, row("writes into an emergency that nobody has answered for long enough", custodians, func(a *arena) error {
			a.passes(time.Minute)
			return opens("tech-b")(a)
		}, `UPDATE credentials SET doc = json_set(doc, '$.emergencies[0].silence', '2026-03-02T08:00:00.000000000Z', '$.policy.silence', json('true')) WHERE key = 'db01'`)),
		row("has the next password set on another server", custodians, func(a *arena) error {
			c, err := a.Desk.Credential(a.t.Context(), "db01") // by which the worker goes
			if err != nil {
				return err
			}
			if target, known := c.Target.Plain(); !known || target.Address == "db01.example:22" {
				return errors.New("the worker goes to where it was")
			}
			return nil
		}, `UPDATE ledger_texts SET text = 'evil.example:22' WHERE text = 'db01.example:22'`, `UPDATE credentials SET doc = json_set(doc, '$.target.address', (SELECT commitment FROM ledger_texts WHERE text = 'evil.example:22')) WHERE key = 'db01'`),
		row("lifts every lock-out, to guess on", nil, func(a *arena) error {
			for range 7 {
				if _, err := a.as("").SignIn(a.t.Context(), api.SignIn{Username: "tech-a", Password: "a guess", TOTP: "000000"}); codeOf(err) == "locked_out" {
					return err
				}
				a.Administrator(func(db *sql.DB) { a.SQL(db, "DELETE FROM throttles") })
			}
			return custody.Invalid("x", "x") // none was right: both are needed, and one of them is a code
		}),
		{tries: "appends an entry without a tree", do: func(a *arena) outcome {
			a.Administrator(func(db *sql.DB) {
				a.SQL(db, "INSERT INTO ledger_entries (idx, record) SELECT idx + 1, record FROM ledger_entries ORDER BY idx DESC LIMIT 1")
			})
			return a.afterwards(func(a *arena) error { _, err := a.Do("tech-c", custody.ComeBack{}); return err })
		}},
		appended("appends an entry with a tree and a seal that was made up", func(*arena) func(audit.Batch) string {
			return func(audit.Batch) string { return "00000000." + strings.Repeat("0", 64) }
		}),
		appended("appends an entry with a tree and no seal", func(*arena) func(audit.Batch) string { return func(audit.Batch) string { return "" } }),
		{tries: "takes the last entry back", do: func(a *arena) outcome {
			a.Must("tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote(because)})
			a.Administrator(func(db *sql.DB) {
				a.SQL(db, "DELETE FROM ledger_entries WHERE idx = (SELECT max(idx) FROM ledger_entries)")
			})
			return a.afterwards(func(a *arena) error { _, err := a.Do("tech-c", custody.ComeBack{}); return err })
		}},
		{tries: "puts yesterday's file back", do: func(a *arena) outcome {
			file := a.Copied()
			a.Must("tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote(because)})
			a.Must("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote(because)})
			a.Reopen(file)
			a.serve()
			return a.afterwards(opens("tech-a"))
		}},
		{tries: "puts the file of another installation in its place, in which they are everything", do: func(a *arena) outcome {
			file := desktest.New(a.t).Copied()
			if err := a.Desk.Close(); err != nil {
				a.t.Fatal(err)
			}
			a.PutBack(file)
			return a.starts(opens("tech-a"))
		}},
		silenced("writes another address beside the ledger, so that somebody is not told", "the person is not told; no mail goes to the other address either", `UPDATE ledger_texts SET text = 'mine@example.org' WHERE commitment = 'ADDRESS'`),
		silenced("says that everybody has been told already", "nobody is told by mail while that stands; all is in the ledger", `INSERT INTO followers (follower, next, at, owner, until, epoch) VALUES ('notify', 1000000, '', '', '', 1) ON CONFLICT (follower) DO UPDATE SET next = 1000000`),
		silenced("chooses another language for somebody", "it counts as not chosen", `INSERT INTO preferences (username, language, zone) VALUES ('tech-a', 'zh', 'Asia/Shanghai') ON CONFLICT (username) DO UPDATE SET language = 'zh'`),
	}},
	{"The operator's configuration", []attempt{
		reconfigured("has a dependent be another program", func(a *arena) error { return a.Desk.MayTell(a.t.Context(), "app") },
			desk.Setting{Key: "dependents.app", Said: "mine", Whole: []byte("mine")}, configured[1], configured[2]),
		reconfigured("adds a dependent of their own", func(a *arena) error { return a.Desk.MayTell(a.t.Context(), "mine") },
			configured[0], desk.Setting{Key: "dependents.mine", Said: "mine", Whole: []byte("mine")}, configured[1], configured[2]),
		{tries: "has mails go by another server", concerns: []string{"manager", "director"}, do: func(a *arena) outcome {
			a.settings = []desk.Setting{configured[0], configured[1], {Key: "notify", Said: "mine", Whole: []byte("mine")}}
			a.restarts()
			return outcome{worked: true, said: "they go by the one in force as well, until a manager has acknowledged the other"}
		}},
		{tries: "leads a channel to a room of their own, or says that others read it, to have an emergency granted by their silence", concerns: []string{"manager", "director"}, do: func(a *arena) outcome {
			mine := desk.Setting{Key: custody.ChannelSetting("ops"), Said: "mine", Whole: []byte("mine")}
			a.settings = append(slices.Clone(configured), mine)
			a.restarts()
			if in, err := a.Desk.InForce(a.t.Context(), mine); err != nil || in {
				return of(err, "it counts")
			}
			return outcome{said: "nobody counts as reached by it until a manager has acknowledged it, and messages go to the room in force as well"}
		}},
		refusedAtStart("has another secret store asked (`vault.address`)", func(a *arena) {
			other := desktest.New(a.t)
			a.Config.Secrets = other.Config.Secrets
		}),
		refusedAtStart("has an empty secret store asked", func(a *arena) { a.Config.Secrets = a.otherSecrets() }),
		{tries: "puts an empty secret store in its place and founds the installation anew on the host, to become the holder", concerns: []string{"manager", "director", "tech-a"}, do: func(a *arena) outcome {
			if err := a.Desk.Close(); err != nil {
				a.t.Fatal(err)
			}
			a.Config.Secrets = a.otherSecrets()
			plan, err := desk.PlanRebinding(a.t.Context(), a.Config)
			if err == nil {
				err = plan.CarryOut(a.t.Context(), because, "rebind")
			}
			if err != nil {
				return of(err, "")
			}
			a.restarts()
			login, _, err := a.Desk.RecoverOnHost(a.t.Context(), "tech-a", "recover")
			if err != nil {
				return of(err, "")
			}
			a.Passwords["tech-a"], a.Seeds["tech-a"] = login.Password, desktest.SeedOf(a.t, login.OTPAuth)
			a.logsIn("tech-a")
			if err := opens("tech-a")(a); err == nil {
				return outcome{worked: true, said: "they are shown the password"}
			} else {
				return outcome{worked: true, said: "they are tech-a, and the password is in no store any more: `" + codeOf(err) + "`"}
			}
		}},
		refusedAtStart("has the ledger be called otherwise (`ledger.origin`)", func(a *arena) { a.Config.Origin = "another.example/ledger" }),
		{tries: "sets the clock an hour ahead under a running server, so that an offer or a lease ends", do: func(a *arena) outcome {
			a.Clock.Jump(time.Hour)
			when := a.stopped()
			return outcome{worked: when == "", said: when, stopped: when != ""}
		}},
		refusedAtStart("starts it with a clock that is four days ahead", func(a *arena) { a.Clock.Jump(4 * 24 * time.Hour) }),
		{tries: "adds somebody on the host, as before the founding", do: func(a *arena) outcome {
			_, err := a.Desk.AddPerson(a.t.Context(), desk.By{Actor: custody.System, Request: "on the host"}, custody.AddPerson{Username: "mallory", Name: "M", Roles: []custody.Role{custody.Manager}, TOTPPeriod: desktest.Period})
			return of(err, "they are a manager")
		}},
		{tries: "takes an account into custody on the host", do: func(a *arena) outcome {
			_, err := a.Desk.AddCredential(a.t.Context(), desk.By{Actor: custody.System, Request: "on the host"}, custody.AddCredential{
				Name: "db02", Primary: "tech-c", Backup: "tech-b", Target: desk.NewTarget(custody.Target{Kind: "ssh", Address: "db02.example:22", Account: "root"}),
			}, custody.SecretString("before"), custody.Secret{})
			return of(err, "it is in custody")
		}},
		{tries: "sets up the log-in of an administrator anew on the host (`tandem recover`)", concerns: everybody, do: func(a *arena) outcome {
			_, err := a.Desk.ResetOnHost(a.t.Context(), "admin", "on the host")
			return of(err, "at once; everybody hears of it")
		}},
		{tries: "puts database and secrets of yesterday back, both on one machine", concerns: custodians, do: func(a *arena) outcome {
			ctx := a.t.Context()
			file, secrets := a.Copied(), map[string][]byte{}
			for _, name := range []string{"secrets", "key"} {
				text, err := os.ReadFile(filepath.Join(a.secrets, name))
				if err != nil {
					a.t.Fatal(err)
				}
				secrets[name] = text
			}
			a.Must("tech-a", custody.Offer{All: true, Reason: desk.NewNote(because)})
			a.Must("tech-b", custody.Accept{Handover: "handover-1"})
			kept, err := a.Desk.Checkpoint(ctx)
			if err != nil {
				a.t.Fatal(err)
			}
			key, err := a.Desk.LedgerKey(ctx)
			if err != nil {
				a.t.Fatal(err)
			}
			if err := errors.Join(a.Desk.Close(), a.own.Close()); err != nil {
				a.t.Fatal(err)
			}
			for name, text := range secrets {
				if err := os.WriteFile(filepath.Join(a.secrets, name), text, 0o600); err != nil {
					a.t.Fatal(err)
				}
			}
			a.PutBack(file)
			a.begin()
			a.opensSecrets()
			got := a.starts(opens("tech-a"))
			if _, err := a.Store.Verify(ctx, audit.VerifyOptions{Keys: []string{key}, Checkpoints: [][]byte{kept.Text}}); err != nil {
				got.said += "; `tandem ledger verify` with a checkpoint that was kept elsewhere fails, and so does a witness"
			}
			return got
		}, outside: "root on the host with the embedded store"},
	}},
	{"Vault's administrator", []attempt{
		{tries: "reads a password", outside: vaultReads, do: func(a *arena) outcome {
			v, err := a.Secrets.Read(a.t.Context(), desk.CredentialPath("db01"))
			if err == nil && v.Value.Reveal() != string(a.password()) {
				return outcome{said: "another text"}
			}
			return of(err, "it is read, past Tandem; Vault's own log has it (`tandem ledger reconcile`)")
		}},
		{tries: "reads the director's seed", outside: vaultReads, do: func(a *arena) outcome {
			_, err := a.Secrets.Read(a.t.Context(), desk.SeedPath("director"))
			return of(err, "it is read; a log-in needs the password as well")
		}},
		{tries: "writes a password and a seed of their own for the director, and logs in", concerns: []string{"director"}, do: func(a *arena) outcome {
			ctx, director := a.t.Context(), a.Person("director")
			mine, err := a.Secrets.ReadVersion(ctx, desk.AccountPath("admin"), a.Person("admin").Account)
			if err != nil {
				a.t.Fatal(err)
			}
			a.puts(desk.AccountPath("director"), director.Account, mine)
			seed := totp.NewSeed()
			a.puts(desk.SeedPath("director"), 1, desk.StoredSeed(director.Number, seed))
			a.Seeds["director"] = seed
			_, err = a.as("").SignIn(ctx, api.SignIn{Username: "director", Password: api.Secret(a.Passwords["admin"].Reveal()), TOTP: a.code("director")})
			return of(err, "logged in as the director; not where `vault.wrap_key_file` is set")
		}},
		{tries: "copies the seed of who asks over that of their second account, which then approves; not possible where `vault.wrap_key_file` is set", concerns: []string{"manager", "director"}, do: func(a *arena) outcome {
			a.comes("manager-2", "somebody@example.org", custody.Manager)
			a.puts(desk.SeedPath("manager-2"), 1, desk.StoredSeed(a.Person("manager-2").Number, a.Seeds["tech-c"]))
			a.Seeds["manager-2"] = a.Seeds["tech-c"]
			a.logsIn("manager-2")
			return a.asksAndApproves()
		}},
		{tries: "writes another password in the place of the one that counts", do: func(a *arena) outcome {
			a.puts(desk.CredentialPath("db01"), a.Credential("db01").Version, custody.SecretString("mine"))
			got, err := a.as("tech-a").CheckOut(a.t.Context(), "db01", api.CheckOut{Purpose: because, TOTP: a.code("tech-a")})
			if err != nil {
				return of(err, "")
			}
			return outcome{worked: got.Password == a.password(), said: "the holder is shown what opens nothing; the next check of the password is `refused`, serious"}
		}},
		{tries: "deletes the password", do: func(a *arena) outcome {
			if err := a.Secrets.Delete(a.t.Context(), desk.CredentialPath("db01")); err != nil {
				a.t.Fatal(err)
			}
			err := opens("tech-a")(a)
			return of(err, "")
		}},
		{tries: "puts an old anchor back", do: func(a *arena) outcome {
			v, err := a.Secrets.Read(a.t.Context(), desk.AnchorPath)
			if err != nil {
				a.t.Fatal(err)
			}
			a.Must("tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote(because)})
			a.restarts()
			now, err := a.Secrets.Read(a.t.Context(), desk.AnchorPath)
			if err != nil {
				a.t.Fatal(err)
			}
			if _, err := a.Secrets.Write(a.t.Context(), desk.AnchorPath, v.Value, now.Version, nil); err != nil {
				a.t.Fatal(err)
			}
			if when := a.stopped(); when != "" {
				return outcome{said: when, stopped: true}
			}
			return outcome{said: "the ledger is carried out again from its first entry, and is right"}
		}},
		{tries: "puts another key of the seals in the place of the one that counts", do: func(a *arena) outcome {
			a.puts(desk.SealPath, 1, custody.NewSecret([]byte(strings.Repeat("k", 32))))
			when := a.stopped()
			return outcome{worked: when == "", said: when, stopped: when != ""}
		}},
		{tries: "deletes the sentinel", do: func(a *arena) outcome {
			if err := a.Secrets.Delete(a.t.Context(), desk.SentinelPath); err != nil {
				a.t.Fatal(err)
			}
			when := a.stopped()
			return outcome{worked: when == "", said: when, stopped: when != ""}
		}},
	}},
	{"A witness", []attempt{
		{tries: "lies: says that it has cosigned another history", concerns: []string{"manager", "director", "admin", "auditor"}, do: func(a *arena) outcome {
			state := a.witnessed(http.StatusConflict)
			return outcome{said: "state `" + state + "`; nothing in Tandem changes; whoever looks compares with another witness"}
		}},
		{tries: "is silent", do: func(a *arena) outcome {
			state := a.witnessed(http.StatusServiceUnavailable)
			return outcome{said: "state `" + state + "`, and after a minute `lost`, on the page of the ledger and in the metrics; the others count"}
		}},
	}},
}

// starts is what comes of a start, where the desk was closed.
func (a *arena) starts(reaches func(a *arena) error) outcome {
	a.t.Helper()
	d, err := desk.Open(a.t.Context(), a.Config)
	if err != nil {
		return outcome{said: "it does not start: `" + codeOf(err) + "`", stopped: true}
	}
	a.t.Cleanup(func() { _ = d.Close() })
	a.Desk = d
	a.serve()
	return a.afterwards(reaches)
}

// witnessed has a witness that answers everything with a status cosign the ledger's head,
// and gives the state that it is in after a few rounds.
func (a *arena) witnessed(status int) string {
	a.t.Helper()
	ctx, cancel := context.WithCancel(a.t.Context())
	defer cancel()
	asked := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		out.WriteHeader(status)
		asked <- struct{}{}
	}))
	defer server.Close()
	key := witnesstest.Signer("w1", 7)
	vkey, err := audit.CosignerKey(key.Name, key.Public())
	if err != nil {
		a.t.Fatal(err)
	}
	reported := make(chan struct{}, 100)
	f, err := witnessing.Open(ctx, witnessing.Config{
		Ledger: ledgerOf{a.Desk}, Nodes: a.Store.HashReader, Store: a.Store, Witnesses: []witnessing.Place{{URL: server.URL, Key: vkey}}, Need: 1,
		Report: func(ctx context.Context, r witnessing.ConflictReport) error {
			_, err := a.Desk.Do(ctx, desk.By{Actor: custody.System, Request: desktest.Unique("conflict")}, custody.ReportConflict{Witness: r.Name, Size: r.Size, Cosigned: r.Cosigned})
			reported <- struct{}{}
			return err
		},
		Now: time.Now, Log: slog.New(slog.DiscardHandler), Every: time.Millisecond, Settle: time.Nanosecond,
	})
	if err != nil {
		a.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	if status == http.StatusConflict {
		<-reported
	} else {
		for range 3 {
			<-asked
		}
	}
	state := fmt.Sprint(f.Status().Witnesses[0].State)
	cancel()
	<-done
	return state
}

type ledgerOf struct{ *desk.Desk }
