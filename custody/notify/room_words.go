package notify

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/notify/channel"
	"github.com/tandem-custody/tandem/custody/words"
)

// maxLines is how many things one message names.
const maxLines = 10

func (r *Room) voice() words.Voice {
	return words.Voice{Lang: cmp.Or(r.terms.Language, words.English), Zone: r.Zone}
}

// write gives the message about one deed; nil: there is none, as it is too old. A group is
// told kinds and names, and nothing that anybody wrote: texts are not even looked up.
func (r *Room) write(ctx context.Context, deed []indexed) (*told, error) {
	first := deed[0]
	m := &told{entry: first.index, kinds: map[string]int{}}
	m.First, m.Last, m.At, m.Grade = first.index, deed[len(deed)-1].index, first.Time, custody.Ordinary
	people, err := r.Directory.People(ctx)
	if err != nil {
		return nil, err
	}
	w := r.tells.writer(custody.Person{}, people, desk.Preference{})
	w.Voice = r.voice()
	var titles []string
	for _, e := range deed {
		title, notices, page, err := r.group(ctx, e, w)
		if err != nil {
			return nil, err
		}
		if titles = append(titles, title); m.Link == "" {
			m.Link = r.URL + page
		}
		m.kinds[e.Fact.Type()]++
		m.Grade = graver(m.Grade, e.Grade())
		if id := asksFor(notices); id != "" {
			m.emergency = id
			m.asked = append(m.asked, asked(notices, people)...)
		}
	}
	slices.Sort(m.asked)
	m.asked = slices.Compact(m.asked)
	m.alone = m.Grade == custody.Special || m.emergency != ""
	if m.Grade != custody.Special && r.Now().Sub(first.Time) > r.MaxAge {
		r.counts.failed.WithLabelValues(tooOld).Inc()
		return nil, nil
	}
	m.ID, m.Language, m.Title = r.id(fmt.Sprint(first.index)), w.Lang, titles[0]
	m.Lines = titles[1:min(len(titles), maxLines)]
	if more := len(titles) - maxLines; more > 0 {
		if err := m.say(w.Voice, "channel.more", custody.Args{"Count": more}); err != nil {
			return nil, err
		}
	}
	if first.Actor != custody.System {
		if err := m.say(w.Voice, "channel.by", custody.Args{"Actor": w.name(first.Actor)}); err != nil {
			return nil, err
		}
	}
	return m, m.placed(w.Voice)
}

// say adds a line.
func (m *told) say(v words.Voice, key string, args custody.Args) error {
	said, err := v.Say(key, args)
	m.Lines = append(m.Lines, said)
	return err
}

// placed adds where in the ledger it stands.
func (m *told) placed(v words.Voice) error {
	grade, err := v.Say("grade."+string(m.Grade), nil)
	if err != nil {
		return err
	}
	if m.First == m.Last {
		return m.say(v, "channel.entry", custody.Args{"Grade": grade, "Index": m.First, "Time": v.Minute(m.At)})
	}
	return m.say(v, "channel.entries", custody.Args{"Grade": grade, "First": m.First, "Last": m.Last, "Time": v.Minute(m.At)})
}

func graver(a, b custody.Grade) custody.Grade {
	order := []custody.Grade{custody.Ordinary, custody.Serious, custody.Special}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// group says what happened to people of whom most have no part in it: by the subject of the
// mail about it, where that is for whoever sees to it, else by what the entry is called.
func (r *Room) group(ctx context.Context, e indexed, w writer) (title string, notices []notice, page string, err error) {
	if e.Grade() != custody.Ordinary {
		if notices, err = r.tells.notices(ctx, e, w.people); err != nil {
			return "", nil, "", err
		}
		if n, found := forGroup(notices, w); found {
			v := n.values
			v.Reason, v.Device, v.Address = custody.Note{}, custody.Note{}, custody.Note{}
			title, err = w.Say("mail.subject."+n.kind, w.data(v))
			return title, notices, n.page, err
		}
	}
	kind := e.Fact.Type()
	title, err = w.Say("channel.event", custody.Args{"Type": w.said("fact", kind, kind), "Subject": custody.OneLine(e.Fact.Subject())})
	return title, notices, e.page(), err
}

// forGroup chooses the first notice that says it to others than whom it is about: one for
// which there are no other words for others, and that is not for one person's address.
func forGroup(notices []notice, w writer) (notice, bool) {
	for _, n := range notices {
		if _, err := w.Say("mail.subject."+n.kind+"_other", w.data(n.values)); err != nil && n.address == "" {
			return n, true
		}
	}
	return notice{}, false
}

// asked gives whom notices ask about an emergency; who is disabled is asked nothing.
func asked(notices []notice, people []custody.Person) (usernames []string) {
	for _, n := range notices {
		at := slices.IndexFunc(people, func(p custody.Person) bool { return p.Username == n.to })
		if n.kind == "emergency_asked" && at >= 0 && !people[at].Disabled {
			usernames = append(usernames, n.to)
		}
	}
	return usernames
}

// summarize writes a message about many: how many of each kind.
func (r *Room) summarize(m *told) error {
	v := r.voice()
	total := 0
	for _, n := range m.kinds {
		total += n
	}
	title, err := v.Say("channel.folded", custody.Args{"Count": total})
	if err != nil {
		return err
	}
	m.ID, m.Language, m.Title, m.Lines, m.Link = r.id(fmt.Sprintf("%d to %d", m.First, m.Last)), v.Lang, title, nil, r.URL+"/ledger"
	kinds := slices.SortedFunc(maps.Keys(m.kinds), func(a, b string) int {
		return cmp.Or(cmp.Compare(m.kinds[b], m.kinds[a]), cmp.Compare(a, b))
	})
	for _, kind := range kinds[:min(len(kinds), maxLines)] {
		called, err := v.Say("fact."+kind, nil)
		if err != nil {
			called = kind // of a newer program than this one
		}
		if err := m.say(v, "channel.count", custody.Args{"Number": m.kinds[kind], "Type": called}); err != nil {
			return err
		}
	}
	if more := len(kinds) - maxLines; more > 0 {
		if err := m.say(v, "channel.more", custody.Args{"Count": more}); err != nil {
			return err
		}
	}
	return m.placed(v)
}

// strip leaves of a message what no filter of words can mind: kinds, and where it stands.
func (r *Room) strip(m *told) error {
	m.bare = true
	if m.Last < m.First { // about no entry, and in our own words alone
		m.Lines = nil
		return nil
	}
	if err := r.summarize(m); err != nil {
		return err
	}
	m.Lines = m.Lines[len(m.Lines)-1:]
	return nil
}

// TestMessage is what tries a channel.
func TestMessage(name, language, url string) (channel.Message, error) {
	v := words.Voice{Lang: language}
	m := told{Message: channel.Message{Grade: custody.Ordinary, Language: language, Link: url, Last: -1}}
	err := m.say(v, "channel.test_line", nil)
	if err == nil {
		m.Title, err = v.Say("channel.test", custody.Args{"Channel": name})
	}
	return m.Message, err
}
