package store

import (
	"context"
	"net"
	"syscall"
	"time"
)

// gone is how long a server may not answer on the level of the network before its
// connection counts as gone. Nobody ends a COMMIT that waits: this is what does, where the
// server's machine, or the network between, is there no more and says nothing.
const gone = 20 * time.Second

// dialPostgres connects so that an end which nobody tells of is noticed.
func dialPostgres(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: gone / 2, Interval: gone / 8, Count: 4},
		Control: func(network, _ string, c syscall.RawConn) (err error) {
			if network == "unix" { // nothing gets lost on the way to the same machine
				return nil
			}
			if failed := c.Control(func(fd uintptr) { err = giveUpAfter(fd, gone) }); failed != nil {
				return failed
			}
			return err
		},
	}
	return d.DialContext(ctx, network, address)
}
