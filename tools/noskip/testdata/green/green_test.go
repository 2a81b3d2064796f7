package green

import "testing"

func TestPasses(t *testing.T) { t.Log("nobody needs to read this") }
