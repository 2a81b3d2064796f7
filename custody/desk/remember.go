package desk

import (
	"crypto/sha256"
	"fmt"

	"github.com/tandem-custody/tandem/custody"
)

// rememberPurpose is what the rows of idempotency keys are marked for: one that
// somebody wrote must not answer with what another was shown.
const rememberPurpose = "idempotency key"

// text is what such a row is marked for: whose key it is, what was asked for, and
// the very entries that it led to.
func (r Remembered) text(actor, key string, records [][]byte) []byte {
	led := sha256.New()
	for _, record := range records {
		fmt.Fprintf(led, "%d\n", len(record))
		led.Write(record)
	}
	return fmt.Appendf(nil, "%q\n%q\n%x\n%d %d\n%x\n", actor, key, r.Digest, r.First, r.Count, led.Sum(nil))
}

// remember keeps what an idempotency key stands for from now on.
func (b *batch) remember(c *call, indexed []Indexed) error {
	r := Remembered{Digest: c.by.Digest, Count: len(indexed), At: b.now}
	if len(indexed) > 0 {
		r.First = indexed[0].Index
	}
	records, _, err := b.ledTo(r)
	if err != nil {
		return err
	}
	if r.Mark, err = b.desk.mac(b.ctx, rememberPurpose, r.text(c.by.Actor, c.by.Key, records)); err != nil {
		return err
	}
	return b.tx.Remember(c.by.Actor, c.by.Key, r)
}

// ledTo gives the entries that a key led to, also those of this batch; false where
// there are none of these indices.
func (b *batch) ledTo(r Remembered) (records [][]byte, there bool, err error) {
	end := b.first + int64(len(b.appended))
	if r.Count < 0 || r.Count > maxBatch*maxBatch || r.Count > 0 && (r.First < 0 || r.First > end-int64(r.Count)) {
		return nil, false, nil
	}
	if before := min(b.first, r.First+int64(r.Count)); r.Count > 0 && r.First < before {
		if records, err = b.tx.Records(r.First, before); err != nil {
			return nil, false, err
		}
	}
	for i := r.First + int64(len(records)); i < r.First+int64(r.Count); i++ { // by an earlier command of this very batch
		records = append(records, b.appended[i-b.first].Record)
	}
	return records, true, nil
}

// replay answers a key that was used before from the entries it led to.
func (b *batch) replay(c *call, r Remembered) (Outcome, error) {
	records, there, err := b.ledTo(r)
	if err != nil {
		return Outcome{}, &storeError{err}
	}
	genuine := false
	if there {
		if genuine, err = b.desk.checkMAC(b.ctx, rememberPurpose, r.text(c.by.Actor, c.by.Key, records), r.Mark); err != nil {
			return Outcome{}, err
		}
	}
	if !genuine {
		b.desk.Log.Error("an idempotency key was not remembered by this installation: somebody wrote into the database", "actor", c.by.Actor, "alarm", true)
		return Outcome{}, ErrKeyReused
	}
	if r.Digest != c.by.Digest {
		return Outcome{}, ErrKeyReused
	}
	outcome := Outcome{Replayed: true}
	for i, record := range records {
		event, err := custody.ReadRecord(record)
		if err != nil {
			return Outcome{}, err
		}
		outcome.Events = append(outcome.Events, Indexed{r.First + int64(i), event})
	}
	return outcome, nil
}
