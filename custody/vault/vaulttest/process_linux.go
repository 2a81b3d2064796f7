package vaulttest

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel end the child when the thread that starts it ends. SIGTERM, not SIGKILL: Vault then ends
// its plug-ins, which are processes of their own, too.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
}

// killPlugins kills what a killed Vault leaves of its process group.
func killPlugins(pid int) {
	_ = syscall.Kill(-pid, syscall.SIGKILL) // fails only if there is nothing left, which is what is wanted
}
