package channeltest

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Failure is how a room fails.
type Failure string

// The ways to fail. Works is none.
const (
	Works          Failure = ""
	WrongToken     Failure = "wrong token"     // the room does not know the token in the URL
	WrongSignature Failure = "wrong signature" // it has another secret
	Limited        Failure = "limited"         // too many messages, as the service says it
	Refused        Failure = "refused"         // this message, as the service says it
	Busy           Failure = "busy"            // 429 with Retry-After: 7
	Broken         Failure = "broken"          // 500
	Unknown        Failure = "unknown"         // 200 with a code that is in no list, or words that are none
	Elsewhere      Failure = "elsewhere"       // 307 to another address
	Garbage        Failure = "garbage"         // 200 with a page
	Mute           Failure = "mute"            // 200 with an object that says nothing
	Endless        Failure = "endless"         // 200 with a body that does not end
	Slow           Failure = "slow"            // no answer until the client leaves
	Reset          Failure = "reset"           // the connection is cut off in the middle
)

// Failures are all of them.
var Failures = []Failure{WrongToken, WrongSignature, Limited, Refused, Busy, Broken, Unknown, Elsewhere, Garbage, Mute, Endless, Slow, Reset}

// Message is one that a room took.
type Message struct {
	ID   string // of a webhook
	Text string // all that people read, the link included
	Body []byte
	At   time.Time
}

// Server is one room.
type Server struct {
	URL    string         // with its token
	Token  string         // in it
	Secret string         // that signs; "": the kind does not
	CA     []byte         // PEM: who signed its certificate
	Roots  *x509.CertPool // the same

	kind     string
	web      *httptest.Server
	messages chan Message

	mu       sync.Mutex
	failure  Failure
	refuses  func(text string) bool
	now      func() time.Time
	taken    map[string][]time.Time
	asked    int
	strayed  int // requests that came by the address that it answered to go to
	delaying time.Duration
}

// Start runs a room of a kind until the test ends.
func Start(t testing.TB, kind string) *Server {
	t.Helper()
	s := &Server{kind: kind, Token: "token-MARKED-" + rand.Text(), messages: make(chan Message, 10_000), now: time.Now}
	of := rooms[kind]
	if of.take == nil {
		t.Fatalf("no room of kind %q", kind)
	}
	s.Secret = of.secret()
	s.web = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.web.Config.ErrorLog = nil
	s.web.StartTLS()
	t.Cleanup(s.web.Close)
	s.URL = s.web.URL + strings.ReplaceAll(of.path, "TOKEN", s.Token)
	s.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.web.Certificate().Raw})
	s.Roots = x509.NewCertPool()
	s.Roots.AddCert(s.web.Certificate())
	return s
}

// Fail has the room fail from now on; Works: no more.
func (s *Server) Fail(how Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = how
}

// Refuse has the room refuse messages by what they say, as the service's filter does; nil:
// it takes all.
func (s *Server) Refuse(which func(text string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuses = which
}

// Clock gives the room another clock.
func (s *Server) Clock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// Delay has the room wait before it answers.
func (s *Server) Delay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delaying = d
}

// Asked gives how many requests came, and Strayed how many of them by the address to which
// it sent them.
func (s *Server) Asked() int { s.mu.Lock(); defer s.mu.Unlock(); return s.asked }

// Strayed: see Asked.
func (s *Server) Strayed() int { s.mu.Lock(); defer s.mu.Unlock(); return s.strayed }

// patience bounds the wait for a message.
const patience = 90 * time.Second

// Next waits for a message.
func (s *Server) Next(t testing.TB) Message {
	t.Helper()
	select {
	case m := <-s.messages:
		return m
	case <-time.After(patience):
		t.Fatal("not in time: a message in the room")
		panic("unreachable")
	}
}

// None says whether no message came that was not looked at.
func (s *Server) None(t testing.TB) {
	t.Helper()
	select {
	case m := <-s.messages:
		t.Errorf("a message too many: %s", m.Text)
	default:
	}
}

// elsewhere is where the room sends those to that it does not want.
const elsewhere = "/elsewhere"

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked++
	if r.URL.Path == elsewhere {
		s.strayed++
	}
	how, now, delay := s.failure, s.now(), s.delaying
	s.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
			return
		}
	}
	q, err := read(r)
	if err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	switch how {
	case Busy:
		w.Header().Set("Retry-After", "7")
		http.Error(w, s.echo(), http.StatusTooManyRequests)
	case Broken:
		http.Error(w, s.echo(), http.StatusInternalServerError)
	case Elsewhere:
		w.Header().Set("Location", elsewhere+"?"+s.Token)
		w.WriteHeader(http.StatusTemporaryRedirect)
	case Garbage:
		_, _ = w.Write([]byte("<html>" + s.echo() + "</html>"))
	case Mute:
		_, _ = w.Write([]byte("{}"))
	case Endless:
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte(strings.Repeat(s.echo(), 100))); err != nil {
				return
			}
		}
	case Slow:
		<-r.Context().Done()
	case Reset:
		cut(w)
	default:
		rooms[s.kind].take(s, w, q, how, now)
	}
}

// echo is what a service could say that repeats all that it knows.
func (s *Server) echo() string { return "echo of " + s.Token + " and " + s.Secret + "\n" }

// cut ends a connection without a word.
func cut(w http.ResponseWriter) {
	hijacker, is := w.(http.Hijacker)
	if !is { // HTTP/2: the stream is reset
		panic(http.ErrAbortHandler)
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	if tcp, is := conn.(*net.TCPConn); is {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// within counts a message against a limit, if not so many were taken in the time before.
func (s *Server) within(now time.Time, most int, span time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit, n := span.String(), 0
	for _, at := range s.taken[limit] {
		if now.Sub(at) < span {
			n++
		}
	}
	if n >= most {
		return false
	}
	if s.taken == nil {
		s.taken = map[string][]time.Time{}
	}
	s.taken[limit] = append(s.taken[limit], now)
	return true
}

// refused says whether a filter refuses a text.
func (s *Server) refused(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refuses != nil && s.refuses(text)
}

func (s *Server) took(m Message) { s.messages <- m }

func random() string { return "SEC-MARKED-" + rand.Text() }

func none() string { return "" }

func webhookSecret() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}
