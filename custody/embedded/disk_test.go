package embedded

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody/desk"
)

// TestReadyAsksForRoom: for the file twice, and for what is written beside it.
func TestReadyAsksForRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets")
	if err := checkFolder(path, 1<<10); err != nil {
		t.Fatal(err)
	}
	if err := checkFolder(path, 1<<60); !errors.Is(err, desk.ErrSecretsUnavailable) || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("more than any disk has: %v", err)
	}
	if err := checkFolder(filepath.Join(path, "none", "secrets"), 1<<10); !errors.Is(err, desk.ErrSecretsUnavailable) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
