package sshtest

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// process is a child that was started and is waited for.
type process struct {
	handle *os.Process
	ended  chan struct{} // closed when the child is gone
}

// start starts the command. The goroutine that does keeps its thread for as
// long as the child lives: the kernel kills the child when that thread ends
// (prctl(2), PR_SET_PDEATHSIG), which then is when the test process does.
func start(cmd *exec.Cmd) (*process, error) {
	dieWithParent(cmd)
	p := &process{ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		p.handle = cmd.Process
		started <- err
		if err == nil {
			_ = cmd.Wait() // it is killed: its status says nothing
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) kill(limit time.Duration) error {
	if err := p.handle.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(limit):
		return errors.New("it goes on after a kill")
	}
}
