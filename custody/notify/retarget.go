package notify

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
)

// retargeted tells of another way to an account: whoever has to confirm it, and the other
// custodian.
func (f *Follower) retargeted(ctx context.Context, about concerns, fact custody.CredentialRetargeted) ([]notice, error) {
	c, err := f.Directory.Credential(ctx, fact.Credential)
	if err != nil {
		return nil, err
	}
	page, v := "/credentials/"+fact.Credential, values{Credential: fact.Credential, Proposal: fact.Proposal}
	if fact.Unconfirmed {
		for _, username := range []string{c.Primary, c.Backup} {
			if has := c.HeldFor(); has == "" || has == username {
				about.tell("target_unconfirmed", page+"/target", v, username)
			}
		}
	}
	about.tell("retargeted", page, v, c.Primary, c.Backup)
	return about.notices, nil
}
