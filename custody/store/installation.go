package store

import (
	"context"

	"github.com/tandem-custody/tandem/custody/desk"
)

// Binding gives what this database belongs together with: see desk.Store.
func (s *Store) Binding(ctx context.Context) (desk.Binding, error) {
	var b desk.Binding
	row := s.reader.Statement.ConnPool.QueryRowContext(ctx, "SELECT sentinel, origin, ledger_key, bound FROM installation")
	if err := row.Scan(&b.Sentinel, &b.Origin, &b.LedgerKey, &b.Bound); err != nil {
		return desk.Binding{}, unavailable("read what the database belongs to", err)
	}
	return b, nil
}

// Bind writes that, if the database still belongs to what was: see desk.Store.
func (s *Store) Bind(ctx context.Context, was, to desk.Binding) error {
	return s.write(ctx, "bind the database",
		"UPDATE installation SET sentinel = ?, origin = ?, ledger_key = ?, bound = ? WHERE sentinel = ? AND bound = ?",
		to.Sentinel, to.Origin, []byte(to.LedgerKey), to.Bound, was.Sentinel, was.Bound)
}

// Maintenance says why the database is in maintenance, "" when it is not.
func (s *Store) Maintenance(ctx context.Context) (why string, err error) {
	err = s.reader.Statement.ConnPool.QueryRowContext(ctx, "SELECT maintenance FROM installation").Scan(&why)
	return why, unavailable("read whether there is maintenance", err)
}

// SetMaintenance puts the database into maintenance, and takes it out for "".
func (s *Store) SetMaintenance(ctx context.Context, why string) error {
	return s.write(ctx, "set maintenance", "UPDATE installation SET maintenance = ?", why)
}

// ClockConfirmation gives what somebody on the host said of the clock: see
// desk.Store.
func (s *Store) ClockConfirmation(ctx context.Context) (c desk.ClockConfirmation, err error) {
	var at string
	row := s.reader.Statement.ConnPool.QueryRowContext(ctx, "SELECT clock_right, clock_size FROM installation")
	if err := row.Scan(&at, &c.Size); err != nil {
		return desk.ClockConfirmation{}, unavailable("read what was said of the clock", err)
	}
	if at != "" {
		c.At, err = parseInstant(at)
	}
	return c, err
}

// ConfirmClock keeps what somebody said of the clock; the zero one forgets it.
func (s *Store) ConfirmClock(ctx context.Context, c desk.ClockConfirmation) error {
	at := ""
	if !c.At.IsZero() {
		at = formatInstant(c.At)
	}
	return s.write(ctx, "say of the clock that it is right", "UPDATE installation SET clock_right = ?, clock_size = ?", at, c.Size)
}
