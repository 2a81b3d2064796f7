package store

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// People gives everybody, by username.
func (s *Store) People(ctx context.Context) ([]custody.Person, error) {
	return findKnown[personRow](s.reader.WithContext(ctx).Order("username"), "people")
}

// Person gives one person, or desk.ErrNotFound.
func (s *Store) Person(ctx context.Context, username string) (custody.Person, error) {
	return only(findKnown[personRow](s.reader.WithContext(ctx).Where("username = ?", username), "people"))
}

// Credentials gives every credential, the retired ones too, by name.
func (s *Store) Credentials(ctx context.Context) ([]custody.Credential, error) {
	return findKnown[credentialRow](s.reader.WithContext(ctx).Order("name"), "credentials")
}

// Unfinished gives the credentials that the rotation worker has something to do
// for, by name: those in the phase rotating, and those of which a dependent does
// not have the password yet. The worker asks after every commit: to read all 256
// of an office for that was a tenth of what a check-out cost.
func (s *Store) Unfinished(ctx context.Context) ([]custody.Credential, error) {
	const unfinished = "phase = 'rotating' OR updates <> '[]'" // as the index has it
	return findKnown[credentialRow](s.reader.WithContext(ctx).Where(unfinished).Order("name"), "credentials")
}

// Credential gives one credential, or desk.ErrNotFound.
func (s *Store) Credential(ctx context.Context, name string) (custody.Credential, error) {
	return only(findKnown[credentialRow](s.reader.WithContext(ctx).Where("name = ?", name), "credentials"))
}

// Handovers gives the handovers that fit, the newest first: of those offered at one
// instant, the one that was counted last.
func (s *Store) Handovers(ctx context.Context, q desk.HandoverQuery) ([]custody.Handover, error) {
	db := s.reader.WithContext(ctx)
	if len(q.Status) > 0 {
		db = db.Where("status IN ?", q.Status)
	}
	if q.Person != "" {
		db = db.Where(s.reader.Where("giver = ?", q.Person).Or("receiver = ?", q.Person))
	}
	if q.Text != "" {
		db = finding(db, q.Text, "id || char(10) || giver || char(10) || receiver || char(10) || "+textOf("reason")+" || char(10) || credentials || char(10) || "+calledOf("giver, receiver"))
	}
	if q.Before != "" { // the longer of two ids is the later one: handover-10 comes after handover-9
		db = db.Where("offered_at <= (SELECT offered_at FROM handovers WHERE id = ?)", q.Before).
			Where("(offered_at, length(id), id) < (SELECT offered_at, length(id), id FROM handovers WHERE id = ?)", q.Before)
	}
	return findKnown[handoverRow](db.Order("offered_at DESC, length(id) DESC, id DESC").Limit(page(q.Limit)), "handovers")
}

// Handover gives one handover, or desk.ErrNotFound.
func (s *Store) Handover(ctx context.Context, id string) (custody.Handover, error) {
	return only(findKnown[handoverRow](s.reader.WithContext(ctx).Where("id = ?", id), "handovers"))
}

// only gives the one value that was looked for.
func only[V any](found []V, err error) (V, error) {
	var none V
	switch {
	case err != nil:
		return none, err
	case len(found) == 0:
		return none, desk.ErrNotFound
	}
	return found[0], nil
}
