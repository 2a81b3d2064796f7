package envelope

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
)

// ending is what the name of each envelope ends with.
const ending = ".envelope"

// marker is a file that is in a folder in use: a folder without it, where envelopes should
// be, is the empty place of a disk that is not mounted.
const (
	marker     = "TANDEM-ENVELOPES.txt"
	markerText = "Envelopes of Tandem are kept here. Where this folder moves, this file and all others go along.\n"
)

// What can be wrong with a folder, or with a file in it.
var (
	ErrFolderMissing = errors.New("the folder is not there, or empty where it should not be")
	ErrFolderLink    = errors.New("the folder is a symbolic link: name the folder itself")
	ErrFull          = errors.New("the folder has no room left")
	ErrNotWritable   = errors.New("the folder cannot be written to")
	ErrFileMissing   = errors.New("an envelope is not there any more")
	ErrFileChanged   = errors.New("an envelope is not what was written")
)

// Folder is where envelopes are: another disk, or a mount.
type Folder struct {
	Path string
}

// Digest is what a ledger has of a file: the SHA-256 of its content, in hex.
func Digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// open opens the folder. used says that it has been used before, and so has its marker;
// otherwise it gets one.
func (f Folder) open(used bool) (*os.Root, error) {
	info, err := os.Lstat(f.Path)
	switch {
	case err != nil:
		return nil, failure(err, ErrFolderMissing)
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, ErrFolderLink
	case !info.IsDir():
		return nil, ErrFolderMissing
	}
	root, err := os.OpenRoot(f.Path)
	if err != nil {
		return nil, failure(err, ErrFolderMissing)
	}
	now, err := root.Stat(".")
	if err == nil && !os.SameFile(info, now) { // exchanged between the two looks
		err = ErrFolderLink
	}
	if err == nil {
		err = marked(root, used)
	}
	if err != nil {
		root.Close()
		return nil, failure(err, ErrFolderMissing)
	}
	return root, nil
}

func marked(root *os.Root, used bool) error {
	_, err := root.Lstat(marker)
	if used || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return replace(root, marker, []byte(markerText))
}

// Ready says whether the folder is there to be written to, as far as that shows before. used
// says that it should have envelopes already.
func (f Folder) Ready(used bool) error {
	root, err := f.open(used)
	if err != nil {
		return err
	}
	return root.Close()
}

// Write puts a file in the folder, in place of one of that name that a crash left. When it
// returns nil the file survives a loss of power; with an error the folder has the file that
// it had. used is as of Ready. Its errors are those of this package, or of a disk.
func (f Folder) Write(name string, content []byte, used bool) error {
	root, err := f.open(used)
	if err != nil {
		return err
	}
	defer root.Close()
	return failure(replace(root, name, content), ErrFolderMissing)
}

func replace(root *os.Root, name string, content []byte) error {
	beside := ".tandem-" + rand.Text()
	file, err := root.OpenFile(beside, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = root.Rename(beside, name)
	}
	if err != nil {
		_ = root.Remove(beside)
		return err
	}
	folder, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Check says whether a file is what was written: nil, ErrFileMissing, ErrFileChanged, or
// what is wrong with the folder. A link in its place is another file.
func (f Folder) Check(name, digest string) error {
	root, err := f.open(true)
	if err != nil {
		return err
	}
	defer root.Close()
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ErrFileMissing
	case err != nil:
		return failure(err, ErrFolderMissing)
	case !info.Mode().IsRegular() || info.Size() > MaxSize:
		return ErrFileChanged
	}
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return failure(err, ErrFileMissing)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, MaxSize+1))
	switch {
	case err != nil:
		return err
	case Digest(content) != digest:
		return ErrFileChanged
	}
	return nil
}

// List gives the names of all envelopes in the folder, in order.
func (f Folder) List() (names []string, err error) {
	root, err := f.open(true)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	folder, err := root.Open(".")
	if err != nil {
		return nil, failure(err, ErrFolderMissing)
	}
	defer folder.Close()
	all, err := folder.Readdirnames(-1)
	for _, name := range all {
		if strings.HasSuffix(name, ending) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, err
}

// failure puts an error of the system under one of this package, where it is one of those
// that somebody can put right.
func failure(err, missing error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrFolderMissing), errors.Is(err, ErrFolderLink):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("%w: %w", ErrFull, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", ErrNotWritable, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: %w", missing, err)
	}
	return err
}
