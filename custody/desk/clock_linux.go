package desk

import (
	"time"

	"golang.org/x/sys/unix"
)

// elapsed counts from the machine's start and goes on while it sleeps, which what
// Go measures does not: a laptop that was closed at night has not had its clock set.
func elapsed(began time.Time) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return time.Since(began) // no kernel that Go runs on is without it
	}
	return time.Duration(t.Nano())
}
