package notify

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/words"
)

var updateNotices = flag.Bool("update-notices", false, "write docs/notices.md as it is now: read what changed before it is committed")

const noticesPath = "../../docs/notices.md"

// TestWhoIsToldWhat gives every kind of entry that there is to the mailer, in an office
// in which everybody is called what they are, and compares with docs/notices.md: nobody
// is told of anything, or not told, without that page saying so.
func TestWhoIsToldWhat(t *testing.T) {
	got := noticesPage(t)
	if *updateNotices {
		if err := os.WriteFile(noticesPath, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(noticesPath)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("docs/notices.md is not what the mailer does; read what differs, then: go test ./custody/notify -run TestWhoIsToldWhat -update-notices\n%s", firstDifference(got, string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "", ""
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return fmt.Sprintf("line %d: %q, the page has %q", i+1, a, b)
		}
	}
	return "nothing differs"
}

const noticesHead = `# Who is told what

Written by ` + "`TestWhoIsToldWhat`" + ` from what the mailer, and a room of a group, do with every kind of entry of the ledger. The first table is e-mail, to persons; the second one is [channels](channels.md), to groups. Each mail is in its reader's language and time zone, says what happened, where it stands in the ledger and what to do next, and has a link and no button that decides anything. It has no password, no code and no text of a secret. What one command led to is one mail for each person.

Nobody is told of what is older than 24 hours. Whose account is disabled is told that, where they read mails until then, and nothing after it. Where somebody else changed an address the former one is written to as well, for seven days. When the ledger is not what it was, manager, director and admin are told so without an entry, and nobody is told anything else until that is settled.

In the table, *giver*, *receiver*, *primary*, *backup*, *person* (whom it is about), *requester*, *successor* and *actor* are parts that somebody has in what happened; *manager*, *director*, *admin*, *auditor* are everybody with that role.

| Entry | Where | Grade | Told | Subject | 主题 |
| --- | --- | --- | --- | --- | --- |
`

func noticesPage(t *testing.T) string {
	t.Helper()
	var page strings.Builder
	page.WriteString(noticesHead)
	var silent []string
	for _, kind := range custody.EntryTypes() {
		rows := rowsOf(t, kind)
		for _, row := range rows {
			page.WriteString(row)
		}
		if len(rows) == 0 {
			silent = append(silent, "`"+kind+"`")
		}
	}
	page.WriteString("\nNobody is written to about these; they stand in the ledger, on the pages and in what is streamed: " + strings.Join(silent, ", ") + ".\n")
	page.WriteString(roomsHead)
	for _, kind := range custody.EntryTypes() {
		for _, row := range roomRows(t, kind) {
			page.WriteString(row)
		}
	}
	return page.String()
}

const roomsHead = `
## What groups are told

Every channel that is configured is told of the grades that its ` + "`grades`" + ` name, without them of what is serious and special, in the language that its ` + "`language`" + ` names; and whatever its grades are, of the entries that have *every channel* here. An emergency that is asked for is told to every channel that has somebody in ` + "`reaches`" + `: whom it asks counts as reached by that channel when it has taken the message. With ` + "`ordinary`" + ` among its grades a channel is also told of the ordinary entries that somebody is mailed about, by what the entry is called.

A message has a title, who did it, the grade, the time, where it stands in the ledger, and a link. It has no purpose, no reason, no address, nothing else that somebody wrote, and nothing that decides anything. That the ledger is suspect is told to every channel.

| Entry | Where | Grade | Told | Title | 标题 |
| --- | --- | --- | --- | --- | --- |
`

// roomRows gives the rows of one kind of entry for rooms.
func roomRows(t *testing.T, kind string) (rows []string) {
	t.Helper()
	seen := map[string]bool{}
	none, readers := roomIn("en"), roomIn("en")
	none.terms.Read = false
	for _, v := range variants(custody.FactOf(kind)) {
		e := custody.Event{Time: noon, Actor: "actor", Request: "r", Fact: v.fact}
		en, is := messageAbout(t, roomIn("en", custody.Serious, custody.Special), e)
		zh, _ := messageAbout(t, roomIn("zh", custody.Serious, custody.Special), e)
		if !is || seen[en.Title] {
			continue
		}
		seen[en.Title] = true
		told := "its grades"
		switch {
		case none.wants(e):
			told = "every channel"
		case readers.wants(e):
			told = "its grades; every channel with `reaches`"
		}
		rows = append(rows, strings.NewReplacer("actor (actor)", "actor", "person (person)", "person").Replace(
			fmt.Sprintf("| `%s` | %s | %s | %s | %s | %s |\n", kind, v.where, e.Grade(), told, en.Title, zh.Title)))
	}
	return rows
}

// rowsOf gives the rows of one kind of entry: as it is, and where it leads to something
// else if one of its fields is otherwise.
func rowsOf(t *testing.T, kind string) (rows []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, v := range variants(custody.FactOf(kind)) {
		e := custody.Event{Time: noon, Actor: "actor", Request: "r", Fact: v.fact}
		told, same := toldOf(t, e)
		if seen[same] || told == "" && v.where == "" {
			seen[same] = true
			continue
		}
		seen[same] = true
		if told == "" { // it is told of otherwise, and not here
			told = "nobody | | |\n"
		}
		for line := range strings.Lines(told) {
			rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %s", kind, v.where, e.Grade(), line))
		}
	}
	return rows
}

type variant struct {
	where string
	fact  custody.Fact
}

// variants gives a fact with all of its fields filled, then with each that can be yes or
// no, and each that can be nobody, the other way.
func variants(fact custody.Fact) (all []variant) {
	filled := reflect.New(reflect.TypeOf(fact)).Elem()
	filled.Set(reflect.ValueOf(fact))
	for i := range filled.NumField() {
		fill(filled.Type().Field(i).Name, filled.Field(i))
	}
	all = append(all, variant{"", filled.Interface().(custody.Fact)})
	for i := range filled.NumField() {
		other := reflect.New(filled.Type()).Elem()
		other.Set(filled)
		name := strings.ToLower(filled.Type().Field(i).Name)
		optional := strings.Contains(filled.Type().Field(i).Tag.Get("json"), ",omit")
		switch field := other.Field(i); {
		case field.Kind() == reflect.Bool:
			field.SetBool(true)
			all = append(all, variant{name, other.Interface().(custody.Fact)})
		case field.Kind() == reflect.String && optional:
			field.SetString("")
			all = append(all, variant{"no " + name, other.Interface().(custody.Fact)})
		case field.Type() == reflect.TypeFor[[]string]() && optional:
			field.Set(reflect.Zero(field.Type()))
			all = append(all, variant{"no " + name, other.Interface().(custody.Fact)})
		}
	}
	switch f := filled.Interface().(type) {
	case custody.RotationFailed:
		f.Failure = "login_refused"
		all = append(all, variant{"a log-in was refused", f})
	case custody.IncidentReported:
		f.Rated = custody.Special
		all = append(all, variant{"as special", f})
	case custody.EmailChanged:
		f.Person = "actor"
		all = append(all, variant{"their own", f})
	}
	return all
}

// parts are what people are called by the names of fields.
var parts = map[string]string{"From": "giver", "To": "receiver", "Before": "former custodian", "Successor": "successor"}

func fill(name string, field reflect.Value) {
	switch {
	case field.Type() == reflect.TypeFor[custody.Note]():
		field.Set(reflect.ValueOf(desk.NewNote(strings.ToLower(name))))
	case field.Type() == reflect.TypeFor[time.Time]():
		field.Set(reflect.ValueOf(noon))
	case field.Type() == reflect.TypeFor[custody.Grade]():
		field.SetString(string(custody.Serious))
	case field.Kind() == reflect.String && field.String() == "":
		field.SetString(cmp.Or(parts[name], strings.ToLower(name)))
	case field.Type() == reflect.TypeFor[[]string]():
		field.Set(reflect.ValueOf([]string{cmp.Or(parts[name], strings.ToLower(name))}))
	case field.Kind() == reflect.Int64 || field.Kind() == reflect.Int:
		if field.Int() == 0 {
			field.SetInt(1)
		}
	case field.Type() == reflect.TypeFor[[]custody.Role]():
		field.Set(reflect.ValueOf([]custody.Role{custody.Technician}))
	case field.Type() == reflect.TypeFor[custody.Change]():
		field.Set(reflect.ValueOf(custody.Change{Proposable: custody.SetCustodians{Credential: "credential", Primary: "primary", Backup: "backup"}}))
	}
}

// toldOf gives the end of a row for each mail about an event: to whom, and its subject in
// both languages. Two events that are told of in the same way have the same second text.
func toldOf(t *testing.T, e custody.Event) (rows, same string) {
	t.Helper()
	if !calls(e) {
		return "", ""
	}
	f := New(Config{Directory: parted{}, Zone: time.UTC, Now: func() time.Time { return noon }, MaxAge: time.Hour})
	people, _ := parted{}.People(t.Context())
	notices, err := f.notices(t.Context(), indexed{e, 7}, people)
	if err != nil {
		t.Fatalf("%s: %v", e.Fact.Type(), err)
	}
	var kinds []string
	to := map[string][]string{}
	values := map[string]values{}
	for _, n := range notices {
		if !slices.Contains(kinds, n.kind) {
			kinds = append(kinds, n.kind)
		}
		who := n.to
		if n.address != "" {
			who += " at " + n.address
		}
		to[n.kind] = append(to[n.kind], who)
		values[n.kind] = n.values
	}
	slices.Sort(kinds)
	var told strings.Builder
	for _, kind := range kinds {
		same += kind + " " + strings.Join(to[kind], ", ") + "\n"
		told.WriteString(strings.Join(to[kind], ", "))
		for _, language := range []string{"en", "zh"} {
			w := f.writer(custody.Person{}, people, desk.Preference{Language: language})
			w.Voice = words.Voice{Lang: language, Zone: time.UTC}
			subject, err := w.Say("mail.subject."+kind, w.data(values[kind]))
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			for _, p := range people {
				subject = strings.ReplaceAll(subject, p.Name+" ("+p.Username+")", p.Username)
			}
			told.WriteString(" | " + subject)
		}
		told.WriteString(" |\n")
	}
	return told.String(), same
}

// parted is a directory of an office in which everybody is called what they are.
type parted struct{}

func (parted) People(context.Context) (all []custody.Person, err error) {
	for _, role := range []custody.Role{custody.Manager, custody.Director, custody.Admin, custody.Auditor} {
		all = append(all, custody.Person{Username: string(role), Name: string(role), Roles: []custody.Role{role}})
	}
	for _, part := range []string{"giver", "receiver", "primary", "backup", "person", "requester", "successor", "holder", "former custodian", "approver", "other approver", "assessor", "person concerned", "reporter", "actor"} {
		p := custody.Person{Username: part, Name: part, Roles: []custody.Role{custody.Technician}, Email: desk.NewNote("their address")}
		p.Admission.Readers = []string{"reader of the code"}
		all = append(all, p)
	}
	return all, nil
}

func (parted) Credential(_ context.Context, name string) (custody.Credential, error) {
	return custody.Credential{Name: name, Primary: "primary", Backup: "backup"}, nil
}

func (parted) Handover(_ context.Context, id string) (custody.Handover, error) {
	return custody.Handover{ID: id, From: "giver", To: "receiver", Credentials: []string{"credential"}}, nil
}

func (parted) Proposal(_ context.Context, id string) (custody.Proposal, error) {
	return custody.Proposal{
		ID: id, Requester: "requester", Needs: []custody.Role{custody.Manager, custody.Director}, EndedBy: "actor", Reason: desk.NewNote("reason"), Expires: noon,
		Change: custody.Change{Proposable: custody.SetCustodians{Credential: "credential", Primary: "primary", Backup: "backup"}},
	}, nil
}

func (parted) Approvers(context.Context) (map[string]map[custody.Role][]string, error) {
	return map[string]map[custody.Role][]string{"proposal": {custody.Manager: {"approver"}, custody.Director: {"other approver"}}}, nil
}

func (parted) Incident(_ context.Context, id string) (custody.Incident, error) {
	return custody.Incident{ID: id, Grade: custody.Serious, People: []string{"person concerned"}, Reporter: "reporter"}, nil
}

func (parted) Assessors(context.Context, string) ([]string, error) { return []string{"assessor"}, nil }

func (parted) Preference(context.Context, string) (desk.Preference, error) {
	return desk.Preference{}, nil
}

func (parted) Texts(context.Context, []custody.Note) (map[string]custody.Words, error) {
	return nil, nil
}
