package vaulttest

import (
	"os"
	"os/exec"
	"runtime"
	"time"
)

// process is a child that was started and that is waited for.
type process struct {
	handle *os.Process
	ended  chan struct{} // closed when the child is gone
	err    error         // what Wait said; read it after ended
}

// startProcess starts the command and waits for its end in the background.
//
// The kernel sends the parent-death signal when the THREAD that started the child ends, not the process (prctl(2),
// PR_SET_PDEATHSIG). So one goroutine is locked to its thread from the start to the end of the child: the thread then
// lives exactly as long as the child, unless the test process dies first.
func startProcess(cmd *exec.Cmd) (*process, error) {
	dieWithParent(cmd)
	p := &process{ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		p.handle = cmd.Process
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// signal sends s and says whether the child was gone within the limit. A child that is gone already is no error.
func (p *process) signal(s os.Signal, limit time.Duration) bool {
	_ = p.handle.Signal(s) // fails only if the child has ended, which is what is wanted
	select {
	case <-p.ended:
		killPlugins(p.handle.Pid)
		return true
	case <-time.After(limit):
		return false
	}
}
