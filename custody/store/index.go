package store

import "gorm.io/gorm"

// The index says who and what each entry is about: its actor, type and subject,
// and the credentials that it concerns. It follows the ledger a block at a time.
// Written with each entry, every actor and every credential of a batch touched a
// page of its own, and that took 20 µs of CPU for each command in batches of 64,
// three times the entry itself; a block at a time it takes 4. A query looks at
// the entries behind the last whole block one by one, 7 ms at most. Blocks of
// 1,024 made that 2 ms, and half as many pages again to write for each command.
// Another size needs the tables of a database rebuilt.
const blockSize = 4096

// indexed is how many entries of a ledger of this size are in the index.
func indexed(size int64) int64 { return size - size%blockSize }

// The kinds of names.
const (
	byType       = "type"
	byActor      = "actor"
	bySubject    = "subject"
	byCredential = "credential"
)

// indexEntries puts the entries [from, to) into the index. The tables must be
// at least at to.
func indexEntries(db *gorm.DB, from, to int64) error {
	if from == to {
		return nil
	}
	return execute(db, "index the ledger", "INSERT INTO ledger_index (kind, name, idx) "+namesOf, from, to)
}
