package siem

import (
	"bufio"
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

	"github.com/cenkalti/backoff/v5"
)

// Ledger is what is sent.
type Ledger interface {
	Size(ctx context.Context) (int64, error)
	Records(ctx context.Context, from, to int64, yield func(index int64, record []byte) error) error
}

// Positions keep how far each stream is; 0 for one that is new.
type Positions interface {
	Position(ctx context.Context, stream string) (int64, error)
	SetPosition(ctx context.Context, stream string, next int64) error
}

// Config is what a Stream works with. The times have defaults.
type Config struct {
	Ledger    Ledger
	Positions Positions
	Follow    func() <-chan struct{} // a channel that is closed at the next commit
	Address   string                 // host:port of the receiver; also names the stream's position
	TLS       *tls.Config
	Format    string
	Host      string // HOSTNAME of the messages: the ledger's origin
	Version   string // of Tandem
	Log       *slog.Logger

	Settle  time.Duration // a connection must have lived on for so long; 5 s
	Timeout time.Duration // to connect, and to write a batch; 30 s
	MaxWait time.Duration // between two attempts to connect; 1 min
}

// batch is how many entries are written between two looks at the clock.
const batch = 500

// Stream sends the ledger. Run is to be called once.
type Stream struct {
	Config
	last atomic.Int64 // when it was last certain of something; Unix seconds
}

// New makes a stream; the error is ErrFormat.
func New(c Config) (*Stream, error) {
	if c.Format != JSON && c.Format != CEF {
		return nil, ErrFormat
	}
	c.Settle = cmp.Or(c.Settle, 5*time.Second)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.MaxWait = cmp.Or(c.MaxWait, time.Minute)
	return &Stream{Config: c}, nil
}

// Run sends until ctx ends, and gives its error. Whatever is in the way is
// logged, and tried again. A nil stream sends nothing.
func (s *Stream) Run(ctx context.Context) error {
	if s == nil {
		return nil
	}
	wait := backoff.NewExponentialBackOff()
	wait.MaxInterval = s.MaxWait
	for ctx.Err() == nil {
		began := time.Now()
		err := s.connected(ctx)
		if ctx.Err() != nil {
			break
		}
		if time.Since(began) > s.Settle {
			wait.Reset()
		}
		pause := wait.NextBackOff()
		s.Log.Warn("the ledger's stream was interrupted", "to", s.Address, "error", err, "next_in", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return ctx.Err()
}

// connected sends over one connection until it breaks.
func (s *Stream) connected(ctx context.Context) error {
	next, err := s.Positions.Position(ctx, s.Address)
	if err != nil {
		return err
	}
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: s.Timeout}, Config: s.TLS}
	dialing, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	conn, err := dialer.DialContext(dialing, "tcp", s.Address)
	if err != nil {
		return err
	}
	defer conn.Close()
	broken := make(chan error, 1)
	go func() { // a receiver says nothing: this ends with the connection
		_, err := io.Copy(io.Discard, conn)
		broken <- cmp.Or(err, io.EOF)
	}()
	s.Log.Info("the ledger's stream is connected", "to", s.Address, "next", next)

	written, settled := next, next // settled: written before the last tick
	tick := time.NewTicker(s.Settle)
	defer tick.Stop()
	for {
		grew := s.Follow() // before looking, so that no commit falls between
		more, err := s.send(ctx, conn, written)
		if err != nil {
			return err
		}
		full := more == written+batch
		written = more
		ready := make(chan struct{})
		if full {
			close(ready)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-broken:
			return fmt.Errorf("the receiver ended the connection: %w", err)
		case <-tick.C:
			if settled > next {
				next = settled
				if err := s.Positions.SetPosition(ctx, s.Address, next); err != nil {
					return err
				}
			}
			settled = written
			s.last.Store(time.Now().Unix())
		case <-grew:
		case <-ready:
		}
	}
}

// send writes at most a batch from an index on, and gives the index after it.
func (s *Stream) send(ctx context.Context, conn net.Conn, from int64) (int64, error) {
	size, err := s.Ledger.Size(ctx)
	if err != nil || size <= from {
		return from, err
	}
	if err := conn.SetWriteDeadline(time.Now().Add(s.Timeout)); err != nil {
		return from, err
	}
	to := min(size, from+batch)
	out, next := bufio.NewWriter(conn), from
	err = s.Ledger.Records(ctx, from, to, func(index int64, record []byte) error {
		if index != next {
			return fmt.Errorf("siem: the ledger has no entry %d", next)
		}
		next++
		frame, err := s.frame(index, record)
		if err != nil {
			return err
		}
		_, err = out.Write(frame)
		return err
	})
	if err == nil && next != to {
		err = fmt.Errorf("siem: the ledger has no entry %d", next)
	}
	return next, errors.Join(err, out.Flush())
}
