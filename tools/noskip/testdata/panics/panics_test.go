package panics

import "testing"

func TestPanics(t *testing.T) {
	t.Log("said before")
	panic("at the disco")
}
