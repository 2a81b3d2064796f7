package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tandem-custody/tandem/custody/desk"
)

// place remembers which files were opened. SQLite goes on writing into a file that
// has been deleted or replaced: what it commits there is lost when the process
// ends, and whoever opens the path meanwhile sees another history.
type place struct {
	files map[string]fs.FileInfo // by path
}

// here remembers the files of a database that is open, its write-ahead log
// included: neither gets another inode while a connection is open.
func here(path string) (*place, error) {
	p := &place{files: map[string]fs.FileInfo{}}
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		p.files[name] = info
	}
	return p, nil
}

// check says whether the open files are those at the paths: an error wraps
// desk.ErrStoreReplaced. The open file keeps its inode, so no other file can have it.
func (p *place) check() error {
	if p == nil {
		return nil // it is only read
	}
	for name, opened := range p.files {
		switch now, err := os.Stat(name); {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%w: %s was deleted or moved away while it was open", desk.ErrStoreReplaced, name)
		case err != nil:
			return fmt.Errorf("%w: %w", desk.ErrStoreUnavailable, err)
		case !os.SameFile(opened, now):
			return fmt.Errorf("%w: %s is another file than the one that is open", desk.ErrStoreReplaced, name)
		}
	}
	return nil
}

// What must be free for commits to go on for a while. A commit takes some
// kilobytes, and the write-ahead log grows to 4 MiB before it is taken in.
const (
	minFreeBytes  = 16 << 20
	minFreeInodes = 16
)

// checkRoom says whether the database's file system has room: an error wraps
// desk.ErrDiskFull. Some file systems do not count inodes, and say 0 of 0.
func checkRoom(path string) error {
	var fsys syscall.Statfs_t
	folder := filepath.Dir(path)
	if err := syscall.Statfs(folder, &fsys); err != nil {
		return fmt.Errorf("%w: %s: %w", desk.ErrStoreUnavailable, folder, err)
	}
	if free := fsys.Bavail * uint64(fsys.Bsize); free < minFreeBytes {
		return fmt.Errorf("%w: %s has %d KiB left", desk.ErrDiskFull, folder, free>>10)
	}
	if fsys.Files > 0 && fsys.Ffree < minFreeInodes {
		return fmt.Errorf("%w: %s has %d inodes left", desk.ErrDiskFull, folder, fsys.Ffree)
	}
	return nil
}
