package jepsen

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// relay stands between a replica and a server, and can do what networks do.
type relay struct {
	addr string
	to   atomic.Pointer[string]

	delay  atomic.Int64 // of everything that passes, nanoseconds
	late   atomic.Int64 // of what the server says, likewise
	silent atomic.Bool  // nothing passes, and nobody hears that: half-open connections
	away   atomic.Bool  // nobody is let in

	mu    sync.Mutex
	conns map[net.Conn]bool
}

func newRelay(t testing.TB, to string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{addr: listener.Addr().String(), conns: map[net.Conn]bool{}}
	r.to.Store(&to)
	var running sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); r.cut(); running.Wait() })
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { r.serve(client) })
		}
	})
	return r
}

// serve passes on what two sides say to each other.
func (r *relay) serve(client net.Conn) {
	defer r.closes(client)()
	if r.away.Load() {
		return
	}
	server, err := net.DialTimeout("tcp", *r.to.Load(), 5*time.Second)
	if err != nil {
		return
	}
	defer r.closes(server)()
	var both sync.WaitGroup
	both.Go(func() { r.pass(client, server, func() time.Duration { return time.Duration(r.delay.Load()) }) })
	both.Go(func() {
		r.pass(server, client, func() time.Duration { return time.Duration(r.delay.Load() + r.late.Load()) })
	})
	both.Wait()
}

// closes notes a connection, so that cut finds it.
func (r *relay) closes(c net.Conn) func() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns[c] = true
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.conns, c)
		_ = c.Close()
	}
}

func (r *relay) pass(from, to net.Conn, wait func() time.Duration) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if d := wait(); d > 0 {
			time.Sleep(d)
		}
		if r.silent.Load() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// cut ends all connections.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		if tcp, is := c.(*net.TCPConn); is {
			_ = tcp.SetLinger(0) // without a word more
		}
		_ = c.Close()
	}
}

// heal has everything pass again. What was swallowed does not come back, so those
// connections end.
func (r *relay) heal() {
	r.delay.Store(0)
	r.late.Store(0)
	r.away.Store(false)
	if r.silent.CompareAndSwap(true, false) {
		r.cut()
	}
}
