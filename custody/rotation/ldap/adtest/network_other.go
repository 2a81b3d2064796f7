//go:build !linux

package adtest

import (
	"testing"

	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// network is of Linux only.
type network struct{ path string }

func newNetwork(t testing.TB) *network {
	servertest.Lack(t, "Linux: a network of its own")
	return nil
}

func (*network) carry(testing.TB, string) string { return "" }
