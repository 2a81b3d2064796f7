package web_test

import "testing"

// TestInstantsThatNobodyCanWrite: a day or a time behind the year 9999, where it is
// in UTC, is refused in words, on a page that is whole.
func TestInstantsThatNobodyCanWrite(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	b.post("/preferences", "language", "en", "zone", "Etc/GMT+12")
	const words = "must be in the years 1 to 9999"
	b.fill("/leave", "until", "9999-12-31T23:59", "reason", "x").shows(t, 422, words)
	for _, path := range []string{
		"/custody?at=9999-12-31", "/credentials/db01?at=9999-12-31&range=quarter", "/custody?at=0000-01-01",
		"/rotations?at=9999-12-31T23:59:59-12:00&of=1",
	} {
		b.get(path).shows(t, 422, words)
	}
	b.get("/custody?at=9998-12-31").shows(t, 200)
}
