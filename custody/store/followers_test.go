package store

import (
	"testing"

	"github.com/tandem-custody/tandem/custody/follow"
	"github.com/tandem-custody/tandem/custody/follow/followtest"
)

func TestPlacesOfFollowers(t *testing.T) { onBoth(t, placesOfFollowersOnBoth) }

func placesOfFollowersOnBoth(t *testing.T, on engine) {
	s := newScribe(t, on)
	followtest.Conform(t, func(t *testing.T) follow.Places { return s.open(t) })
}
