package adtest

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// network is one of a server's own, with its own loopback and nothing else
// (network_namespaces(7)).
type network struct {
	path string // what programs are put into it by
	dial chan dialling
}

// dialling is a connection that is wanted inside.
type dialling struct {
	address string
	made    chan<- net.Conn // nil: nobody takes it there
}

// newNetwork makes one, which goes with the test. A thread of this process is in it for that
// long: a connection belongs to the network in which it was made.
func newNetwork(t testing.TB) *network {
	t.Helper()
	n := &network{dial: make(chan dialling)}
	ready := make(chan error)
	go n.serve(ready)
	if err := <-ready; err != nil {
		servertest.Lack(t, fmt.Sprintf("CAP_SYS_ADMIN: a network of its own is not allowed here (%v)", err))
	}
	t.Cleanup(func() { close(n.dial) })
	return n
}

// serve makes connections inside. It never lets go of its thread, which so ends with it: none
// of the test's other work may come to be done in there.
func (n *network) serve(ready chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() { // the process's first thread does not end
		n.serveElsewhere(ready)
		return
	}
	n.path = fmt.Sprintf("/proc/%d/task/%d/ns/net", unix.Getpid(), unix.Gettid())
	err := unix.Unshare(unix.CLONE_NEWNET)
	if err == nil {
		err = raiseLoopback()
	}
	ready <- err
	if err != nil {
		return
	}
	for d := range n.dial {
		ctx, cancel := context.WithTimeout(context.Background(), servertest.Patience)
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", d.address)
		cancel()
		if err != nil {
			conn = nil
		}
		d.made <- conn
	}
}

// serveElsewhere serves on another thread, since this one is taken until then.
func (n *network) serveElsewhere(ready chan<- error) {
	defer runtime.UnlockOSThread()
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.serve(ready)
	}()
	<-done
}

// raiseLoopback switches the loopback interface of this thread's network on (netdevice(7)).
func raiseLoopback() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	loopback, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	loopback.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, loopback)
}

// carry gives an address of the machine from which connections are carried on to one inside.
func (n *network) carry(t testing.TB, inside string) (addr string) {
	t.Helper()
	addr = fmt.Sprintf("127.0.0.1:%d", servertest.ReservePort(t))
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	made := make(chan net.Conn)
	done := make(chan struct{})
	t.Cleanup(func() { // before the network goes: what asks it for connections has ended
		listener.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			n.dial <- dialling{inside, made}
			server := <-made
			if server == nil {
				client.Close()
				continue
			}
			go splice(client, server)
			go splice(server, client)
		}
	}()
	return addr
}

// splice passes on what one sends, and ends both when it ends.
func splice(to, from net.Conn) {
	_, _ = io.Copy(to, from) // whoever uses the connection sees that it ended
	to.Close()
	from.Close()
}
