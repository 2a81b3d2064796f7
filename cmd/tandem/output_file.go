package main

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// fsync is what makes an output last. Tests look at what it is called with.
var fsync = (*os.File).Sync

// maxLinks is how many symbolic links may lead to an output: what Linux allows.
const maxLinks = 40

// descriptors are the names under which the system shows a process its own open
// files.
var descriptors = regexp.MustCompile(`^(?:/dev/fd|/proc/self/fd)/([0-9]+)$`)

// writeOut writes what a person names as an output. A file is written whole or not
// at all, lasts through a power cut, and is readable for its owner only; links
// are followed and stay. What is no regular file, as a pipe or a device, is
// written into: it is never replaced, and what failed half-way was half-written.
func writeOut(path string, write func(io.Writer) error) error {
	if number, is := descriptor(path); is {
		return writeDescriptor(number, path, write)
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return replace(path, write)
	}
	// The system says what the name leads to and whether we may follow it there,
	// which it does not allow for a stranger's link in a folder like /tmp.
	made := false
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) { // a link to nothing yet
		made = true
		file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	}
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		return errors.Join(writeBuffered(file, write), file.Close())
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	target, err := follow(path)
	if err == nil {
		err = replace(target, write)
	}
	if err != nil && made {
		err = errors.Join(err, os.Remove(target))
	}
	return err
}

// writeDurably is writeOut for what is at hand.
func writeDurably(path string, content []byte) error {
	return writeOut(path, func(w io.Writer) error { _, err := w.Write(content); return err })
}

// replace puts a new file where the old one is, or none.
func replace(path string, write func(io.Writer) error) error {
	folder := filepath.Dir(path)
	temporary, err := os.CreateTemp(folder, ".tandem-*") // whose mode is 0600
	if err != nil {
		return err
	}
	if err := errors.Join(writeBuffered(temporary, write), fsync(temporary), temporary.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return syncFolder(folder)
}

func writeBuffered(to io.Writer, write func(io.Writer) error) error {
	buffered := bufio.NewWriter(to)
	return errors.Join(write(buffered), buffered.Flush())
}

// follow gives where the last of a chain of links leads to.
func follow(path string) (string, error) {
	for range maxLinks {
		target, err := os.Readlink(path)
		if errors.Is(err, syscall.EINVAL) { // it is no link
			return path, nil
		}
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return "", &fs.PathError{Op: "follow", Path: path, Err: syscall.ELOOP}
}

// descriptor gives the number of the open file that a path names.
func descriptor(path string) (number int, is bool) {
	switch path {
	case "/dev/stdout":
		return 1, true
	case "/dev/stderr":
		return 2, true
	}
	match := descriptors.FindStringSubmatch(path)
	if match == nil {
		return 0, false
	}
	number, err := strconv.Atoi(match[1])
	return number, err == nil
}

// writeDescriptor goes on behind what was written to an open file before: to open
// it once more would begin at its start.
func writeDescriptor(number int, path string, write func(io.Writer) error) error {
	own, err := syscall.Dup(number)
	if err != nil {
		return &fs.PathError{Op: "write", Path: path, Err: err}
	}
	file := os.NewFile(uintptr(own), path)
	return errors.Join(writeBuffered(file, write), file.Close())
}

// syncFolder makes a rename in the folder last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(fsync(folder), folder.Close())
}
