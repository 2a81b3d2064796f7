package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/notify/smtp"
)

// suspicion is what a follower knows of its ledger.
type suspicion struct {
	warned bool // people were told that it is suspect
}

// suspect says whether the ledger is suspect: nothing in it is news any more.
func (f *Follower) suspect() bool { return closed(f.Suspect) }

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// unwarned gives a channel that is closed when people have to be told.
func (f *Follower) unwarned() <-chan struct{} {
	if f.suspicion.warned {
		return nil
	}
	return f.Suspect
}

// warn tells those who can do something about it that the ledger is suspect. There
// is no entry for that, and there must be none: nothing is appended to it. After
// each start on such a ledger they are told once more.
func (f *Follower) warn(ctx context.Context) error {
	if !f.suspect() || f.suspicion.warned {
		return nil
	}
	people, err := f.Directory.People(ctx)
	if err != nil {
		return err
	}
	now := f.Now()
	for _, p := range people {
		if _, known := p.Email.Words(); p.Disabled || !known || !slices.ContainsFunc([]custody.Role{custody.Manager, custody.Director, custody.Admin}, p.Is) {
			continue
		}
		chosen, err := f.Directory.Preference(ctx, p.Username)
		if err != nil {
			return err
		}
		w := f.writer(p, people, chosen)
		var text strings.Builder
		for _, part := range []string{"mail.frame.hello", "mail.text.suspect", "mail.frame.footer"} {
			said, err := w.Say(part, custody.Args{"Name": smtp.OneLine(p.Name)})
			if err != nil {
				return err
			}
			text.WriteString(said + "\n\n")
		}
		subject, err := w.Say("mail.subject.suspect", nil)
		if err != nil {
			return err
		}
		id := sha256.Sum256(fmt.Appendf(nil, "%q suspect %d %q", f.Origin, now.UnixNano(), p.Username))
		f.queue = append(f.queue, &letter{
			Mail: smtp.Mail{
				ID: hex.EncodeToString(id[:16]), Name: p.Name, To: w.ownAddress(),
				Subject: "[Tandem] " + subject, Text: strings.TrimSuffix(text.String(), "\n"),
			},
			username: p.Username, entry: math.MaxInt64, at: now, pause: f.newPause(),
		})
	}
	f.suspicion.warned = true
	return nil
}
