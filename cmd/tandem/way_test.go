package main

import (
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/notify/channel"
	"github.com/tandem-custody/tandem/custody/notify/channel/channeltest"
	"github.com/tandem-custody/tandem/custody/notify/smtp"
	"github.com/tandem-custody/tandem/custody/notify/smtp/smtptest"
)

// lane is a founded office with one channel, ops, as its operator has configured it.
type lane struct {
	*desktest.Office
	t      *testing.T
	folder string
	cfg    config.Config
	way    *way
	n      int
}

func newLane(t *testing.T, room *channeltest.Server, reaches ...string) *lane {
	t.Helper()
	l := &lane{t: t, folder: t.TempDir()}
	l.Office = desktest.New(t, func(c *desk.Config) {
		c.Settings = func() []desk.Setting { return settingsOf(l.cfg)() }
	})
	l.configured(room, reaches...)
	l.Approvers()
	f, err := l.Desk.Founding(t.Context())
	must(t, err)
	for _, who := range []string{"manager", "director"} {
		l.Must(who, custody.ConfirmFounding{Digest: f.Digest})
	}
	l.started()
	must(t, l.way.look(t.Context())) // as run does after a commit
	return l
}

func (l *lane) write(name, text string) string {
	l.t.Helper()
	path := filepath.Join(l.folder, name)
	must(l.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// configured writes a channel down; nil: it is taken out.
func (l *lane) configured(room *channeltest.Server, reaches ...string) {
	l.t.Helper()
	l.cfg = config.Default()
	l.cfg.Secrets, l.cfg.Ledger.Origin = config.Embedded, "ledger.example/tandem"
	if room == nil {
		return
	}
	kind := "slack"
	c := config.Channel{Name: "ops", Kind: kind, URLFile: l.write("url", room.URL), CA: l.write("ca", string(room.CA)), Reaches: reaches}
	l.cfg.Notify.Channels = []config.Channel{c}
}

// started is a start with what is configured.
func (l *lane) started() {
	l.t.Helper()
	l.Desk = l.Open()
	l.way = &way{name: "ops", language: "en", desk: l.Desk, log: slog.New(slog.DiscardHandler)}
	for _, c := range l.cfg.Notify.Channels {
		l.read(c)
	}
}

// read has the way read its files, as SIGHUP does.
func (l *lane) read(c config.Channel) {
	l.t.Helper()
	r, err := roomOf(l.cfg, c)
	must(l.t, err)
	must(l.t, l.way.load(r))
}

func (l *lane) acknowledged() {
	l.t.Helper()
	l.Must("manager", custody.AcknowledgeConfiguration{Digest: l.Desk.Configuration().Digest()})
}

// sends sends a message by the way.
func (l *lane) sends() (reached []string, err error) {
	l.t.Helper()
	l.n++
	return l.way.Send(l.t.Context(), channel.Message{ID: strings.Repeat("x", l.n), Title: "told", Link: "https://tandem.example"})
}

func (l *lane) reaches(want ...string) {
	l.t.Helper()
	got, err := l.sends()
	if err != nil || !slices.Equal(got, want) {
		l.t.Errorf("reached %v, want %v; %v", got, want, err)
	}
}

// TestARoomThatNobodyAcknowledgedReachesNobody: messages go to it, and to the one in force;
// acknowledged, it counts, and the other is told no more.
func TestARoomThatNobodyAcknowledgedReachesNobody(t *testing.T) {
	t.Parallel()
	ours, theirs := channeltest.Start(t, "slack"), channeltest.Start(t, "slack")
	l := newLane(t, ours, "ann", "mia")
	l.reaches("ann", "mia")
	ours.Next(t)
	l.configured(theirs, "ann", "mia")
	l.started()
	l.reaches()
	ours.Next(t)
	theirs.Next(t)
	l.acknowledged()
	l.reaches("ann", "mia")
	theirs.Next(t)
	ours.None(t)
}

// TestReadersThatNobodyAcknowledgedAreNotReached: nor those who were there before. The room
// is the same, and is told once.
func TestReadersThatNobodyAcknowledgedAreNotReached(t *testing.T) {
	t.Parallel()
	ours := channeltest.Start(t, "slack")
	l := newLane(t, ours, "ann")
	l.configured(ours, "ann", "mia")
	l.started()
	l.reaches()
	ours.Next(t)
	ours.None(t)
	l.acknowledged()
	l.reaches("ann", "mia")
}

// TestARoomThatIsPutBackBeforeAnybodyLooks does not count: what is used is asked about, and
// not what stands in the file.
func TestARoomThatIsPutBackBeforeAnybodyLooks(t *testing.T) {
	t.Parallel()
	ours, theirs := channeltest.Start(t, "slack"), channeltest.Start(t, "slack")
	l := newLane(t, ours, "ann")
	c := l.cfg.Notify.Channels[0]
	l.write("url", theirs.URL)
	l.write("ca", string(theirs.CA)+string(ours.CA))
	l.read(c)
	l.write("url", ours.URL)
	l.write("ca", string(ours.CA))
	l.reaches()
	theirs.Next(t)
	ours.Next(t) // that is in force
	l.read(c)
	l.reaches("ann")
}

// TestARoomThatTakesNothingHoldsNothingUp: one that was put in the place of the one in force
// cannot keep it from hearing of what comes.
func TestARoomThatTakesNothingHoldsNothingUp(t *testing.T) {
	t.Parallel()
	ours, theirs := channeltest.Start(t, "slack"), channeltest.Start(t, "slack")
	l := newLane(t, ours, "ann")
	l.configured(theirs, "ann")
	l.started()
	theirs.Fail(channeltest.WrongToken)
	for range 3 {
		l.reaches()
		ours.Next(t)
	}
	// The one in force is gone: the other one is told.
	theirs.Fail(channeltest.Works)
	ours.Fail(channeltest.WrongToken)
	l.reaches()
	theirs.Next(t)
	// It asks for a pause: it is told later, and the other one not twice.
	ours.Fail(channeltest.Limited)
	l.n++
	m := channel.Message{ID: "again", Title: "told"}
	if _, err := l.way.Send(t.Context(), m); outcome(err) != "later" {
		t.Errorf("%v", err)
	}
	ours.Fail(channeltest.Works)
	if _, err := l.way.Send(t.Context(), m); err != nil {
		t.Error(err)
	}
	ours.Next(t)
	theirs.Next(t)
	theirs.None(t)
	// Neither takes anything: it waits.
	ours.Fail(channeltest.Broken)
	theirs.Fail(channeltest.WrongToken)
	if _, err := l.sends(); err == nil {
		t.Error("told nobody, and does not wait")
	}
}

func outcome(err error) string { said, _ := outcomeOfChannel(err); return said }

// TestAChannelThatWasTakenOutIsToldUntilThatIsAcknowledged.
func TestAChannelThatWasTakenOutIsToldUntilThatIsAcknowledged(t *testing.T) {
	t.Parallel()
	ours := channeltest.Start(t, "slack")
	l := newLane(t, ours, "ann")
	l.configured(nil)
	l.started()
	must(t, l.way.look(t.Context()))
	if l.way.previousRoom() == nil || l.way.kind() != channel.Slack {
		t.Fatal("the room in force was not kept")
	}
	l.reaches()
	ours.Next(t)
	if terms := l.way.terms(t.Context()); len(terms.Grades) != 2 || !terms.Read {
		t.Errorf("told of %+v", terms)
	}
	l.acknowledged()
	l.reaches()
	ours.None(t)
	if terms := l.way.terms(t.Context()); len(terms.Grades) != 0 {
		t.Errorf("told of %+v", terms)
	}
}

// TestWhatARoomIsToldCannotBeTakenFromIt by a change that nobody acknowledged.
func TestWhatARoomIsToldCannotBeTakenFromIt(t *testing.T) {
	t.Parallel()
	ours := channeltest.Start(t, "slack")
	l := newLane(t, ours, "ann")
	l.configured(ours)
	l.cfg.Notify.Channels[0].Grades = []string{"ordinary"}
	l.started()
	if terms := l.way.terms(t.Context()); len(terms.Grades) != 3 || !terms.Read {
		t.Errorf("before: %+v", terms)
	}
	l.acknowledged()
	if terms := l.way.terms(t.Context()); !slices.Equal(terms.Grades, []custody.Grade{custody.Ordinary}) || terms.Read {
		t.Errorf("acknowledged: %+v", terms)
	}
}

// TestWhereItIsNotKnownWhatIsInForceNobodyIsReached: the message goes out all the same.
func TestWhereItIsNotKnownWhatIsInForceNobodyIsReached(t *testing.T) {
	t.Parallel()
	ours := channeltest.Start(t, "slack")
	l := newLane(t, ours, "ann")
	l.Clock.Jump(2 * time.Hour) // nothing is decided until somebody has said that it is right
	l.reaches()
	ours.Next(t)
}

// TestOneRoomIsOneChannel: two with one URL would be two ways to somebody who has one.
func TestOneRoomIsOneChannel(t *testing.T) {
	t.Parallel()
	room := channeltest.Start(t, "slack")
	folder := t.TempDir()
	url := filepath.Join(folder, "url")
	must(t, os.WriteFile(url, []byte(room.URL), 0o600))
	one, other := &way{name: "one"}, &way{name: "other"}
	p := &program{channels: []*way{one, other}}
	r, err := roomOf(config.Config{}, config.Channel{Name: "one", Kind: "slack", URLFile: url})
	must(t, err)
	must(t, p.apart(one, r))
	must(t, one.load(r))
	if err := p.apart(one, r); err != nil {
		t.Errorf("read again: %v", err)
	}
	if err := p.apart(other, r); err == nil || strings.Contains(err.Error(), room.Token) {
		t.Errorf("the same room: %v", err)
	}
}

// TestAChannelOnRecordSaysNothingSecret, and changes with everything that decides where a
// message goes and whom it reaches.
func TestAChannelOnRecordSaysNothingSecret(t *testing.T) {
	t.Parallel()
	base := room{Kind: "dingtalk", URL: "https://oapi.example/robot/send?access_token=t0ken-MARKED", Secret: "s3cret-MARKED", CA: "ca", Grades: []string{"serious"}, Reaches: []string{"ann"}, Links: "https://tandem.example"}
	s := base.onRecord("ops")
	if s.Key != "notify.channels.ops" || strings.Contains(s.Said+string(s.Whole), "MARKED") || s.Said != "dingtalk at oapi.example, told of serious, read by ann" {
		t.Errorf("%s %s", s.Said, s.Whole)
	}
	for name, change := range map[string]func(*room){
		"kind": func(r *room) { r.Kind = "slack" }, "URL": func(r *room) { r.URL += "x" }, "secret": func(r *room) { r.Secret = "x" }, "authority": func(r *room) { r.CA = "x" },
		"grades": func(r *room) { r.Grades = nil }, "readers": func(r *room) { r.Reaches = append(r.Reaches, "bob") }, "where links lead": func(r *room) { r.Links = "https://mine.example" },
	} {
		other := base
		change(&other)
		if string(other.onRecord("ops").Whole) == string(s.Whole) {
			t.Errorf("another %s is the same channel", name)
		}
	}
}

// newMailLane is a founded office with a mail server, as its operator has configured it.
func newMailLane(t *testing.T, server *smtptest.Server) *lane {
	t.Helper()
	l := &lane{t: t, folder: t.TempDir()}
	l.Office = desktest.New(t, func(c *desk.Config) {
		c.Settings = func() []desk.Setting { return settingsOf(l.cfg)() }
	})
	l.mailsBy(server)
	l.Approvers()
	f, err := l.Desk.Founding(t.Context())
	must(t, err)
	for _, who := range []string{"manager", "director"} {
		l.Must(who, custody.ConfirmFounding{Digest: f.Digest})
	}
	return l
}

func (l *lane) mailsBy(server *smtptest.Server) {
	l.t.Helper()
	l.configured(nil)
	l.cfg.Notify.From = "tandem@example.org"
	l.cfg.Notify.SMTP = config.SMTP{Address: server.Address, TLS: config.StartTLS, Username: smtptest.User, PasswordFile: l.write("password", smtptest.Password),
		CA: l.write("mail-ca-"+strings.ReplaceAll(server.Address, ":", "-"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate})))}
	l.Desk = l.Open()
}

// mailer is what a start makes.
func (l *lane) mailer() (*mailer, *program) {
	l.t.Helper()
	p := &program{log: slog.New(slog.DiscardHandler), desk: l.Desk, store: l.Store}
	m, err := p.openMailer(l.t.Context(), l.cfg.Notify)
	must(l.t, err)
	_, err = m.look(l.t.Context())
	must(l.t, err)
	return m, p
}

// TestAMailServerThatTakesNothingHoldsNothingUp: one that was put in the place of the one in
// force kept everybody from all mails but the first.
func TestAMailServerThatTakesNothingHoldsNothingUp(t *testing.T) {
	t.Parallel()
	ours, theirs := smtptest.Start(t, false), smtptest.Start(t, false)
	l := newMailLane(t, ours)
	l.mailer()
	l.mailsBy(theirs)
	m, _ := l.mailer()
	theirs.RefuseSender(func(string) error { return smtptest.Reply(550) })
	for i := range 3 {
		mail := smtp.Mail{ID: fmt.Sprint("mail", i), To: "manager@example.org", Subject: "told", Text: "told"}
		if err := m.Send(t.Context(), mail); err != nil {
			t.Fatalf("mail %d: %v", i, err)
		}
		ours.Next(t)
	}
	ours.Stop() // the one in force is gone: what is left has to take it
	if err := m.Send(t.Context(), smtp.Mail{ID: "last", To: "manager@example.org", Subject: "told", Text: "told"}); err == nil {
		t.Error("nobody took it, and it counts as sent")
	}
}

// TestAMailServerThatNobodyAcknowledgedReachesNobody: what it takes counts for nobody in an
// emergency, until a manager has acknowledged it.
func TestAMailServerThatNobodyAcknowledgedReachesNobody(t *testing.T) {
	t.Parallel()
	ours, theirs := smtptest.Start(t, false), smtptest.Start(t, false)
	l := newMailLane(t, ours)
	enters := func() bool {
		t.Helper()
		m, p := l.mailer()
		err := p.openNotifier(l.cfg, m).Paged(t.Context(), "emergency-1", "somebody-unknown", "email")
		r, refused := errors.AsType[*custody.Refusal](err)
		if err != nil && (!refused || r.Code != custody.NotFound) {
			t.Fatal(err)
		}
		return refused // the desk was asked, and knows nobody of that name
	}
	if !enters() {
		t.Error("by the one in force nobody is reached")
	}
	l.mailsBy(theirs)
	if enters() {
		t.Error("one that nobody acknowledged reaches people")
	}
	l.acknowledged()
	if !enters() {
		t.Error("acknowledged, it reaches nobody")
	}
}
