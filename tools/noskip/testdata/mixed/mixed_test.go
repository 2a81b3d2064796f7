package mixed

import (
	"fmt"
	"testing"
)

func TestPasses(t *testing.T) { t.Log("nobody needs to read this") }

func TestFails(t *testing.T) {
	t.Run("in part", func(t *testing.T) { t.Error("two is not three") })
	t.Run("not at all", func(t *testing.T) { t.Log("nor this") })
	fmt.Println("printed while it failed")
}

func TestSkips(t *testing.T) {
	t.Run("in part", func(t *testing.T) { t.Skip("needs the moon") })
}
