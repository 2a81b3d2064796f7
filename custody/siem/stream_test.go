package siem_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/follow/followtest"
	"github.com/tandem-custody/tandem/custody/siem"
)

// ledger is one in memory, with the positions of its streams.
type ledger struct {
	desktest.Ledger
	places followtest.Places
}

// add adds entries that say the same.
func (l *ledger) add(t *testing.T, n int) {
	t.Helper()
	size, err := l.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	events := make([]custody.Event, n)
	for i := range events {
		events[i] = custody.Event{
			Time: time.Date(2026, 3, 2, 8, 0, int(size)+i, 0, time.UTC), Actor: "tech-a", Request: "r=|\\",
			Confirm: &custody.Confirmation{Person: "tech-a", Step: 7},
			Fact:    custody.RotationPaused{Credential: "db01", Reason: desk.NewNote("a=b|c\\d\n退役")},
		}
	}
	l.Happen(t, events...)
}

// at gives the place of the one stream that there is.
func (l *ledger) at(t *testing.T, r *receiver) int64 {
	t.Helper()
	at, err := l.places.Place(t.Context(), r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return at.Next
}

// reaches waits until the position is there.
func (l *ledger) reaches(t *testing.T, r *receiver, want int64) {
	t.Helper()
	for until := time.Now().Add(90 * time.Second); ; time.Sleep(time.Millisecond) {
		at := l.at(t, r)
		if at == want {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("the position is %d and never became %d", at, want)
		}
	}
}

// receiver takes syslog over TLS and cuts a connection off after some messages.
type receiver struct {
	net.Listener
	trust    *tls.Config
	messages chan string
	cutAfter chan int             // for each connection; none: never
	hold     chan func(*tls.Conn) // for each connection: who has it instead, when it is open
	refused  chan error           // a handshake that failed
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS()
	certificate := web.TLS.Certificates[0]
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	web.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{listener, &tls.Config{RootCAs: roots}, make(chan string, 100_000), make(chan int, 10), make(chan func(*tls.Conn), 10), make(chan error, 1000)}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			limit := -1
			select {
			case limit = <-r.cutAfter:
			case hold := <-r.hold:
				go r.open(conn, hold)
				continue
			default:
			}
			go r.open(conn, func(conn *tls.Conn) { r.take(conn, limit) })
		}
	}()
	return r
}

func (r *receiver) open(conn net.Conn, then func(*tls.Conn)) {
	secure := conn.(*tls.Conn)
	if err := secure.Handshake(); err != nil {
		_ = conn.Close()
		r.refused <- err
		return
	}
	then(secure)
}

func (r *receiver) take(conn net.Conn, limit int) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for n := 0; n != limit; n++ {
		count, err := in.ReadString(' ')
		if err != nil {
			return
		}
		length, err := strconv.Atoi(strings.TrimSpace(count))
		if err != nil {
			r.messages <- "no octet count: " + count
			return
		}
		message := make([]byte, length)
		if _, err := io.ReadFull(in, message); err != nil {
			return
		}
		r.messages <- string(message)
	}
}

func (r *receiver) next(t *testing.T) string {
	t.Helper()
	select {
	case m := <-r.messages:
		return m
	case <-time.After(30 * time.Second):
		t.Fatal("waited in vain for a message")
		return ""
	}
}

// start runs a stream; the function it gives stops it.
func start(t *testing.T, l *ledger, r *receiver, format string) func() {
	t.Helper()
	s, err := siem.New(siem.Config{
		Ledger: l, Places: &l.places, Owner: "test", Follow: l.Follow, Now: time.Now, Address: r.Addr().String(), TLS: r.trust, Format: format,
		Host: "ledger.test", Version: "1", Log: slog.New(slog.DiscardHandler),
		Settle: 20 * time.Millisecond, MaxWait: 20 * time.Millisecond, Timeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { _ = s.Run(ctx); close(done) }()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// indexOf reads the index out of a JSON message.
func indexOf(t *testing.T, message string) int64 {
	t.Helper()
	_, body, _ := strings.Cut(message, " - {")
	var m struct {
		Index int64           `json:"index"`
		Entry json.RawMessage `json:"entry"`
	}
	if err := json.Unmarshal([]byte("{"+body), &m); err != nil || len(m.Entry) == 0 {
		t.Fatalf("%q: %v", message, err)
	}
	return m.Index
}

// TestNothingIsLostOverBrokenConnections: the receiver cuts off again and again
// and Tandem is restarted; every entry arrives, in order but for repetitions.
func TestNothingIsLostOverBrokenConnections(t *testing.T) {
	const entries = 3000
	l := new(ledger)
	l.add(t, entries/2)
	r := newReceiver(t)
	for _, n := range []int{0, 1, 700, 40} {
		r.cutAfter <- n
	}
	stop := start(t, l, r, siem.JSON)
	expect := func(until int64) {
		for next := int64(0); next < until; {
			if index := indexOf(t, r.next(t)); index > next {
				t.Fatalf("entry %d came before %d", index, next)
			} else if index == next {
				next++
			}
		}
	}
	expect(entries / 2)
	l.add(t, entries/2)
	for next := int64(entries / 2); next < entries; {
		if index := indexOf(t, r.next(t)); index == next {
			next++
		} else if index > next {
			t.Fatalf("entry %d came before %d", index, next)
		}
	}
	l.reaches(t, r, entries)
	stop()
	l.add(t, 1)
	start(t, l, r, siem.JSON)
	if index := indexOf(t, r.next(t)); index != entries {
		t.Errorf("after a restart it goes on with %d, want %d", index, entries)
	}
}

// TestWhatAHungReceiverNeverReadComesAgain: the bytes are taken by its system and
// sit in a buffer; then it dies, and they with it.
func TestWhatAHungReceiverNeverReadComesAgain(t *testing.T) {
	reset := func(conn *tls.Conn) { // as the system does when bytes are left
		tcp := conn.NetConn().(*net.TCPConn)
		_ = tcp.SetLinger(0)
		_ = tcp.Close()
	}
	for name, die := range map[string]func(*tls.Conn){
		"killed": reset,
		"killed when asked": func(conn *tls.Conn) {
			_, _ = io.Copy(io.Discard, conn.NetConn())
			reset(conn)
		},
		// Its machine loses power, and nobody says anything any more.
		"silent": func(*tls.Conn) {},
		// It ends its side without having read, and without having been asked.
		"half-closed": func(conn *tls.Conn) { _ = conn.CloseWrite(); _ = conn.NetConn().(*net.TCPConn).CloseWrite() },
	} {
		t.Run(name, func(t *testing.T) {
			l := new(ledger)
			l.add(t, 3)
			r := newReceiver(t)
			hung := make(chan *tls.Conn, 1)
			r.hold <- func(conn *tls.Conn) { hung <- conn }
			again := make(chan struct{})
			r.hold <- func(conn *tls.Conn) { close(again); r.take(conn, -1) }
			start(t, l, r, siem.JSON)
			select {
			case conn := <-hung:
				t.Cleanup(func() { _ = conn.Close() })
				die(conn)
			case <-time.After(30 * time.Second):
				t.Fatal("waited in vain for a connection")
			}
			for until := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
				select {
				case <-again:
				default:
					if at := l.at(t, r); at != 0 {
						t.Fatalf("the position is %d, and nobody has read anything", at)
					}
					if time.Now().After(until) {
						t.Fatal("it holds on to a receiver that does not read")
					}
					continue
				}
				break
			}
			for want := range int64(3) {
				if index := indexOf(t, r.next(t)); index != want {
					t.Errorf("entry %d came again, want %d", index, want)
				}
			}
			l.reaches(t, r, 3)
		})
	}
}

// TestAReceiverThatReadsIsSentEachEntryOnce, though it is asked again and again.
func TestAReceiverThatReadsIsSentEachEntryOnce(t *testing.T) {
	l := new(ledger)
	r := newReceiver(t)
	start(t, l, r, siem.JSON)
	for n := range int64(5) {
		l.add(t, 1)
		if index := indexOf(t, r.next(t)); index != n {
			t.Fatalf("entry %d came, want %d", index, n)
		}
		l.reaches(t, r, n+1)
	}
	select {
	case m := <-r.messages:
		t.Errorf("came again: %s", m)
	default:
	}
}

// TestAChineseOriginIsNoHostName of syslog's, which is printable ASCII.
func TestAChineseOriginIsNoHostName(t *testing.T) {
	for origin, want := range map[string]string{
		"托管.example/台账": "xn--xpuu67c.example", "tandem.example:8443/ledger": "tandem.example:8443/ledger",
		"/台账": "-", strings.Repeat("a", 256): "-",
	} {
		s, err := siem.New(siem.Config{Format: siem.JSON, Host: origin})
		if err != nil || s.Host != want {
			t.Errorf("%q is called %q, want %q; %v", origin, s.Host, want, err)
		}
	}
}

// beside gives the one text there is, as it stands beside its entry.
func (l *ledger) beside(t *testing.T) string {
	t.Helper()
	for commitment, w := range l.AllTexts() {
		salt, err := w.Salt.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`%q:{"salt":%q,"text":"a=b|c\\d 退役"}`, commitment, salt)
	}
	t.Fatal("no text")
	return ""
}

func TestMessages(t *testing.T) {
	l := new(ledger)
	l.add(t, 1)
	head := "<110>1 2026-03-02T08:00:00.000Z ledger.test tandem - rotation.paused - "
	for format, want := range map[string]string{
		siem.JSON: head + fmt.Sprintf(`{"index":0,"entry":%s,"texts":{%s}}`, l.Record(0), l.beside(t)),
		siem.CEF: head + `CEF:0|Tandem|Tandem|1|rotation.paused|rotation.paused|3|rt=1772438400000 externalId=0 suser=tech-a ` +
			`cs1Label=subject cs1=db01 cs2Label=request cs2=r\=|\\ cs3Label=confirmedBy cs3=tech-a ` +
			`msg={"credential":"db01","reason":"a\=b|c\\\\d 退役","rotation":0}`,
	} {
		r := newReceiver(t)
		stop := start(t, l, r, format)
		if got := r.next(t); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		stop()
	}
	if _, err := siem.New(siem.Config{Format: "xml"}); !errors.Is(err, siem.ErrFormat) {
		t.Error(err)
	}
}

// TestNoOneElseReceives: without the right certificate nothing is sent.
func TestNoOneElseReceives(t *testing.T) {
	l := new(ledger)
	l.add(t, 1)
	r := newReceiver(t)
	trust := r.trust
	r.trust = &tls.Config{RootCAs: x509.NewCertPool()}
	stop := start(t, l, r, siem.JSON)
	for range 3 {
		select {
		case <-r.refused:
		case <-time.After(30 * time.Second):
			t.Fatal("waited in vain for an attempt to connect")
		}
	}
	stop()
	if at := l.at(t, r); at != 0 {
		t.Errorf("the position is %d, and nobody received anything", at)
	}
	select {
	case m := <-r.messages:
		t.Fatalf("sent %s", m)
	default:
	}
	r.trust = trust
	start(t, l, r, siem.JSON)
	r.next(t)
}
