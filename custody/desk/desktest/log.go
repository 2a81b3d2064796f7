package desktest

import (
	"bytes"
	"strings"
	"sync"
)

// Log is what was logged, which can be read while it grows.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write is as io.Writer has it.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String gives all of it.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Count gives how often it says something.
func (l *Log) Count(what string) int { return strings.Count(l.String(), what) }
