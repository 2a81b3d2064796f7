package store

import (
	"testing"

	"github.com/tandem-custody/tandem/custody/follow"
	"github.com/tandem-custody/tandem/custody/follow/followtest"
)

func TestPlacesOfFollowers(t *testing.T) {
	s := newScribe(t)
	followtest.Conform(t, func(t *testing.T) follow.Places { return s.open(t) })
}
