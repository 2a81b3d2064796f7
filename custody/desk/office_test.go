package desk_test

import (
	"testing"

	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/store/storetest/postgrestest"
)

// office is that of desktest, with what these tests do in it.
type office struct{ *desktest.Office }

func TestMain(m *testing.M) { postgrestest.Main(m) }

// newOffice has an admin and two technicians; tech-a holds "db01".
func newOffice(t *testing.T, edits ...func(*desk.Config)) *office {
	t.Helper()
	return &office{desktest.New(t, edits...)}
}

func emptyOffice(t *testing.T, edits ...func(*desk.Config)) *office {
	t.Helper()
	return &office{desktest.Empty(t, edits...)}
}

func newOfficeOn(t *testing.T, on desktest.Engine, edits ...func(*desk.Config)) *office {
	t.Helper()
	return &office{desktest.NewOn(t, on, edits...)}
}

func emptyOfficeOn(t *testing.T, on desktest.Engine, edits ...func(*desk.Config)) *office {
	t.Helper()
	return &office{desktest.EmptyOn(t, on, edits...)}
}

const period = desktest.Period

var (
	unique = desktest.Unique
	seedOf = desktest.SeedOf
)
