//go:build !linux

package vaulttest

import "os/exec"

// dieWithParent does nothing: only Linux has a parent-death signal. Elsewhere a server outlives a test process that
// was killed.
func dieWithParent(*exec.Cmd) {}

// killPlugins does nothing: a plug-in of a Vault that was killed goes on.
func killPlugins(int) {}
