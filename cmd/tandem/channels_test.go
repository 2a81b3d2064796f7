package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/notify/channel/channeltest"
	"github.com/tandem-custody/tandem/custody/notify/smtp/smtptest"
)

// told is an installation that tells people by mail, and groups by a room.
type told struct {
	*installation
	mails *smtptest.Server
}

// rooms gives the lines of a configuration with mails and one channel, ops.
func (in *told) rooms(room *channeltest.Server, kind, more string) []string {
	in.t.Helper()
	write := func(name, text string) string {
		must(in.t, os.WriteFile(in.file(name), []byte(text), 0o600))
		return in.file(name)
	}
	mailCA := write("mail-ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: in.mails.Certificate})))
	secret := ""
	if room.Secret != "" {
		secret = "secret_file: " + write("ops-sign", room.Secret+"\n") + ", "
	}
	return []string{
		"policy: {totp_skew: 2, silence_after: 1m}",
		fmt.Sprintf("notify: {from: tandem@example.org, smtp: {address: %q, ca: %s, username: %s, password_file: %s}, channels: [{name: ops, kind: %s, url_file: %s, %sca: %s, %s}]}",
			in.mails.Address, mailCA, smtptest.User, write("mail-password", smtptest.Password), kind, write("ops-url", room.URL+"\n"), secret, write("ops-ca.pem", string(room.CA)), more),
	}
}

func (in *told) restart(settings []string) {
	in.t.Helper()
	in.serving.kill()
	in.configure(settings...)
	in.start()
	in.waitFor("it to be ready", func() bool { return in.status("/readyz") == 200 })
}

// founded is one that is founded, in which tech-a and the manager read mails, and silence
// counts for db01.
func newTold(t *testing.T, room *channeltest.Server, kind, more string) *told {
	t.Helper()
	in := &told{installation: &installation{t: t, folder: t.TempDir()}, mails: smtptest.Start(t, false)}
	settings := in.rooms(room, kind, more)
	in.installation = newInstallation(t, settings...)
	for _, who := range []string{"manager", "director"} {
		in.must(who, func(server *client.Client, code api.Secret) error {
			f, err := server.Founding(t.Context())
			if err == nil {
				_, err = server.ConfirmFounding(t.Context(), api.ConfirmFounding{Digest: f.Digest, TOTP: code})
			}
			return err
		})
	}
	for _, who := range []string{"tech-a", "manager"} {
		in.must(who, func(server *client.Client, code api.Secret) error {
			address := who + "@example.org"
			_, err := server.EditMe(t.Context(), api.EditPerson{Email: &address, TOTP: code})
			return err
		})
	}
	agreed(t, in.people, func(admin *client.Client, code api.Secret) (api.Proposal, error) {
		return admin.ProposePolicy(t.Context(), installed, api.ProposePolicy{Policy: api.Policy{Silence: true}, Reason: "nights", TOTP: code})
	})
	return in
}

// asks has tech-b ask for db01.
func (in *told) asks() (id string) {
	in.t.Helper()
	in.must("tech-b", func(server *client.Client, code api.Secret) error {
		e, err := server.RequestEmergency(in.t.Context(), api.RequestEmergency{Credentials: []string{installed}, Reason: "disk full MARKED", TOTP: code})
		id = e.ID
		return err
	})
	return id
}

func (in *told) emergency(id string) api.Emergency {
	in.t.Helper()
	e, err := in.people["auditor"].Server.Emergency(in.t.Context(), id)
	must(in.t, err)
	return e
}

// reached gives whom messages about an emergency have reached, as "tech-a by email".
func (in *told) reached(id string) (all []string) {
	in.t.Helper()
	for _, p := range in.emergency(id).Paged {
		all = append(all, p.Person+" by "+p.Channel)
	}
	slices.Sort(all)
	return all
}

// hears waits for a message with some words in a room.
func (in *told) hears(room *channeltest.Server, words string) channeltest.Message {
	in.t.Helper()
	for limit := time.Now().Add(90 * time.Second); time.Now().Before(limit); {
		if m := room.Next(in.t); strings.Contains(m.Text, words) {
			return m
		}
	}
	in.t.Fatalf("no message of %q", words)
	panic("unreachable")
}

var byBoth = []string{"manager by email", "manager by ops", "tech-a by email", "tech-a by ops"}

// TestSilenceTakesTwoChannels plays it with the program itself, a mail server and a room:
// while the room delays, nobody's silence counts; when it has taken the message, it does,
// and a minute later the emergency is granted. Then somebody who asks has control of the
// configuration: they point the channel to a room of their own, or say that others read it.
// Both rooms hear of it, and silence does not begin until a manager has acknowledged that.
func TestSilenceTakesTwoChannels(t *testing.T) {
	t.Parallel()
	room, theirs := channeltest.Start(t, "dingtalk"), channeltest.Start(t, "dingtalk")
	const readers = "reaches: [tech-a, manager]"
	in := newTold(t, room, "dingtalk", readers)

	room.Fail(channeltest.Slow)
	id := in.asks()
	in.waitFor("the mails to arrive", func() bool { return len(in.reached(id)) == 2 })
	asked := room.Asked()
	in.waitFor("the room to be asked", func() bool { return room.Asked() > asked || asked > 0 })
	if e := in.emergency(id); !e.SilenceAt.IsZero() {
		t.Fatalf("silence began with mails alone: %v", in.reached(id))
	}
	room.Fail(channeltest.Works)
	in.waitFor("the room to take it", func() bool { return slices.Equal(in.reached(id), byBoth) })
	if m := in.hears(room, "EMERGENCY: "); !strings.Contains(m.Text, "/emergencies/"+id) || strings.Contains(m.Text, "MARKED") {
		t.Errorf("%s", m.Text)
	}
	if e := in.emergency(id); e.SilenceAt.IsZero() {
		t.Fatal("both were reached by two channels each, and silence has not begun")
	}
	if out, _, code := in.tandem("manager", "emergency", "show", id); code != 0 || !strings.Contains(out, "tech-a by ops") || !strings.Contains(out, "manager by email") {
		t.Errorf("show: %d %s", code, out)
	}
	in.waitFor("it to be granted", func() bool { return in.emergency(id).Status == custody.EmergencyOn })
	if e := in.emergency(id); !e.Silent {
		t.Errorf("%+v", e)
	}
	in.hears(room, "EMERGENCY: nobody answered")
	in.must("tech-a", func(server *client.Client, code api.Secret) error {
		_, err := server.SetPresence(t.Context(), api.SetPresence{State: api.Present, TOTP: code})
		return err
	})
	in.must("tech-b", func(server *client.Client, code api.Secret) error {
		_, err := server.EndEmergency(t.Context(), id, code)
		return err
	})
	in.waitFor("tech-a to hold it again", func() bool { c := in.credential(); return c.Phase == custody.Held && c.Holder == "tech-a" })
	if _, metrics := in.operations("/metrics"); !strings.Contains(metrics, "tandem_channel_sent_total{channel=\"ops\"} ") || !strings.Contains(metrics, "tandem_channel_lag_entries{channel=\"ops\"}") {
		t.Error("the metrics do not have the channel")
	}

	withdrawn := func(id string) {
		t.Helper()
		_, err := in.people["tech-b"].Server.WithdrawEmergency(t.Context(), id)
		must(t, err)
	}
	for _, name := range []string{"another room", "other readers"} {
		settings := in.rooms(room, "dingtalk", "reaches: [tech-a, tech-b, manager, director]")
		if name == "another room" {
			settings = in.rooms(theirs, "dingtalk", readers)
		}
		in.restart(settings)
		id := in.asks()
		in.hears(room, "/emergencies/"+id)
		if name == "another room" {
			in.hears(theirs, "/emergencies/"+id)
		}
		in.waitFor("the mails to arrive", func() bool { return len(in.reached(id)) >= 2 })
		if got := in.reached(id); !slices.Equal(got, []string{"manager by email", "tech-a by email"}) || !in.emergency(id).SilenceAt.IsZero() {
			t.Errorf("%s: reached %v, silence at %v", name, got, in.emergency(id).SilenceAt)
		}
		if _, ready := in.operations("/readyz"); !strings.Contains(ready, "configuration_unacknowledged: notify.channels.ops") {
			t.Errorf("%s: readyz: %s", name, ready)
		}
		withdrawn(id)
	}
	if _, said, code := in.tandem("manager", "configuration", "acknowledge"); code != 0 || !strings.Contains(said, "notify.channels.ops") || strings.Contains(said, room.Token) || strings.Contains(said, theirs.Token) {
		t.Fatalf("acknowledge: %d %s", code, said)
	}
	id = in.asks()
	in.waitFor("both to be reached", func() bool { return !in.emergency(id).SilenceAt.IsZero() })
	withdrawn(id)

	// Nobody is to be told any more: they are, until that was acknowledged.
	in.restart(in.rooms(room, "dingtalk", readers)[:1])
	in.hears(room, "the configuration of Tandem was changed")
	in.verify()
	text, err := os.ReadFile(in.file("log"))
	must(t, err)
	for _, r := range []*channeltest.Server{room, theirs} {
		if strings.Contains(string(text), r.Token) || strings.Contains(string(text), r.Secret) {
			t.Error("the log has a token or a secret of a room")
		}
	}
}

// TestTryingAChannel is what an operator does before anything depends on it.
func TestTryingAChannel(t *testing.T) {
	t.Parallel()
	s := newSole(t)
	room := channeltest.Start(t, "feishu")
	file := func(name, text string) string {
		must(t, os.WriteFile(s.file(name), []byte(text), 0o600))
		return s.file(name)
	}
	text, err := os.ReadFile(s.file("tandem.yaml"))
	must(t, err)
	config := file("channels.yaml", string(text)+fmt.Sprintf("notify: {language: zh, channels: [{name: ops, kind: feishu, url_file: %s, secret_file: %s, ca: %s, reaches: [ann]}]}\n",
		file("url", room.URL), file("sign", room.Secret), file("ca", string(room.CA))))
	run := func(args ...string) (out, said string, code int) {
		return tandemTo(t, nil, nil, append(args, "--config="+config))
	}
	if out, said, code := run("channel", "list"); code != 0 || !strings.Contains(out, "ops") || !strings.Contains(out, "127.0.0.1") || !strings.Contains(out, "serious, special") || !strings.Contains(out, "ann") || strings.Contains(out+said, room.Token) {
		t.Errorf("list: %d %s %s", code, out, said)
	}
	if out, said, code := run("channel", "test", "ops"); code != 0 || !strings.Contains(out, "accepted") {
		t.Errorf("test: %d %s %s", code, out, said)
	}
	if m := room.Next(t); !strings.Contains(m.Text, "渠道 ops 的测试消息") {
		t.Errorf("%s", m.Text)
	}
	for how, want := range map[channeltest.Failure]string{channeltest.WrongSignature: "denied", channeltest.Limited: "later", channeltest.Refused: "refused", channeltest.Reset: "unusable"} {
		room.Fail(how)
		out, said, code := run("channel", "test", "ops", "-o", "json")
		var tried channelTried
		if err := json.Unmarshal([]byte(out), &tried); err != nil || code != exitFailed || tried.Outcome != want || tried.Next == "" || tried.Error == "" || strings.Contains(out+said, room.Token) || strings.Contains(out+said, room.Secret) {
			t.Errorf("%s: %d %s %s (%v)", how, code, out, said, err)
		}
	}
	if _, said, code := run("channel", "test", "other"); code != exitUsage || !strings.Contains(said, "it has: ops") {
		t.Errorf("another one: %d %s", code, said)
	}
	if _, said, code := run("config", "check"); code != 0 {
		t.Errorf("check: %d %s", code, said)
	}
	file("sign", "")
	if _, said, code := run("config", "check"); code == 0 || !strings.Contains(said, "notify.channels[0].secret_file: is empty") {
		t.Errorf("check of an empty secret: %d %s", code, said)
	}
}
