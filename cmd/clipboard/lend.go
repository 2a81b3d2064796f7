package clipboard

import (
	"context"
	"fmt"
	"time"

	"github.com/atotto/clipboard"
)

// Lacking says that this machine has none.
func Lacking() bool { return clipboard.Unsupported }

// Lend puts a password on the clipboard, calls there, and takes it off again after a while,
// or when ctx ends: also when the person does not want to wait. What is on it by then and
// is another's stays. otherwise says what to do where the clipboard does not work.
func Lend(ctx context.Context, password string, keep time.Duration, otherwise string, there func() error) error {
	if err := clipboard.WriteAll(password); err != nil {
		return fmt.Errorf("the clipboard does not work (%w): %s", err, otherwise)
	}
	defer func() {
		if now, err := clipboard.ReadAll(); err == nil && now == password {
			_ = clipboard.WriteAll("")
		}
	}()
	if err := there(); err != nil {
		return err
	}
	select {
	case <-time.After(keep):
	case <-ctx.Done():
	}
	return nil
}
