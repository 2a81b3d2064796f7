package channel_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/notify/channel"
	"github.com/tandem-custody/tandem/custody/notify/channel/channeltest"
)

var kinds = []channel.Kind{channel.DingTalk, channel.WeCom, channel.Feishu, channel.Lark, channel.Webhook, channel.Slack, channel.Teams}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func message() channel.Message {
	return channel.Message{
		ID: "0123abcd", Grade: custody.Serious, Language: "zh", Title: "紧急：Ann (ann) 申请启用 db01", Lines: []string{"台账第 7 条", "2026-03-02 12:00 UTC"},
		Link: "https://tandem.example/emergencies/emergency-1", First: 7, Last: 7, At: noon,
	}
}

func open(t *testing.T, kind channel.Kind, room *channeltest.Server, edit ...func(*channel.Config)) *channel.Sender {
	t.Helper()
	c := channel.Config{Kind: kind, URL: custody.SecretString(room.URL), Secret: custody.SecretString(room.Secret), Roots: room.Roots}
	for _, e := range edit {
		e(&c)
	}
	s, err := channel.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestARoomOfEachKindTakesAMessage, and people read title, lines and link.
func TestARoomOfEachKindTakesAMessage(t *testing.T) {
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			room := channeltest.Start(t, string(kind))
			if err := open(t, kind, room).Send(t.Context(), message()); err != nil {
				t.Fatal(err)
			}
			got := room.Next(t)
			for _, want := range append(message().Lines, message().Title, message().Link) {
				if !strings.Contains(got.Text, want) {
					t.Errorf("no %q in %q", want, got.Text)
				}
			}
			if kind == channel.Webhook && got.ID != message().ID {
				t.Errorf("id %q", got.ID)
			}
		})
	}
}

// what a failure comes to: at which an error is, for most kinds, and for some another.
type outcome string

const (
	denied   outcome = "denied"
	refused  outcome = "refused"
	later    outcome = "later"
	unusable outcome = "unusable"
	taken    outcome = "taken"
)

func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return taken
	case errors.Is(err, channel.ErrDenied):
		return denied
	case errors.Is(err, channel.ErrRefused):
		return refused
	case errors.Is(err, channel.ErrLater):
		return later
	}
	return unusable
}

var usual = map[channeltest.Failure]outcome{
	channeltest.WrongToken: denied, channeltest.WrongSignature: denied, channeltest.Limited: later, channeltest.Refused: refused, channeltest.Busy: later,
	channeltest.Broken: unusable, channeltest.Unknown: unusable, channeltest.Elsewhere: denied, channeltest.Garbage: unusable, channeltest.Mute: unusable, channeltest.Endless: unusable,
	channeltest.Slow: unusable, channeltest.Reset: unusable,
}

// expected is usual, and what is otherwise for a kind: who signs nothing has no wrong
// signature, and to a webhook every 2xx is a yes.
func expected(kind channel.Kind, how channeltest.Failure) outcome {
	switch {
	case how == channeltest.WrongSignature && !kind.Signs():
		return taken
	case kind == channel.Webhook && (how == channeltest.Garbage || how == channeltest.Mute || how == channeltest.Endless):
		return taken
	}
	return usual[how]
}

// TestWhatEachFailureMeans: every kind with every failure. What it is told, and what is
// logged of it, names neither the token nor the secret, though the room repeats both in
// everything that it answers; and nobody goes where a room sends them.
func TestWhatEachFailureMeans(t *testing.T) {
	for _, kind := range kinds {
		for _, how := range channeltest.Failures {
			t.Run(fmt.Sprintf("%s/%s", kind, how), func(t *testing.T) {
				t.Parallel()
				room := channeltest.Start(t, string(kind))
				room.Fail(how)
				s := open(t, kind, room, func(c *channel.Config) {
					if how == channeltest.Slow {
						c.Timeout = 50 * time.Millisecond
					}
				})
				err := s.Send(t.Context(), message())
				if got, want := outcomeOf(err), expected(kind, how); got != want {
					t.Errorf("%v is %s, want %s", err, got, want)
				}
				if l, is := errors.AsType[*channel.Later](err); is && (l.After < time.Second || l.After > 15*time.Minute || how == channeltest.Busy && l.After != 7*time.Second) {
					t.Errorf("again in %v", l.After)
				}
				if room.Strayed() > 0 {
					t.Error("it went where it was sent")
				}
				hidden(t, room, s, err)
			})
		}
	}
}

// hidden looks for the token and the secret in an error, in the log of it, and in the
// sender's name.
func hidden(t *testing.T, room *channeltest.Server, s *channel.Sender, err error) {
	t.Helper()
	var log strings.Builder
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Error("a message waits", "channel", s.String(), "error", err)
	}
	said := fmt.Sprintf("%v %+v %#v %s", err, err, err, s) + log.String()
	for _, secret := range []string{room.Token, room.Secret, url.QueryEscape(room.Secret)} {
		if secret != "" && strings.Contains(said, secret) {
			t.Errorf("%q is in %s", secret, said)
		}
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if _, is := errors.AsType[*url.Error](e); is {
			t.Error("an error that has the URL")
		}
	}
}

// TestARoomThatCannotBeReached: gone, unknown, with a certificate that is nobody's, or over
// no TLS; and what is said of it tells no token.
func TestARoomThatCannotBeReached(t *testing.T) {
	room := channeltest.Start(t, "dingtalk")
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	gone := httptest.NewTLSServer(http.NotFoundHandler())
	gone.Close()
	for name, c := range map[string]struct {
		edit func(*channel.Config)
		want string
	}{
		"a certificate that is nobody's": {func(c *channel.Config) { c.Roots = nil }, "certificate is not trusted"},
		"gone":                           {func(c *channel.Config) { c.URL = custody.SecretString(gone.URL + "/?access_token=" + room.Token) }, "nobody listens"},
		"a name that nobody has": {func(c *channel.Config) {
			c.URL = custody.SecretString("https://nowhere.invalid/?access_token=" + room.Token)
		}, "not known"},
		"no TLS": {func(c *channel.Config) {
			c.URL = custody.SecretString(strings.Replace(plain.URL, "http:", "https:", 1) + "/?access_token=" + room.Token)
		}, "failed on its way"},
	} {
		s := open(t, channel.DingTalk, room, c.edit)
		err := s.Send(t.Context(), message())
		if outcomeOf(err) != unusable || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		hidden(t, room, s, err)
	}
	if room.Asked() > 0 {
		t.Error("a room that is not trusted was asked")
	}
}

// TestWhoeverAsksEndsTheWaiting: by their context, before the sender's own limit.
func TestWhoeverAsksEndsTheWaiting(t *testing.T) {
	room := channeltest.Start(t, "slack")
	room.Fail(channeltest.Slow)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	err := open(t, channel.Slack, room, func(c *channel.Config) { c.Timeout = time.Hour }).Send(ctx, message())
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// TestAClockThatIsWrongIsNotLetIn: the services take a signature for an hour.
func TestAClockThatIsWrongIsNotLetIn(t *testing.T) {
	for _, kind := range kinds {
		if !kind.Signs() {
			continue
		}
		room := channeltest.Start(t, string(kind))
		for off, want := range map[time.Duration]outcome{-2 * time.Hour: denied, 2 * time.Hour: denied, 50 * time.Minute: taken} {
			s := open(t, kind, room, func(c *channel.Config) { c.Now = func() time.Time { return time.Now().Add(off) } })
			if got := outcomeOf(s.Send(t.Context(), message())); got != want {
				t.Errorf("%s, %v off: %s", kind, off, got)
			}
		}
	}
}

// TestTheLimitsOfTheServicesAreNotReached: whoever keeps to Limit is never asked to wait,
// in an hour in which there is always something to say.
func TestTheLimitsOfTheServicesAreNotReached(t *testing.T) {
	for _, kind := range kinds {
		room := channeltest.Start(t, string(kind))
		now := time.Now()
		room.Clock(func() time.Time { return now })
		s := open(t, kind, room, func(c *channel.Config) { c.Now = func() time.Time { return now } })
		perSecond, burst := kind.Limit()
		left := float64(burst)
		for range 300 { // seconds
			for ; left >= 1; left-- {
				if err := s.Send(t.Context(), message()); err != nil {
					t.Fatalf("%s: %v", kind, err)
				}
			}
			now = now.Add(time.Second)
			left = min(left+float64(perSecond), float64(burst))
		}
	}
}

// TestALongMessageIsCutBetweenLetters, and keeps its link.
func TestALongMessageIsCutBetweenLetters(t *testing.T) {
	for _, kind := range kinds {
		room := channeltest.Start(t, string(kind))
		for pad := range 4 { // so that the cut falls into each byte of a letter
			m := message()
			m.Title = strings.Repeat("x", pad)
			for range 3000 {
				m.Lines = append(m.Lines, "托管交接")
			}
			if kind == channel.Webhook {
				m.Lines = m.Lines[:50]
			}
			if err := open(t, kind, room).Send(t.Context(), m); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			got := room.Next(t)
			if !strings.HasSuffix(got.Text, "\n"+m.Link) || !utf8.ValidString(got.Text) || strings.ContainsRune(got.Text, utf8.RuneError) {
				t.Errorf("%s: %q", kind, got.Text[max(0, len(got.Text)-80):])
			}
			if kind == channel.WeCom && (len(got.Text) > 2048 || len(got.Text) < 2040) {
				t.Errorf("%d bytes", len(got.Text))
			}
		}
	}
}

// TestANameIsNoMarkup: it calls nobody, and is no link, in services that read such things.
func TestANameIsNoMarkup(t *testing.T) {
	for kind, never := range map[channel.Kind]string{channel.Feishu: "<at", channel.Lark: "<at", channel.Slack: "<!channel>"} {
		room := channeltest.Start(t, string(kind))
		m := message()
		m.Title, m.Lines = `<at user_id="all">x</at>`, []string{"<!channel> <https://evil.example|here>"}
		if err := open(t, kind, room).Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if got := room.Next(t).Text; strings.Contains(got, never) {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

// TestAMessageThatIsSentAgainIsTheSame, to a webhook: the bytes and the id.
func TestAMessageThatIsSentAgainIsTheSame(t *testing.T) {
	room := channeltest.Start(t, "webhook")
	s := open(t, channel.Webhook, room)
	for range 2 {
		if err := s.Send(t.Context(), message()); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := room.Next(t), room.Next(t); a.ID != b.ID || string(a.Body) != string(b.Body) {
		t.Errorf("%s %s, then %s %s", a.ID, a.Body, b.ID, b.Body)
	}
}

// TestWhatIsNoChannel is said before anything is sent, and nothing of it is quoted.
func TestWhatIsNoChannel(t *testing.T) {
	for name, c := range map[string]channel.Config{
		"another kind":         {Kind: "telex", URL: custody.SecretString("https://x.example/MARKED")},
		"no URL":               {Kind: channel.Slack},
		"a URL of a file":      {Kind: channel.Slack, URL: custody.SecretString("file:///MARKED")},
		"what is no URL":       {Kind: channel.Slack, URL: custody.SecretString("https://x.example/MARKED\x7f")},
		"no secret":            {Kind: channel.DingTalk, URL: custody.SecretString("https://x.example/MARKED")},
		"a secret without whs": {Kind: channel.Webhook, URL: custody.SecretString("https://x.example/MARKED"), Secret: custody.SecretString("TUFSS0VETUFSS0VETUFSS0VETUFSS0VETUFSS0VE")},
		"a short secret":       {Kind: channel.Webhook, URL: custody.SecretString("https://x.example/MARKED"), Secret: custody.SecretString("whsec_TUFSS0VE")},
	} {
		if s, err := channel.New(c); err == nil || s != nil || strings.Contains(err.Error(), "MARKED") || strings.Contains(err.Error(), "TUFS") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAPauseIsAsLongAsTheServiceAsks, and no longer than an emergency can wait; who says
// nothing of it is left alone for half a minute.
func TestAPauseIsAsLongAsTheServiceAsks(t *testing.T) {
	said := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", said)
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	s, err := channel.New(channel.Config{Kind: channel.Slack, URL: custody.SecretString(server.URL), Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]time.Duration{
		"7": 7 * time.Second, "86400": 15 * time.Minute, "-5": time.Second, "": 30 * time.Second, "soon": 30 * time.Second,
		noon.Add(time.Minute).Format(http.TimeFormat): time.Minute, noon.Add(-time.Hour).Format(http.TimeFormat): time.Second,
	} {
		said = text
		l, is := errors.AsType[*channel.Later](s.Send(t.Context(), message()))
		if !is || l.After != want {
			t.Errorf("%q: %+v, want %v", text, l, want)
		}
	}
}
