package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// People gives everybody, by username.
func (s *Store) People(ctx context.Context) ([]custody.Person, error) {
	return people.findKnown(s.reader.WithContext(ctx).Order("key"))
}

// Person gives one person, or desk.ErrNotFound.
func (s *Store) Person(ctx context.Context, username string) (custody.Person, error) {
	return only(people.findKnown(s.reader.WithContext(ctx).Where("key = ?", username)))
}

// Credentials gives every credential, the retired ones too, by name.
func (s *Store) Credentials(ctx context.Context) ([]custody.Credential, error) {
	return credentials.findKnown(s.reader.WithContext(ctx).Order("key"))
}

// Credential gives one credential, or desk.ErrNotFound.
func (s *Store) Credential(ctx context.Context, name string) (custody.Credential, error) {
	return only(credentials.findKnown(s.reader.WithContext(ctx).Where("key = ?", name)))
}

// Handovers gives the handovers that fit, the newest first: of those offered at one
// instant, the one that was counted last.
func (s *Store) Handovers(ctx context.Context, q desk.HandoverQuery) ([]custody.Handover, error) {
	db := s.reader.WithContext(ctx)
	if len(q.Status) > 0 {
		db = db.Where("status IN ?", q.Status)
	}
	for _, person := range []string{q.Person, q.Party} {
		if person != "" {
			db = db.Where(s.reader.Where("giver = ?", person).Or("receiver = ?", person))
		}
	}
	db = newestFirst(db, "handovers", "handovers", "offered_at", q.Before).Session(&gorm.Session{})
	if q.Text == "" {
		return handovers.findKnown(db.Limit(page(q.Limit)))
	}
	parties := []string{"giver", "receiver"}
	keys, err := s.matching(db.Table("handovers"), q.Text, page(q.Limit), parties, textTo(q.KnownTo, parties, "reason"), gorm.Expr("credentials"))
	if err != nil {
		return nil, err
	}
	return handovers.findKeys(db, keys)
}

// newestFirst orders rows by an instant and their counted keys, and begins behind one of
// them: the longer of two ids is the later one, as handover-10 comes after handover-9.
// listed is where both are read: the table, or an index that has them.
func newestFirst(db *gorm.DB, table, listed, instant, before string) *gorm.DB {
	key := listed + ".key"
	instantOf := listed + "." + instant
	if before != "" {
		db = db.Where(instantOf+" <= (SELECT "+instant+" FROM "+table+" WHERE key = ?)", before).
			Where("("+instantOf+", length("+key+"), "+key+") < (SELECT "+instant+", length(key), key FROM "+table+" WHERE key = ?)", before)
	}
	return db.Order(instantOf + " DESC, length(" + key + ") DESC, " + key + " DESC")
}

// Handover gives one handover, or desk.ErrNotFound.
func (s *Store) Handover(ctx context.Context, id string) (custody.Handover, error) {
	return only(handovers.findKnown(s.reader.WithContext(ctx).Where("key = ?", id)))
}

// Proposals gives the proposals that fit, the newest first.
func (s *Store) Proposals(ctx context.Context, q desk.ProposalQuery) ([]custody.Proposal, error) {
	db := s.reader.WithContext(ctx)
	if q.Open {
		db = db.Where("status = ?", custody.Open)
	}
	if q.Requester != "" {
		db = db.Where("requester = ?", q.Requester)
	}
	if q.IDs != nil {
		db = db.Where("key IN ?", q.IDs)
	}
	return proposals.findKnown(newestFirst(db, "proposals", "proposals", "opened_at", q.Before).Limit(page(q.Limit)))
}

// Proposal gives one proposal, or desk.ErrNotFound.
func (s *Store) Proposal(ctx context.Context, id string) (custody.Proposal, error) {
	return only(proposals.findKnown(s.reader.WithContext(ctx).Where("key = ?", id)))
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
