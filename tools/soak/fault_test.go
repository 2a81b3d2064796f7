package soak

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
	"time"
)

// mode is how a call goes wrong.
type mode string

const (
	killBefore mode = "SIGKILL before"
	killAfter  mode = "SIGKILL after the effect"
	failBefore mode = "error before"
	failAfter  mode = "error after the effect"
	hangAfter  mode = "no answer after the effect"
)

var modes = []mode{killBefore, killAfter, failBefore, failAfter, hangAfter}

// fault is one thing that goes wrong in a rotation. The zero value is none.
type fault struct {
	Point string // an operation of a port, or atStep and a step's name
	Nth   int    // which call of it in the rotation, from 1
	Mode  mode

	// Instead of all these: SIGKILL so long after the start, wherever it is then.
	KillAfter time.Duration
}

// atStep is before the steps at which the worker calls its Hook. There it can
// only be killed.
const atStep = "at "

// reconciling is the point that only a rotation through the second account passes.
const reconciling = "target.reconcile"

func (f fault) String() string {
	switch {
	case f.KillAfter > 0:
		return fmt.Sprintf("SIGKILL after %v", f.KillAfter)
	case f.Point == "":
		return "nothing"
	}
	return fmt.Sprintf("%s, %s %d", f.Mode, f.Point, f.Nth)
}

func (f fault) kills() bool { return f.KillAfter > 0 || f.Mode == killBefore || f.Mode == killAfter }

// lost is after how long a call without an answer is given up. The worker's own
// limit is longer, so that only this one call runs into one.
const lost = time.Second

// errInjected says nothing for certain.
var errInjected = errors.New("the answer was lost")

// fuse counts the calls while a rotation is under way, and makes the one go
// wrong that is to. It is safe for use by several goroutines.
type fuse struct {
	mu    sync.Mutex
	armed bool
	fault fault
	calls map[string]int
	fired bool
	timer *time.Timer
}

func (f *fuse) arm(what fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed, f.fault, f.calls, f.fired = true, what, map[string]int{}, false
	if what.KillAfter > 0 {
		f.timer = time.AfterFunc(what.KillAfter, die)
	}
}

// disarm says whether it fired, and how often each point was passed.
func (f *fuse) disarm() (fired bool, calls map[string]int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer != nil && !f.timer.Stop() {
		select {} // it is dying already
	}
	f.armed, f.timer = false, nil
	return f.fired, maps.Clone(f.calls)
}

func (f *fuse) next(point string) mode {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.armed {
		return ""
	}
	f.calls[point]++
	if f.fired || point != f.fault.Point || f.calls[point] != f.fault.Nth {
		return ""
	}
	f.fired = true
	return f.fault.Mode
}

// around makes a call, or has it go wrong. certain is an error by which the
// port's contract says that nothing was done.
func (f *fuse) around(ctx context.Context, point string, certain error, effect func() error) error {
	switch f.next(point) {
	case killBefore:
		die()
	case killAfter:
		_ = effect()
		die()
	case failBefore:
		return fmt.Errorf("%w (injected)", certain)
	case failAfter:
		_ = effect()
		return errInjected
	case hangAfter:
		ctx, stop := context.WithTimeout(ctx, lost)
		defer stop()
		_ = effect()
		<-ctx.Done()
		return ctx.Err()
	}
	return effect()
}

// step is rotation.Config.Hook.
func (f *fuse) step(name string) {
	if f.next(atStep+name) != "" {
		die()
	}
}

// die is what kill -9 does: nothing is closed, flushed or said.
func die() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}
