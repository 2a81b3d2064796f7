package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/search"
)

// FindCredentials gives the credentials that fit, by name.
func (s *Store) FindCredentials(ctx context.Context, q desk.CredentialQuery) ([]custody.Credential, error) {
	db := s.reader.WithContext(ctx).Where("key > ?", q.After)
	if q.Person != "" {
		db = db.Where("? IN (primary_custodian, backup_custodian, holder)", q.Person)
	}
	if q.Phase != "" {
		db = db.Where("phase = ?", q.Phase)
	}
	if q.Text != "" {
		db = finding(db, q.Text, "key || char(10) || "+textOf("address")+" || char(10) || "+textOf("account")+
			" || char(10) || primary_custodian || char(10) || backup_custodian || char(10) || holder"+
			" || char(10) || "+calledOf("primary_custodian, backup_custodian, holder"))
	}
	if q.Names != nil {
		db = db.Where("key IN ?", q.Names)
	}
	if q.Limit > 0 {
		db = db.Limit(q.Limit)
	}
	return credentials.findKnown(db.Order("key"))
}

// finding selects rows in whose text everything is found that was typed: see
// package search.
func finding(db *gorm.DB, typed, text string) *gorm.DB {
	for _, word := range search.Words(typed) {
		db = db.Where("instr(folded("+text+"), ?) > 0", word)
	}
	return db
}

// calledOf gives the names of the people in some columns, as a text.
func calledOf(usernames string) string {
	return "coalesce((SELECT group_concat(people.name, char(10)) FROM people WHERE people.key IN (" + usernames + ")), '')"
}

// textOf gives the text of a note in a column; where it is gone, none.
func textOf(column string) string {
	return "coalesce((SELECT text FROM ledger_texts WHERE commitment = " + column + "), '')"
}

// CustodyCounts gives one for each pair and holder.
func (s *Store) CustodyCounts(ctx context.Context) ([]desk.CustodyCount, error) {
	var counts []desk.CustodyCount
	err := s.reader.WithContext(ctx).Table("credentials").
		Select("primary_custodian AS `primary`, backup_custodian AS backup, holder, count(*) AS count").
		Where("phase IN ?", []custody.Phase{custody.Held, custody.Rotating}).
		Group("primary_custodian, backup_custodian, holder").Scan(&counts).Error
	return counts, unavailable("count the credentials", err)
}
