// Package play goes through the whole policy by itself, as three people would who sit
// at a demo: it logs in, checks out, hands over and takes back over HTTP, tries the
// passwords at the SSH server, and says at each step what it expected and what it saw.
//
// It is a client like any other: it knows what the API and that server say, and
// nothing of how they do it.
package play
