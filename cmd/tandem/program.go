package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/web"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/envelope"
	"github.com/tandem-custody/tandem/custody/enveloping"
	following "github.com/tandem-custody/tandem/custody/follow"
	"github.com/tandem-custody/tandem/custody/notify"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/siem"
	"github.com/tandem-custody/tandem/custody/store"
	"github.com/tandem-custody/tandem/custody/witnessing"
)

// program is Tandem put together: the composition root.
type program struct {
	log   *slog.Logger
	again reloader

	clock       desk.Clock
	maintenance string // why nothing is done outside; "" when it is
	owner       string // of claims and leases

	connectors
	store    *store.Store
	secrets  secretStore
	desk     *desk.Desk
	worker   *rotation.Worker
	closer   *enveloping.Worker
	alone    *following.Follower // nil: others may be there as well
	follower *witnessing.Follower
	stream   *siem.Stream     // nil: nowhere
	notifier *notify.Follower // nil: nobody is told
	mail     *mailer          // nil: likewise
	channels []*way           // by which groups are told
	rooms    []*notify.Room   // what each of them is told
	commits  *commits
	leases   *heldPlaces
	shown    certificates
	pages    *web.Pages
	api      *api.Server
}

// rotationHook is called between the steps of a rotation: nil but in tests,
// which end the process there.
var rotationHook func(step string)

// envelopeHook is the same of envelopes.
var envelopeHook func(step string)

// machineClock gives the clock of the machine: another one only in tests, which set it
// while the process runs.
var machineClock = desk.MachineClock

// hashing is what it costs to try a password: less only in tests, which log people in
// all the time.
var hashing desk.Hashing

// The time that an orderly end may take. Together they stay below what systemd
// and Kubernetes wait before they kill.
const (
	finishRequests   = 10 * time.Second
	finishBackground = 10 * time.Second
)

// openProgram opens everything and starts nothing but the desk's committer. The
// caller closes it; a failure has closed what was open.
func openProgram(ctx context.Context, cfg config.Config, log *slog.Logger) (*program, error) {
	return openProgramFor(ctx, cfg, log, purpose{})
}

// purpose is what a program is opened for, where it is not as always.
type purpose struct {
	// firstSteps: an installation that nobody has used yet may be given other
	// secrets than those it was begun with.
	firstSteps bool
	// maintenance: nothing is done outside, whatever the database says.
	maintenance bool
	// serves: it acts outside, so what it was configured with stands on record.
	serves bool
	// clock: another one than the machine's.
	clock desk.Clock
}

// openProgramFor is openProgram.
func openProgramFor(ctx context.Context, cfg config.Config, log *slog.Logger, why purpose) (_ *program, err error) {
	p := &program{log: log, again: reloader{log: log.With("part", "reload")}, clock: why.clock, commits: newCommits()}
	if p.clock == nil {
		p.clock = machineClock()
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if err := keepBeforeMigration(ctx, cfg, log); err != nil {
		return nil, err
	}
	if p.store, err = store.Open(ctx, cfg.DatabaseAddress(), log.With("part", "store")); err != nil {
		return nil, err
	}
	// Where there is a ledger there were secrets: a lost file is then an error.
	first, err := p.isNew(ctx, why.firstSteps)
	if err != nil {
		return nil, err
	}
	if p.maintenance, err = p.store.Maintenance(ctx); err != nil {
		return nil, err
	}
	if why.maintenance {
		p.maintenance = "asked for with --maintenance"
	}
	if p.secrets, err = openSecrets(ctx, cfg, first, log.With("part", "secrets")); err != nil {
		return nil, err
	}
	if p.connectors, err = openConnectors(cfg, p.secrets); err != nil {
		return nil, err
	}
	var onRecord func() []desk.Setting
	if why.serves {
		onRecord = settingsOf(cfg)
	}
	p.desk, err = desk.Open(ctx, desk.Config{
		Store: p.store, Accounts: p.store, Secrets: p.secrets, Clock: p.clock,
		Policy: policyOf(cfg.Policy), ReviewBy: reviewOf(cfg.Policy), Origin: cfg.Ledger.Origin, Log: log.With("part", "desk"),
		SessionTTL: cfg.SessionTTL, CheckTarget: p.checkTarget, StandIn: p.standIn, Fingerprints: p.fingerprints, CheckPolicy: p.checkPolicy, CheckPasswords: p.checkPasswords, CheckRecipient: envelope.CheckRecipient,
		DatabaseTime: p.databaseTime(cfg), FirstSteps: why.firstSteps, Settings: onRecord, Hashing: hashing, Committed: p.commits.observe,
	})
	if err != nil {
		return nil, err
	}
	p.leases = watchLeases(p.store, p.desk.SharedTime)
	if p.owner, err = ownerOf(cfg); err != nil {
		return nil, err
	}
	if why.serves {
		if err := p.takeAlone(ctx, cfg); err != nil {
			return nil, err
		}
	}
	p.worker = rotation.New(rotation.Config{
		Desk: p.desk, Queue: rotation.Worklist{Desk: p.desk, Leases: p.store}, Secrets: p.secrets, Targets: rotation.Openers(p.targets), Dependents: p.dependents, VerifyEvery: cfg.Rotation.VerifyEvery,
		LockoutWindow: cfg.Rotation.LockoutWindow,
		Clock:         p.clock, Log: log.With("part", "rotation"), Hook: rotationHook,
		Owner: p.owner,
	})
	p.closer = enveloping.New(enveloping.Config{
		Desk: p.desk, Secrets: p.secrets, Leases: rotation.Worklist{Desk: p.desk, Leases: p.store}, Folder: envelope.Folder{Path: cfg.Envelopes.Folder}, Origin: cfg.Ledger.Origin,
		Clock: p.clock, Log: log.With("part", "envelopes"), Owner: p.owner, Hook: envelopeHook,
	})
	if p.stream, err = p.openStream(cfg.Ledger); err != nil {
		return nil, err
	}
	p.again.add(p.secretsAgain(cfg))
	p.again.parts = append(p.again.parts, p.connectors.again...)
	mail, err := p.openMailer(ctx, cfg.Notify)
	if err != nil {
		return nil, err
	}
	p.mail, p.notifier = mail, p.openNotifier(cfg, mail)
	if err := p.openChannels(ctx, cfg); err != nil {
		return nil, err
	}
	if p.follower, err = p.openFollower(ctx, cfg.Ledger, mail); err != nil {
		return nil, err
	}
	p.pages, err = web.New(web.Config{
		Maintenance: p.maintenance != "", PublicURL: cfg.URL(), Clock: p.desk.Time,
		Desk: p.desk, Queries: p.store, Ledger: p.store, Closing: p.closer,
		Log: log.With("part", "web"), TestTarget: p.testTarget, Zone: time.Local, Offered: p.offered(),
	})
	if err != nil {
		return nil, err
	}
	proxies, err := config.Networks(cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}
	p.api, err = api.New(api.Config{
		Desk: p.desk, Queries: p.store, Log: log.With("part", "api"),
		Version: built().Version, PublicURL: cfg.URL(), Proxies: proxies, Web: p.pages,
		Maintenance: p.maintenance, Kinds: described(p.targets),
		Closing:   p.closer,
		Witnesses: witnesses{p.follower}, Collectors: p.collectors(cfg),
	})
	return p, err
}

// databaseTime asks a server for its time; nil where the database is a file of this machine.
func (p *program) databaseTime(cfg config.Config) func(context.Context) (time.Time, error) {
	if !cfg.OnServer() {
		return nil
	}
	return func(ctx context.Context) (time.Time, error) {
		now, _, err := p.store.Time(ctx)
		return now, err
	}
}

// ownerOf names this process by what only one at a time can have: so whatever it had
// claimed before a crash is free.
func ownerOf(cfg config.Config) (string, error) {
	host, err := os.Hostname()
	if cfg.Secrets == config.Embedded {
		return host + " " + cfg.Embedded.Path, err
	}
	if strings.HasSuffix(cfg.Listen, ":0") { // a port that the system chooses, for each process another
		return host + " " + rand.Text(), err
	}
	return host + " " + cfg.Listen, err
}

// isNew says whether an embedded secret store may be made: where there is no ledger
// yet, and, for first steps that are repeated, where nobody has used it yet.
func (p *program) isNew(ctx context.Context, firstSteps bool) (bool, error) {
	size, err := p.store.Size(ctx)
	if size == 0 || err != nil || !firstSteps {
		return size == 0, err
	}
	people, err := p.store.People(ctx)
	if err != nil {
		return false, err
	}
	credentials, err := p.store.Credentials(ctx)
	used := slices.ContainsFunc(people, func(one custody.Person) bool { return one.Enrolled })
	return !used && len(credentials) == 0, err
}

// close finishes the desk's last batch and closes everything, in the opposite
// order of opening.
func (p *program) close() error {
	var errs []error
	if p.desk != nil {
		errs = append(errs, p.desk.Close())
	}
	if p.secrets != nil {
		errs = append(errs, p.secrets.Close())
	}
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	return errors.Join(errs...)
}

// run serves and rotates until ctx ends, and then ends in order: no new requests,
// those in progress finish, rotations stop where their journal can go on. ops is
// nil when nobody asked for it.
func (p *program) run(ctx context.Context, listener, ops net.Listener) error {
	group, stopping := errgroup.WithContext(ctx)
	p.serve(group, stopping, p.api.Handler(), listener)
	group.Go(func() error { return p.pages.Run(stopping) })
	if ops != nil {
		p.serve(group, stopping, p.api.Ops(), ops)
	}
	if p.maintenance != "" {
		p.log.Warn("in maintenance: no rotation, mail, stream, delivery or witness; tandem maintenance end says otherwise", "why", p.maintenance)
	}
	followed := p.outside(stopping, p.follower.Run)
	streamed := p.outside(stopping, p.stream.Run)
	notified := p.outside(stopping, p.notifier.Run)
	kept := p.outside(stopping, p.keepRelay)
	alone := make(chan error, 1)
	go func() { alone <- p.keepAlone(stopping) }()
	told := p.outside(stopping, p.runChannels)
	// The worker outlives the requests: what they begin it may still carry on.
	rotate, stopRotating := context.WithCancel(context.WithoutCancel(ctx))
	rotated := p.outside(rotate, p.worker.Run)
	enclosed := p.outside(stopping, p.closer.Run)

	err := group.Wait()
	stopRotating()
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishBackground)
	defer cancel()
	p.await(late, rotated, "a rotation did not stop in time; its journal goes on at the next start")
	p.await(late, enclosed, "an envelope was being made; the next start makes another")
	p.await(late, streamed, "the ledger's stream did not stop in time; its position goes on at the next start")
	p.await(late, notified, "an e-mail was on its way out; the next start sends it again")
	p.await(late, told, "a message to a channel was on its way out; the next start sends it again")
	p.await(late, kept, "the mail server in force was being looked at")
	p.await(late, alone, "that nobody else has this database ends by itself in a minute")
	p.await(late, followed, "a checkpoint was on its way out; the next start sends another")
	return err
}

// keepRelay keeps the mail server that is in force.
func (p *program) keepRelay(ctx context.Context) error {
	if p.mail == nil {
		return nil
	}
	return p.mail.run(ctx, func(err error) { p.log.Warn("the mail server in force could not be kept, or found", "error", err) })
}

// outside starts what reaches out of this machine by itself, but not in maintenance:
// a copy of an installation must not act as if it were the installation.
func (p *program) outside(ctx context.Context, run func(context.Context) error) <-chan error {
	ended := make(chan error, 1)
	if p.maintenance != "" {
		ended <- nil
		return ended
	}
	go func() { ended <- run(ctx) }()
	return ended
}

// await waits until something in the background has ended, but not when it is
// late.
func (p *program) await(late context.Context, ended <-chan error, warning string) {
	select {
	case <-ended:
		return
	case <-late.Done():
	}
	select {
	case <-ended: // while something before it was waited for
	default:
		p.log.Warn(warning)
	}
}

// serve serves one listener until stopping ends.
func (p *program) serve(group *errgroup.Group, stopping context.Context, h http.Handler, on net.Listener) {
	server := api.NewHTTPServer(h, p.log)
	group.Go(func() error {
		if err := server.Serve(on); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-stopping.Done()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(stopping), finishRequests)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			p.log.Warn("requests were cut off", "error", err)
			return server.Close()
		}
		return nil
	})
}

// listenAPI opens the API's listener; its certificate is nil where it has none.
func listenAPI(ctx context.Context, cfg config.Config, log *slog.Logger) (net.Listener, *liveCertificate, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, nil, fmt.Errorf("listen: %w", err)
	}
	if cfg.TLS.Cert == "" {
		return listener, nil, nil
	}
	certificate, err := openCertificate(cfg.TLS.Cert, cfg.TLS.Key, log)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("tls: %w", err), listener.Close())
	}
	return tls.NewListener(listener, &tls.Config{
		GetCertificate: certificate.forServer, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
	}), certificate, nil
}

// testTarget is web.Config.TestTarget: it opens a target and logs in, once, with
// the password if there is one.
func (p *program) testTarget(ctx context.Context, t custody.Target, admin, password custody.Secret) error {
	target, err := p.open(t, admin)
	if err != nil || password.IsZero() || target.Describe().Unprobed {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	switch err := target.Verify(ctx, password); {
	case err == nil:
		return nil
	case errors.Is(err, rotation.ErrRefused):
		return custody.Invalid("password", "password_not_taken")
	case errors.Is(err, rotation.ErrHostKey):
		return custody.Invalid("address", "another_host")
	default:
		return custody.Invalid("address", "unreachable")
	}
}

func policyOf(c config.Policy) custody.Policy {
	p := custody.DefaultPolicy()
	p.Lease, p.OfferTTL, p.RotationDeadline = c.Lease, c.OfferTTL, c.RotationDeadline
	p.LockAfter, p.LockBase, p.LockMax = c.LockAfter, c.LockBase, c.LockMax
	p.ApproveWithin, p.SilenceAfter, p.UseWithin, p.HoldFor, p.ReviewWithin = c.ApproveWithin, c.SilenceAfter, c.UseWithin, c.HoldFor, c.ReviewWithin
	p.SignatureTTL, p.AbsenceWait, p.RemindFirst, p.RemindLast = c.SignatureTTL, c.AbsenceWait, c.RemindFirst, c.RemindLast
	p.DrillEvery = c.DrillEvery
	p.TOTPSkew, p.SessionIdle, p.Approvals, p.Exclusive = int64(c.TOTPSkew), c.SessionIdle, custody.Approvals(c.Approvals), custody.Exclusivity(c.Exclusive)
	return p
}

// reviewOf is the beginning of the day by which the policy must be reviewed, in UTC.
func reviewOf(c config.Policy) time.Time {
	day, _ := time.Parse(time.DateOnly, c.ReviewBy) // config has checked it
	return day
}

// newLog makes the log of a server, on stderr.
func newLog(c config.Log) *slog.Logger {
	log, _ := newLevelledLog(c)
	return log
}

// newLevelledLog also gives what sets its level.
func newLevelledLog(c config.Log) (*slog.Logger, *slog.LevelVar) {
	level := new(slog.LevelVar)
	_ = level.UnmarshalText([]byte(c.Level)) // config has checked it
	return slog.New(logHandler(os.Stderr, c.Format, level)), level
}

func logHandler(to io.Writer, format string, level slog.Leveler) slog.Handler {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		options.ReplaceAttr = inSeconds
		return slog.NewJSONHandler(to, options)
	}
	return slog.NewTextHandler(to, options)
}

// inSeconds gives a length of time its unit: JSON would have a number of
// nanoseconds, and nobody who reads it would know.
func inSeconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.Float64(a.Key+"_seconds", a.Value.Duration().Seconds())
	}
	return a
}
