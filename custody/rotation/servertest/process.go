package servertest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Patience bounds the wait for any one change of a server's state: on a machine that is
// shared with much else a server gets no processor for a while.
const Patience = 3 * time.Minute

const interval = 20 * time.Millisecond // between two looks at it

// Process is a server that was started and is waited for.
type Process struct {
	Ended <-chan struct{} // closed when it is gone

	handle *os.Process
}

// Start starts the command. The goroutine that does keeps its thread for as
// long as the child lives: the kernel kills the child when that thread ends
// (prctl(2), PR_SET_PDEATHSIG), which then is when the test process does.
func Start(cmd *exec.Cmd) (*Process, error) {
	dieWithParent(cmd)
	ended, started := make(chan struct{}), make(chan error)
	p := &Process{Ended: ended}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		p.handle = cmd.Process
		started <- err
		if err == nil {
			_ = cmd.Wait() // it is told to end: its status says nothing
			close(ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// PID gives the process's number.
func (p *Process) PID() int { return p.handle.Pid }

// Await returns when the server answers. Its error, when the server ends first or
// never does, has the last of what ask gave.
func (p *Process) Await(ask func() error) error {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	var last error
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		select {
		case <-p.Ended:
			return struct{}{}, backoff.Permanent(errors.New("it has ended"))
		default:
			last = ask()
			return struct{}{}, last
		}
	}, backoff.WithBackOff(backoff.NewConstantBackOff(interval)))
	if err != nil {
		return errors.Join(err, last)
	}
	return nil
}

// End sends the signal, and returns when the process is gone.
func (p *Process) End(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := p.handle.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	select {
	case <-p.Ended:
	case <-time.After(Patience):
		_ = p.handle.Kill()
		t.Fatalf("the server goes on after a signal to end (%v)", signal)
	}
}
