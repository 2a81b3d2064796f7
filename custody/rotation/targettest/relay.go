package targettest

import (
	"io"
	"net"
	"testing"
)

// Relay passes connections on, and hangs up each after so many bytes from the
// server.
func Relay(t *testing.T, addr string, limit int64) string {
	t.Helper()
	return listen(t, func(client net.Conn) {
		server, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		defer server.Close()
		go io.Copy(server, client)
		io.CopyN(client, server, limit)
	})
}

// Silent takes connections and says nothing on them. taken is called for each.
func Silent(t *testing.T, taken func()) string {
	t.Helper()
	return listen(t, func(client net.Conn) {
		taken()
		io.Copy(io.Discard, client) // until it hangs up
	})
}

func listen(t *testing.T, serve func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				serve(client)
			}()
		}
	}()
	return l.Addr().String()
}
