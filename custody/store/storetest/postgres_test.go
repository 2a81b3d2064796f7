package storetest

import (
	"testing"

	"github.com/tandem-custody/tandem/custody/store/storetest/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

func TestPostgres(t *testing.T) {
	Conform(t, func(t *testing.T) Store { return openAt(t, postgrestest.New(t)) })
}

func TestTwoOnPostgres(t *testing.T) {
	var at string
	ConformTwo(t,
		func(t *testing.T) Store {
			at = postgrestest.New(t)
			return openAt(t, at)
		},
		func(t *testing.T) Store { return openAt(t, at) })
}
