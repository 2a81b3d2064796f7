package store

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

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
	if q.Names != nil {
		db = db.Where("key IN ?", q.Names)
	}
	db = db.Order("key").Session(&gorm.Session{})
	if q.Text != "" {
		people := []string{"primary_custodian", "backup_custodian", "holder"}
		keys, err := s.matching(db.Table("credentials"), q.Text, q.Limit, people, textTo(q.KnownTo, people, "address"), textTo(q.KnownTo, people, "account"))
		if err != nil {
			return nil, err
		}
		return credentials.findKeys(db, keys)
	}
	if q.Limit > 0 {
		db = db.Limit(q.Limit)
	}
	return credentials.findKnown(db)
}

// matching gives the keys of the first rows in whose text everything is found that was
// typed: see package search. The text is the key, the people in some columns with what
// they are called, and what else is selected. limit 0: all of them.
func (s *Store) matching(rows *gorm.DB, typed string, limit int, people []string, texts ...clause.Expr) ([]string, error) {
	names, err := s.called(rows.Statement.Context)
	if err != nil {
		return nil, err
	}
	columns, args := append([]string{"key"}, people...), []any{}
	for _, text := range texts {
		columns, args = append(columns, text.SQL), append(args, text.Vars...)
	}
	found, err := rows.Select(strings.Join(columns, ", "), args...).Rows()
	if err != nil {
		return nil, unavailable("search", err)
	}
	defer found.Close()
	values := make([]string, 1+len(people)+len(texts))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	var keys []string
	for found.Next() && (limit == 0 || len(keys) < limit) {
		if err := found.Scan(into...); err != nil {
			return nil, unavailable("search", err)
		}
		all := slices.Clone(values)
		for _, username := range values[1 : 1+len(people)] {
			all = append(all, names[username])
		}
		if search.In(typed, all...) {
			keys = append(keys, values[0])
		}
	}
	return keys, unavailable("search", found.Err())
}

// called gives what everybody is called, by username.
func (s *Store) called(ctx context.Context) (map[string]string, error) {
	var rows []struct{ Key, Name string }
	if err := s.reader.WithContext(ctx).Table("people").Select("key, name").Find(&rows).Error; err != nil {
		return nil, unavailable("read what people are called", err)
	}
	names := make(map[string]string, len(rows))
	for _, r := range rows {
		names[r.Key] = r.Name
	}
	return names, nil
}

// textOf gives the text of a note in a column; where it is gone, none.
func textOf(column string) string {
	return "coalesce((SELECT text FROM ledger_texts WHERE commitment = " + column + " LIMIT 1), '')"
}

// textTo is textOf for somebody who learns it only where one of some columns names them;
// "": everywhere.
func textTo(person string, columns []string, column string) clause.Expr {
	if person == "" {
		return gorm.Expr(textOf(column))
	}
	return gorm.Expr("CASE WHEN ? IN ("+strings.Join(columns, ", ")+") THEN "+textOf(column)+" ELSE '' END", person)
}

// CustodyCounts gives one for each pair and holder.
func (s *Store) CustodyCounts(ctx context.Context) ([]desk.CustodyCount, error) {
	var counts []desk.CustodyCount
	err := s.reader.WithContext(ctx).Table("credentials").
		Select("primary_custodian AS \"primary\", backup_custodian AS backup, holder, count(*) AS count").
		Where("phase IN ?", []custody.Phase{custody.Held, custody.Rotating, custody.Parked}).
		Group("primary_custodian, backup_custodian, holder").Scan(&counts).Error
	return counts, unavailable("count the credentials", err)
}
