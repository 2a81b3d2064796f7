package hook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
)

const (
	// programs is the PATH of a command, whatever Tandem's own is.
	programs = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

	// handOver is how long the rest of a password may take to be read once the
	// command has ended: by then only what it started can be reading.
	handOver = time.Second
)

// Command is a rotation.Dependent that a program on this machine tells.
type Command struct {
	argv    []string
	timeout time.Duration
}

var _ rotation.Dependent = (*Command)(nil)

// NewCommand is for a program, by its absolute path, and its arguments. It has at
// most timeout; zero: as long as its caller.
func NewCommand(argv []string, timeout time.Duration) (*Command, error) {
	if len(argv) == 0 || !filepath.IsAbs(argv[0]) {
		return nil, errors.New("hook: a command begins with the absolute path of a program")
	}
	return &Command{argv, timeout}, nil
}

// Update is as rotation.Dependent has it.
func (c *Command) Update(ctx context.Context, of custody.Credential, current custody.Secret) error {
	ctx, cancel := within(ctx, c.timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return err
	}
	target, known := of.Target.Plain()
	if !known {
		return rotation.ErrNoAddress
	}
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Dir = "/"
	cmd.Env = []string{
		"PATH=" + programs,
		"TANDEM_CREDENTIAL=" + of.Name,
		"TANDEM_KIND=" + target.Kind,
		"TANDEM_ADDRESS=" + target.Address,
		"TANDEM_ACCOUNT=" + target.Account,
		"TANDEM_VERSION=" + strconv.FormatInt(of.Version, 10),
	}
	cmd.Stdin = bytes.NewReader(append(current.Bytes(), '\n'))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid) }
	cmd.WaitDelay = handOver
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("the command could not be started: %w", err)
	}
	err := cmd.Wait()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%w: the command was killed: %w", rotation.ErrUnreachable, ctx.Err())
	case errors.Is(err, exec.ErrWaitDelay):
		return errors.New("the command ended before all of the password was read")
	}
	return fmt.Errorf("%w: the command ended with %s", rotation.ErrDeclined, cmd.ProcessState)
}

// killGroup ends a process, while it is waited for, and all that it started and
// that did not leave its group. No signal that could be ignored comes first: to
// be told again is harmless, and time is over.
func killGroup(leader int) error {
	err := syscall.Kill(-leader, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// within adds a limit to a context's own; zero: none.
func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, limit)
}
