package siem

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/net/idna"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/follow"
)

// Ledger is what is sent.
type Ledger interface {
	follow.Ledger
	// Texts gives what people wrote, by what the entries commit to it with.
	Texts(ctx context.Context, notes []custody.Note) (map[string]custody.Words, error)
}

// Config is what a Stream works with. The times have defaults.
type Config struct {
	Ledger  Ledger
	Places  follow.Places
	Owner   string                 // of the lease under which one process at a time sends
	Follow  func() <-chan struct{} // a channel that is closed at the next commit
	Address string                 // host:port of the receiver; also names the stream's place
	TLS     *tls.Config
	Format  string
	Host    string // HOSTNAME of the messages: the ledger's origin
	Version string // of Tandem
	Now     func() time.Time
	Log     *slog.Logger

	Settle  time.Duration // of silence before the receiver is asked whether it has read all; 5 s
	Timeout time.Duration // to connect, to write a batch, and for that answer; 30 s
	MaxWait time.Duration // between two attempts to connect; 1 min
}

// batch is how many entries are written between two looks at the clock.
const batch = 500

// Stream sends the ledger. Run is to be called once.
type Stream struct {
	Config
	follow      *follow.Follower
	dialAddress string       // Address in ASCII
	last        atomic.Int64 // when it was last certain of something; Unix seconds
}

// New makes a stream; the error is ErrFormat.
func New(c Config) (*Stream, error) {
	if c.Format != JSON && c.Format != CEF {
		return nil, ErrFormat
	}
	c.Settle = cmp.Or(c.Settle, 5*time.Second)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.MaxWait = cmp.Or(c.MaxWait, time.Minute)
	s := &Stream{Config: c, dialAddress: c.Address, follow: follow.New(follow.Config{
		Name: c.Address, Owner: c.Owner, Ledger: c.Ledger, Places: c.Places, Follow: c.Follow,
		Now: c.Now, Log: c.Log, MaxPause: c.MaxWait,
	})}
	s.Host = hostname(c.Host)
	if host, port, err := net.SplitHostPort(c.Address); err == nil {
		if ascii, err := idna.Lookup.ToASCII(host); err == nil && ascii != "" {
			s.dialAddress = net.JoinHostPort(ascii, port)
		}
	}
	return s, nil
}

// Run sends until ctx ends. Whatever is in the way is logged, and tried again. A nil
// stream sends nothing.
func (s *Stream) Run(ctx context.Context) error {
	if s != nil {
		s.follow.Run(ctx, s.round)
	}
	return nil
}

// round connects, goes on from the place, and sends until the connection ends.
func (s *Stream) round(ctx context.Context, at follow.Place) (again time.Time, err error) {
	to, err := s.connect(ctx, at.Next)
	if err != nil {
		return again, err
	}
	defer to.conn.Close()
	return s.Now(), s.serve(ctx, &to)
}

// connection is one to the receiver.
type connection struct {
	conn    *tls.Conn
	ended   chan error // of the receiver's side: nil when it ended in order
	written int64      // index of the first entry that was not written
	sure    int64      // and of the first that the receiver may not have read
}

// connect begins a connection that goes on with an index.
func (s *Stream) connect(ctx context.Context, next int64) (connection, error) {
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: s.Timeout}, Config: s.TLS}
	dialing, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	conn, err := dialer.DialContext(dialing, "tcp", s.dialAddress)
	if err != nil {
		return connection{}, err
	}
	to := connection{conn.(*tls.Conn), make(chan error, 1), next, next}
	go func() { // a receiver says nothing: this ends with its side of the connection
		_, err := io.Copy(io.Discard, conn)
		to.ended <- err
	}()
	s.Log.InfoContext(ctx, "the ledger's stream is connected", "to", s.Address, "next", next)
	return to, nil
}

// serve sends over a connection until it breaks, or until the receiver has read
// all that was sent: then the next connection goes on.
func (s *Stream) serve(ctx context.Context, to *connection) error {
	tick := time.NewTicker(s.Settle)
	defer tick.Stop()
	silent := false // nothing is written any more, and the receiver is asked at the next tick
	for {
		grew := s.Follow() // before looking, so that no commit falls between
		ready := make(chan struct{})
		if !silent {
			more, err := s.send(ctx, to.conn, to.written)
			if err != nil {
				return err
			}
			if more == to.written+batch {
				close(ready)
			}
			to.written = more
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-to.ended:
			return fmt.Errorf("the receiver ended the connection: %w", cmp.Or(err, io.EOF))
		case <-tick.C:
			switch {
			case to.written == to.sure:
				s.last.Store(time.Now().Unix())
			case silent && len(to.ended) == 0: // an end from before is no answer
				return s.confirm(ctx, to)
			default:
				silent = true
			}
		case <-grew:
		case <-ready:
		}
	}
}

// confirm ends the connection and moves the place when the receiver ends its
// side in answer (RFC 5425, section 4.4): its program has then read everything.
// One that is hung does not answer, and the system of one that was killed resets
// the connection when something was left unread. The silence before it sees to it
// that all of that has come out.
func (s *Stream) confirm(ctx context.Context, to *connection) error {
	if err := to.conn.SetWriteDeadline(time.Now().Add(s.Timeout)); err != nil {
		return err
	}
	if err := to.conn.CloseWrite(); err != nil {
		return err
	}
	if tcp, ok := to.conn.NetConn().(*net.TCPConn); ok { // for receivers that look no further
		if err := tcp.CloseWrite(); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-to.ended:
		if err != nil {
			return fmt.Errorf("the receiver broke the connection off: %w", err)
		}
	case <-time.After(s.Timeout):
		return errors.New("the receiver does not say that it has read what was sent: it will be sent again")
	}
	if err := s.follow.Advance(ctx, to.written); err != nil {
		return err
	}
	to.sure = to.written
	s.last.Store(time.Now().Unix())
	return nil
}

// send writes at most a batch from an index on, and gives the index after it.
func (s *Stream) send(ctx context.Context, conn net.Conn, from int64) (int64, error) {
	var records [][]byte
	to, err := s.follow.Read(ctx, from, batch, func(_ int64, record []byte) error {
		records = append(records, bytes.Clone(record))
		return nil
	})
	if err != nil || to == from {
		return from, err
	}
	if err := conn.SetWriteDeadline(time.Now().Add(s.Timeout)); err != nil {
		return from, err
	}
	out, next := bufio.NewWriter(conn), from
	for _, record := range records {
		frame, err := s.frame(ctx, next, record)
		if err != nil {
			return next, errors.Join(err, out.Flush())
		}
		next++
		if _, err := out.Write(frame); err != nil {
			return next, err
		}
	}
	return next, out.Flush()
}
