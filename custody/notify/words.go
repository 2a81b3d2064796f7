package notify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/notify/smtp"
	"github.com/tandem-custody/tandem/custody/words"
)

// The most that one mail says.
const (
	maxNotices = 50 // of one mail
	maxNames   = 50 // of one list
)

// write gives the mails about one deed: one for each person who is concerned.
func (f *Follower) write(ctx context.Context, deed []indexed) ([]*letter, error) {
	first := deed[0]
	if f.Now().Sub(first.Time) > f.MaxAge {
		f.counts.failed.WithLabelValues(tooOld).Inc()
		return nil, nil
	}
	people, err := f.Directory.People(ctx)
	if err != nil {
		return nil, err
	}
	told := map[string][]notice{}
	for _, e := range deed {
		texts, err := f.Directory.Texts(ctx, e.Notes())
		if err != nil {
			return nil, err
		}
		e.Event = e.Filled(texts)
		notices, err := f.notices(ctx, e, people)
		if err != nil {
			return nil, err
		}
		for _, n := range notices {
			told[n.to] = append(told[n.to], n)
		}
	}
	var letters []*letter
	for _, p := range people { // so that the order is always the same
		if p.Disabled { // is told that they left, where they read mails until then, and nothing else
			told[p.Username] = slices.DeleteFunc(told[p.Username], func(n notice) bool { return n.kind != "left" })
		}
		if len(told[p.Username]) == 0 {
			continue
		}
		chosen, err := f.Directory.Preference(ctx, p.Username)
		if err != nil {
			return nil, err
		}
		to := f.writer(p, people, chosen)
		for _, address := range addresses(told[p.Username], former(p, first.Time)) {
			m, err := to.mail(first, address, told[p.Username])
			if err != nil {
				return nil, err
			}
			if m.To == "" {
				continue
			}
			letters = append(letters, &letter{Mail: m, username: p.Username, emergency: asksFor(told[p.Username]), entry: first.index, at: first.Time, pause: f.newPause()})
		}
	}
	return letters, nil
}

// addresses gives those that a person's notices go to, each once, sorted; "" is
// the person's own, whose notices go to the former ones as well.
func addresses(notices []notice, former []string) (all []string) {
	for _, n := range notices {
		if all = append(all, n.address); n.address == "" {
			all = append(all, former...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// former gives where somebody's messages go as well, because another person has changed
// their address.
func former(p custody.Person, at time.Time) (all []string) {
	for _, note := range p.FormerEmails(at) {
		if w, known := note.Words(); known {
			all = append(all, w.Text)
		}
	}
	return all
}

// writer writes to one person.
type writer struct {
	*Follower
	person custody.Person
	people []custody.Person
	words.Voice
}

func (f *Follower) writer(to custody.Person, people []custody.Person, chosen desk.Preference) writer {
	return writer{f, to, people, words.Voice{Lang: cmp.Or(chosen.Language, f.Language), Zone: chosen.In(f.Zone)}}
}

// mail is written in plain text: what happened, each with its link, and where it
// stands in the ledger. Of the notices it says those for this address.
func (w writer) mail(first indexed, address string, all []notice) (smtp.Mail, error) {
	own := slices.Contains(former(w.person, first.Time), address)
	notices := slices.DeleteFunc(slices.Clone(all), func(n notice) bool { return n.address != address && !(own && n.address == "") })
	var text strings.Builder
	paragraph := func(key string, data custody.Args) error {
		said, err := w.Say(key, data)
		text.WriteString(said + "\n\n")
		return err
	}
	if err := paragraph("mail.frame.hello", custody.Args{"Name": smtp.OneLine(w.person.Name)}); err != nil {
		return smtp.Mail{}, err
	}
	for _, n := range notices[:min(len(notices), maxNotices)] {
		if err := paragraph("mail.text."+n.kind, w.data(n.values)); err != nil {
			return smtp.Mail{}, err
		}
		text.WriteString(w.URL + n.page + "\n\n")
	}
	if more := len(notices) - maxNotices; more > 0 {
		if err := paragraph("mail.frame.more", custody.Args{"Count": more}); err != nil {
			return smtp.Mail{}, err
		}
	}
	err := paragraph("mail.frame.entry", custody.Args{"Index": first.index, "Time": w.Minute(first.Time), "Link": w.URL + first.page()})
	if err != nil {
		return smtp.Mail{}, err
	}
	if err := paragraph("mail.frame.footer", nil); err != nil {
		return smtp.Mail{}, err
	}
	subject, err := w.Say("mail.subject."+notices[0].kind, w.data(notices[0].values))
	if more := len(notices) - 1; more > 0 {
		subject += fmt.Sprintf(" (+%d)", more)
	}
	return smtp.Mail{
		ID: w.id(first, address), Name: w.person.Name, To: cmp.Or(address, w.ownAddress()),
		Subject: "[Tandem] " + subject, Text: strings.TrimSuffix(text.String(), "\n"),
	}, err
}

// ownAddress gives where the person reads mails; "": nowhere.
func (w writer) ownAddress() string {
	at, _ := w.person.Email.Words()
	return at.Text
}

// id names a mail: the same one that is written again has the same.
func (w writer) id(first indexed, address string) string {
	what := fmt.Appendf(nil, "%q %d %q", w.Origin, first.index, w.person.Username)
	if address != "" {
		what = fmt.Appendf(what, " %q", address)
	}
	sum := sha256.Sum256(what)
	return hex.EncodeToString(sum[:16])
}

// data makes values ready to be read. What is empty is "", so that the words can
// leave it out.
func (w writer) data(v values) custody.Args {
	return custody.Args{
		"From": w.name(v.From), "To": w.name(v.To), "Person": w.name(v.Person), "Actor": w.name(v.Actor),
		"Handover": v.Handover, "Proposal": v.Proposal, "Emergency": v.Emergency, "Incident": v.Incident, "Grade": w.said("grade", string(v.Grade), string(v.Grade)), "Change": w.said("proposal_kind", v.Change, v.Change), "Primary": w.name(v.Primary), "Backup": w.name(v.Backup), "Credential": v.Credential, "Credentials": w.names(v.Credentials),
		"Reason": smtp.OneLine(v.Reason.In(w.Redacted())), "Device": smtp.OneLine(v.Device.In(w.Redacted())), "Address": smtp.OneLine(v.Address.In(w.Redacted())), "Until": w.Minute(v.Until), "Expires": w.Minute(v.Expires), "Back": w.Minute(v.Back),
		"Failure": w.said("failure", v.Failure, ""), "Remedy": w.said("remedy", v.Failure, ""),
		"Role":    w.said("role", string(v.Role), string(v.Role)),
		"Witness": smtp.OneLine(v.Witness), "Type": w.said("fact", v.Type, v.Type), "Subject": smtp.OneLine(v.Subject),
	}
}

// said gives what the catalogue says of one of a group; otherwise what is given, of none
// and of a newer one than the catalogue.
func (w writer) said(group, one, otherwise string) string {
	text, err := w.Say(group+"."+one, nil)
	if err != nil {
		return otherwise
	}
	return text
}

// name gives somebody's name and username.
func (w writer) name(username string) string {
	i := slices.IndexFunc(w.people, func(p custody.Person) bool { return p.Username == username })
	if i < 0 {
		return username
	}
	return fmt.Sprintf("%s (%s)", smtp.OneLine(w.people[i].Name), username)
}

// names gives names one after the other, at most maxNames.
func (w writer) names(all []string) string {
	if more := len(all) - maxNames; more > 0 {
		return w.List(append(slices.Clone(all[:maxNames]), fmt.Sprintf("… (+%d)", more)))
	}
	return w.List(all)
}

// page is where the entry is shown.
func (e indexed) page() string { return fmt.Sprintf("/ledger/%d", e.index) }
