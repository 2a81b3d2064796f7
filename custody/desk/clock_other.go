//go:build !linux

package desk

import "time"

// elapsed may stand still while the machine sleeps: afterwards somebody on it says
// that the clock is right.
func elapsed(began time.Time) time.Duration { return time.Since(began) }
