package store

import (
	"fmt"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody"
)

// documentRow is a part of the state that there is one of.
type documentRow struct{ Key, Doc string }

func (documentRow) TableName() string { return "documents" }

func (r documentRow) key() string { return r.Key }

func (r documentRow) args(to []any) []any { return append(to, r.Key, r.Doc) }

func (r documentRow) value() (documentRow, error) { return r, nil }

func rowOfDocument(r documentRow) (documentRow, error) { return r, nil }

const policyDocument = "policy"

// documents gives what a fork changed of them; of a root, all.
func documents(s *custody.State) ([]documentRow, error) {
	p := s.PolicyChanged()
	if p == nil {
		return nil, nil
	}
	var e encoder
	return []documentRow{{policyDocument, e.json(*p)}}, e.err
}

func saveDocuments(db *gorm.DB, changed *custody.State) error {
	rows, err := documents(changed)
	if err != nil {
		return err
	}
	return save(db, upsertDocuments, rows, rowOfDocument)
}

func restoreDocuments(db *gorm.DB, state *custody.State) error {
	rows, err := find[documentRow](db, "documents")
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Key != policyDocument {
			return fmt.Errorf("store: unknown document %q", r.Key)
		}
		var d decoder
		var p custody.PolicyInForce
		if d.json(r.Doc, &p); d.err != nil {
			return fmt.Errorf("store: the policy in force: %w", d.err)
		}
		state.RestorePolicy(p)
	}
	return nil
}
