package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// monotonic is the clock that systemd compares with.
func monotonic() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0 // which systemd takes for long ago
	}
	return time.Duration(t.Nano())
}
