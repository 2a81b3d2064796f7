package follow_test

import (
	"testing"

	"github.com/tandem-custody/tandem/custody/follow"
	"github.com/tandem-custody/tandem/custody/follow/followtest"
)

func TestPlacesInMemory(t *testing.T) {
	places := new(followtest.Places)
	followtest.Conform(t, func(*testing.T) follow.Places { return places })
}
