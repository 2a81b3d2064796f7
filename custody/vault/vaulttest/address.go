package vaulttest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

const (
	// Ports are taken from below the range that Linux (32768-60999) and the BSDs (49152-65535) hand out by
	// themselves, so that no client's connection can sit on the port of a server that is stopped for a while.
	firstPort = 20000
	slots     = 4000

	// A slot is three consecutive ports: Vault's API, its cluster listener (of a dev server: its own listener), and the
	// one that reserves the slot.
	portsPerSlot = 3
)

// reservePorts returns a loopback port for Vault's API such that the port after it, for the cluster listener, is free
// too. Both stay the test's own until it ends, also while the server is down and against other test processes: the
// third port of the slot is held by a listener of ours, which nobody connects to.
func reservePorts(t testing.TB) (port int) {
	t.Helper()
	for _, slot := range rand.Perm(slots) {
		port = firstPort + slot*portsPerSlot
		reservation, err := net.Listen("tcp", loopback(port+2))
		if err != nil {
			continue
		}
		if free(port) && free(port+1) {
			t.Cleanup(func() { reservation.Close() })
			return port
		}
		reservation.Close()
	}
	t.Fatalf("no free loopback ports from %d to %d", firstPort, firstPort+slots*portsPerSlot)
	return 0
}

func free(port int) bool {
	l, err := net.Listen("tcp", loopback(port))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
