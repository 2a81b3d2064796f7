package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/tandem-custody/tandem/api"
)

// TestOneFileForBothSecrets: an account that is administered with its own password was
// added with one of the two only, when both flags named the same file.
func TestOneFileForBothSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "root")
	if err := os.WriteFile(file, []byte("Correct-Horse-9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, named := range []secretFiles{{file, file}, {password: file}, {key: file}, {}} {
		var password, key api.Secret
		if err := named.read(&password, &key); err != nil {
			t.Fatal(err)
		}
		if read := (password == "Correct-Horse-9"); read != (named.password != "") {
			t.Errorf("%+v: the password was read: %t", named, read)
		}
		if read := (key == "Correct-Horse-9"); read != (named.key != "") {
			t.Errorf("%+v: the key was read: %t", named, read)
		}
	}
	var password, key api.Secret
	if err := (secretFiles{file, file + ".missing"}).read(&password, &key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: got %v", err)
	}
}
