//go:build !linux

package main

import "time"

// monotonic is nothing where there is no systemd.
func monotonic() time.Duration { return 0 }
