package custody

import (
	"fmt"
	"hash/fnv"
	"time"
)

// expires is when the password has its greatest age; zero: never.
func (c Credential) expires() time.Time {
	if c.Policy.MaxAgeSeconds == 0 {
		return time.Time{}
	}
	return c.RotatedAt.Add(time.Duration(c.Policy.MaxAgeSeconds) * time.Second)
}

// ages is from when on the password is changed for its age, once nobody has it
// checked out: up to a tenth of the greatest age before that, so that a fleet
// that was taken in on one day is not changed on one day. Each credential has
// its own place in that tenth, and another one with each version.
func (c Credential) ages() time.Time {
	latest := c.expires()
	if latest.IsZero() {
		return latest
	}
	place := fnv.New32a()
	fmt.Fprintf(place, "%s/%d", c.Name, c.Version)
	early := int64(place.Sum32()) % (c.Policy.MaxAgeSeconds/10 + 1)
	return latest.Add(-time.Duration(early) * time.Second)
}

// tooOld says whether the password is to be changed now for its age.
func (c Credential) tooOld(now time.Time) bool {
	limit := c.ages()
	if c.Lease.ID != "" {
		limit = c.expires() // who works with it is not interrupted before
	}
	return !limit.IsZero() && !now.Before(limit)
}
