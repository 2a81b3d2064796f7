package servertest

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

const logShown = 8 << 10 // bytes of the log's end that a failed test shows

// Service says how a server is run.
type Service struct {
	Name       string           // that messages call it by
	Command    func() *exec.Cmd // that runs it in the foreground
	Answers    func() error     // nil: it takes requests
	Log        string           // file
	LogsItself bool             // it opens Log; otherwise what it says goes there
	End        syscall.Signal   // on which it ends
}

// Daemon is a server that belongs to one test, and can be stopped and started again.
// Its methods fail that test if the server does not do what they say.
type Daemon struct {
	Process *Process // nil while stopped

	t       testing.TB
	service Service
}

// NewDaemon makes one that is not started yet. It ends with the test, which shows the
// end of its log if it failed.
func NewDaemon(t testing.TB, s Service) *Daemon {
	t.Helper()
	d := &Daemon{t: t, service: s}
	t.Cleanup(func() {
		d.Stop()
		if t.Failed() {
			t.Logf("end of the log of %s:\n%s", d.service.Name, d.logEnd())
		}
	})
	return d
}

// Start starts a stopped server, and returns when it answers.
func (d *Daemon) Start() {
	d.t.Helper()
	command := d.service.Command()
	if !d.service.LogsItself {
		log, err := os.OpenFile(d.service.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			d.t.Fatal(err)
		}
		defer log.Close() // the child has its own copy
		command.Stdout, command.Stderr = log, log
	}
	var err error
	if d.Process, err = Start(command); err != nil {
		d.t.Fatalf("start %s: %v", d.service.Name, err)
	}
	if err := d.Process.Await(d.service.Answers); err != nil {
		d.t.Fatalf("wait for %s: %v\n%s", d.service.Name, err, d.logEnd())
	}
}

// Stop ends the server. It does nothing to a stopped one.
func (d *Daemon) Stop() {
	d.t.Helper()
	if d.Process != nil {
		d.Process.End(d.t, d.service.End)
		d.Process = nil
	}
}

// Log gives all that the server has logged.
func (d *Daemon) Log() []byte {
	d.t.Helper()
	log, err := os.ReadFile(d.service.Log)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // before it has logged anything
		d.t.Fatal(err)
	}
	return log
}

func (d *Daemon) logEnd() []byte {
	log := d.Log()
	return log[max(0, len(log)-logShown):]
}
