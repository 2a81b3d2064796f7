package embedded

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tandem-custody/tandem/custody/desk"
)

// lock holds PATH.lock until it is closed, or the process ends in whatever way.
// The file stays: to remove it could take the lock away from somebody who has it.
func lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", path, ErrInUse)
		}
		return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	return f, nil
}

// readPrivate reads a file of at most limit bytes that only its owner can read.
// It looks at the open file, not at the name, which could change meanwhile.
func readPrivate(path string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("%s: is a symbolic link", path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	switch owner, known := info.Sys().(*syscall.Stat_t); {
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: is not a regular file", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%s: others can use it (mode %04o): chmod 600", path, info.Mode().Perm())
	case known && owner.Uid != 0 && int(owner.Uid) != os.Geteuid():
		return nil, fmt.Errorf("%s: belongs to another user (uid %d)", path, owner.Uid)
	case info.Size() > limit:
		return nil, fmt.Errorf("%s: larger than %d bytes", path, limit)
	}
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// createPrivate is replacePrivate where nothing is yet.
func createPrivate(path string, content []byte) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
		}
		return err
	}
	return replacePrivate(path, content)
}

// replacePrivate puts content in the place of the file, readable by its owner
// only. When it returns nil the new content survives a loss of power; a crash
// before leaves the old file or the new one. One caller at a time for each path.
func replacePrivate(path string, content []byte) error {
	beside := path + ".tmp"
	// What a crash left there is of no use, and O_EXCL follows no planted link.
	if err := os.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(beside, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		_ = os.Remove(beside)
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename in the folder durable.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// checkFolder says whether a file of about this size could be written beside path
// now: an error wraps desk.ErrSecretsUnavailable. Some file systems do not count
// inodes, and say 0 of 0.
func checkFolder(path string, size int64) error {
	folder := filepath.Dir(path)
	var fsys syscall.Statfs_t
	err := syscall.Access(folder, 0x2|0x1) // W_OK, X_OK
	if err == nil {
		err = syscall.Statfs(folder, &fsys)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", desk.ErrSecretsUnavailable, &fs.PathError{Op: "write in", Path: folder, Err: err})
	case fsys.Bavail*uint64(fsys.Bsize) < uint64(2*size)+minFree:
		return fmt.Errorf("%w: the disk is full: %s has %d KiB left", desk.ErrSecretsUnavailable, folder, fsys.Bavail*uint64(fsys.Bsize)>>10)
	case fsys.Files > 0 && fsys.Ffree < 2:
		return fmt.Errorf("%w: the disk is full: %s has no inodes left", desk.ErrSecretsUnavailable, folder)
	}
	return nil
}

// minFree is what a change leaves free, in bytes, beside the file itself.
const minFree = 1 << 20
