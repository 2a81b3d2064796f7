package desk

import (
	"context"
	"strings"

	"github.com/tandem-custody/tandem/custody"
)

// mailbox gives the digest by which the ledger, which does not say where anybody reads
// their messages, knows that two people read them at one place.
func (d *Desk) mailbox(ctx context.Context, email custody.Note) (string, error) {
	w, known := email.Words()
	if !known || w.Text == "" {
		return "", nil
	}
	salt, err := d.identitySalt(ctx)
	if err != nil {
		return "", err
	}
	return Identities(salt, "mailbox "+mailboxOf(w.Text))[0], nil
}

// mailboxOf is how an address is called where it is delivered: in small letters, and
// without what people put behind a plus sign to sort their messages by.
func mailboxOf(address string) string {
	local, domain, _ := strings.Cut(strings.ToLower(strings.TrimSpace(address)), "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}

// withMailbox gives a command with the digests of the addresses that come with it.
func (d *Desk) withMailbox(ctx context.Context, a custody.Action) (custody.Action, error) {
	proposed := func(c custody.Change) (custody.Change, error) {
		var err error
		switch a := c.Proposable.(type) {
		case custody.AddPerson:
			a.Mailbox, err = d.mailbox(ctx, a.Email)
			c.Proposable = a
		case custody.ChangeEmail:
			a.Mailbox, err = d.mailbox(ctx, a.Email)
			c.Proposable = a
		}
		return c, err
	}
	var err error
	switch a := a.(type) {
	case custody.AddPerson:
		a.Mailbox, err = d.mailbox(ctx, a.Email)
		return a, err
	case custody.ChangeEmail:
		a.Mailbox, err = d.mailbox(ctx, a.Email)
		return a, err
	case custody.Propose:
		a.Change, err = proposed(a.Change)
		return a, err
	case custody.Revise:
		a.Change, err = proposed(a.Change)
		return a, err
	}
	return a, nil
}
