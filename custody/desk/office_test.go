package desk_test

import (
	"testing"

	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// office is that of desktest, with what these tests do in it.
type office struct{ *desktest.Office }

// newOffice has an admin and two technicians; tech-a holds "db01".
func newOffice(t *testing.T, edits ...func(*desk.Config)) *office {
	t.Helper()
	return &office{desktest.New(t, edits...)}
}

func emptyOffice(t *testing.T, edits ...func(*desk.Config)) *office {
	t.Helper()
	return &office{desktest.Empty(t, edits...)}
}

const period = desktest.Period

var (
	unique = desktest.Unique
	seedOf = desktest.SeedOf
)
