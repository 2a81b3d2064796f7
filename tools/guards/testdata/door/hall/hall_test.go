// Package hall is behind the door, and its tests come by it.
package hall

import (
	"testing"

	"door"
)

func TestNobodyComesInAtLunch(t *testing.T) {
	if door.Open("ada", true, true, 13) == nil {
		t.Error("somebody comes in")
	}
}
