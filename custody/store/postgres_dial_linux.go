package store

import (
	"time"

	"golang.org/x/sys/unix"
)

// giveUpAfter bounds how long what was sent may go without an acknowledgement: tcp(7),
// TCP_USER_TIMEOUT. Without it that is a quarter of an hour.
func giveUpAfter(fd uintptr, d time.Duration) error {
	return unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
}
