package desk

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"

	"github.com/tandem-custody/tandem/custody"
)

// NewNote commits to what somebody wrote, with a salt of its own. Every front makes
// its notes here, of what was typed.
func NewNote(text string) custody.Note { return custody.NoteOf(newSalt(), text) }

func newExactNote(text string) custody.Note { return custody.ExactNoteOf(newSalt(), text) }

func newSalt() (salt custody.Salt) {
	_, _ = rand.Read(salt[:]) // never fails: see crypto/rand
	return salt
}

// NewTarget commits to what somebody described.
func NewTarget(t custody.Target) custody.TargetNotes {
	target := custody.TargetNotes{Kind: t.Kind, Address: newExactNote(t.Address), Account: newExactNote(t.Account)}
	for name, value := range t.Settings {
		if target.Settings == nil {
			target.Settings = map[string]custody.Note{}
		}
		target.Settings[name] = newExactNote(value)
	}
	return target
}

// known gives what the ledger leads to with its texts. The store says what they are,
// where anybody may have written; what is not what the ledger commits to counts as
// not there.
func known[V any](ctx context.Context, d *Desk, value V) (V, error) {
	texts, err := d.Store.Texts(ctx, custody.NotesOf(value))
	if err == nil {
		custody.Fill(&value, texts)
	}
	return value, err
}

// ChangeEmail says where messages to the actor go from now on.
func (d *Desk) ChangeEmail(ctx context.Context, by By, a custody.ChangeEmail) (Outcome, error) {
	a, err := d.asItIs(ctx, a)
	if err != nil {
		return Outcome{}, err
	}
	return d.Do(ctx, by, a)
}

// ProposeEmail asks for another address of somebody else.
func (d *Desk) ProposeEmail(ctx context.Context, by By, a custody.ChangeEmail, reason custody.Note) (Outcome, error) {
	a, err := d.asItIs(ctx, a)
	if err != nil {
		return Outcome{}, err
	}
	return d.Do(ctx, by, custody.Propose{Change: custody.Change{Proposable: a}, Reason: reason})
}

// asItIs has an address that is written anew as it is keep its commitment: with another
// salt it would be another one, and a change in the ledger that is none.
func (d *Desk) asItIs(ctx context.Context, a custody.ChangeEmail) (custody.ChangeEmail, error) {
	wanted, _ := a.Email.Words()
	person, _ := d.person(a.Person)
	texts, err := d.Store.Texts(ctx, custody.NotesOf(person.Email))
	if err != nil {
		return custody.ChangeEmail{}, err
	}
	if now, there := texts[person.Email.Commitment()]; there && now.Text == wanted.Text {
		a.Email = person.Email
	}
	return a, nil
}

// Review gives what an auditor has signed in an entry of theirs; another entry is an error.
func (e StoredEntry) Review() (custody.Event, custody.ReviewSigned, error) {
	event, err := custody.ReadRecord(e.Record)
	if err != nil {
		return custody.Event{}, custody.ReviewSigned{}, err
	}
	event = event.Filled(e.Texts)
	signed, is := event.Fact.(custody.ReviewSigned)
	if !is {
		return event, signed, fmt.Errorf("entry %d of the ledger is no review", e.Index)
	}
	return event, signed, nil
}

// Redaction gives the command that takes out all that an entry shows. The error is a
// refusal where that is nothing.
func (e StoredEntry) Redaction(reason string) (custody.RedactText, error) {
	if len(e.Texts) == 0 {
		return custody.RedactText{}, custody.RefuseNothingWritten()
	}
	return custody.RedactText{
		Entry: e.Index, Commitments: slices.Sorted(maps.Keys(e.Texts)), Reason: NewNote(reason),
	}, nil
}
