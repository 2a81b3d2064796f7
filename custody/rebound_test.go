package custody

import (
	"slices"
	"testing"
)

// lostSome is what an older secret store does not have: cay's log-in, and db01's password.
func lostSome() RebindSecrets {
	const fresh = int64(1) << 50
	return RebindSecrets{
		Reason: note("Vault is from Monday"), Confirmed: []ConfirmedBy{{"max", fresh}, {"ann", fresh}},
		People: []string{"cay"}, Credentials: []string{"db01"},
	}
}

// An older store goes on with two people whose log-ins are there; a new one with nobody.
func TestWhoRebindsASecretStore(t *testing.T) {
	const fresh = int64(1) << 50
	code := func(names ...string) (confirmed []ConfirmedBy) {
		for _, name := range names {
			confirmed = append(confirmed, ConfirmedBy{name, fresh})
		}
		return confirmed
	}
	emptied := func(a *RebindSecrets) { *a = RebindSecrets{Reason: a.Reason, New: true} }
	for name, c := range map[string]struct {
		change func(a *RebindSecrets)
		want   Code // "": it is carried out
	}{
		"a manager and a technician":              {func(*RebindSecrets) {}, ""},
		"a director and an admin":                 {func(a *RebindSecrets) { a.Confirmed = code("ada", "dot") }, ""},
		"two technicians":                         {func(a *RebindSecrets) { a.Confirmed = code("ann", "ben") }, Forbidden},
		"a manager twice":                         {func(a *RebindSecrets) { a.Confirmed = code("max", "max") }, Forbidden},
		"a manager alone":                         {func(a *RebindSecrets) { a.Confirmed = code("max") }, Forbidden},
		"nobody":                                  {func(a *RebindSecrets) { a.Confirmed = nil }, Forbidden},
		"somebody whose log-in is lost":           {func(a *RebindSecrets) { a.Confirmed = code("max", "cay") }, Forbidden},
		"a code that was used":                    {func(a *RebindSecrets) { a.Confirmed[1].Step = 0 }, Forbidden},
		"nothing is lost":                         {func(a *RebindSecrets) { a.People, a.Credentials = nil, nil }, InvalidRequest},
		"only a log-in":                           {func(a *RebindSecrets) { a.Credentials = nil }, ""},
		"only a password":                         {func(a *RebindSecrets) { a.People = nil }, ""},
		"all passwords":                           {func(a *RebindSecrets) { a.Credentials, a.AllLost = nil, true }, ""},
		"all passwords, and one":                  {func(a *RebindSecrets) { a.AllLost = true }, InvalidRequest},
		"the log-in of nobody":                    {func(a *RebindSecrets) { a.People = []string{"zoe"} }, InvalidRequest},
		"the log-in twice":                        {func(a *RebindSecrets) { a.People = []string{"cay", "cay"} }, InvalidRequest},
		"the password of what there is not":       {func(a *RebindSecrets) { a.Credentials = []string{"zz01"} }, InvalidRequest},
		"another key of an older store":           {func(a *RebindSecrets) { a.SealKey = "0123abcd" }, InvalidRequest},
		"for no reason":                           {func(a *RebindSecrets) { a.Reason = note(" ") }, InvalidRequest},
		"a new one":                               {emptied, ""},
		"a new one, confirmed":                    {func(a *RebindSecrets) { a.New, a.People, a.Credentials = true, nil, nil }, Forbidden},
		"a new one, with a key in nobody's place": {func(a *RebindSecrets) { emptied(a); a.SealKey = "0123abcd" }, InvalidRequest},
		"a new one that lost one log-in":          {func(a *RebindSecrets) { emptied(a); a.People = []string{"cay"} }, InvalidRequest},
		"a new one that lost one password":        {func(a *RebindSecrets) { emptied(a); a.Credentials = []string{"db01"} }, InvalidRequest},
		"a new one that lost all, and says so":    {func(a *RebindSecrets) { emptied(a); a.AllLost = true }, InvalidRequest},
	} {
		o := newOffice(t)
		a := lostSome()
		c.change(&a)
		events, err := o.do(System, a)
		if CodeOf(err) != c.want || c.want == "" && err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		forged := SecretsRebound{
			Reason: a.Reason.bare(), Confirmed: a.Confirmed, New: a.New, SealKey: a.SealKey, People: a.People, Credentials: a.Credentials, AllLost: a.AllLost, Deadline: o.now.Add(1),
		}
		if c.want == "" {
			if len(events) != 1 || events[0].Grade() != Special {
				t.Errorf("%s: %+v", name, events)
			}
			continue
		}
		if err := CheckEvent(o.state, Event{Time: o.state.Time, Actor: System, Fact: forged}); err == nil && name != "for no reason" {
			t.Errorf("%s: believed", name)
		}
	}
	o := newOffice(t)
	right := SecretsRebound{Reason: note("x"), Confirmed: lostSome().Confirmed, People: []string{"cay"}, Deadline: o.now.Add(1)}
	if err := CheckEvent(o.state, Event{Time: o.state.Time, Actor: System, Fact: right}); err != nil {
		t.Errorf("as it was: %v", err)
	}
	late := right
	late.Deadline = o.state.Time
	for who, f := range map[string]SecretsRebound{System: late, "max": right, "ada": right} {
		if err := CheckEvent(o.state, o.forge(who, f)); err == nil {
			t.Errorf("by %q, until %v: believed", who, f.Deadline)
		}
		if who != System {
			if _, err := o.do(who, lostSome()); CodeOf(err) != Forbidden {
				t.Errorf("said by %s: %v", who, err)
			}
		}
	}
}

// Of an older store only what is lost is anew; and what may have been shown is still known.
func TestWhatAnOlderSecretStoreLost(t *testing.T) {
	o := newOffice(t)
	o.does("max", SignIn{})
	annWorks(o)
	o.does("ann", RequestRotation{Credential: "db02", Reason: note("worn")})
	was, number := o.credential("db01"), o.credential("db02").Rotation.Number
	a := lostSome()
	a.Credentials = []string{"db01", "db02"}
	o.does(System, a)
	c := o.credential("db01")
	if c.Phase != Rotating || c.Rotation.Reason != ForRecovery || c.Successor() != "ann" || c.Drifted.IsZero() || c.Version != was.Version || c.Lease.ID != "" || !slices.Contains(c.Exposure, "ann") {
		t.Errorf("db01: %+v", c)
	}
	if c := o.credential("db02"); c.Rotation.Number != number+1 || c.Rotation.Step != StepPending {
		t.Errorf("a change that was under way: %+v", c.Rotation)
	}
	if c := o.credential("web01"); c.Phase != Held || !c.Drifted.IsZero() {
		t.Errorf("what is not lost: %+v", c)
	}
	if o.person("cay").Enrolled || o.person("cay").Account != 0 || !o.person("ann").Enrolled || len(o.state.Sessions("max")) > 0 {
		t.Errorf("cay %+v, ann %+v, max has %v", o.person("cay"), o.person("ann"), o.state.Sessions("max"))
	}
	if p := o.person("max"); p.LastStep != int64(1)<<50 {
		t.Errorf("the manager's code confirms once more: %d", p.LastStep)
	}
	o.rotates("db01")
	if c := o.credential("db01"); c.Holder != "ann" || !c.Drifted.IsZero() || len(c.Exposure) > 0 {
		t.Errorf("once it was changed: %+v", c)
	}
}

// What was shown of a change that got lost may be what the target has; what comes in, and
// what was given back, go on being that.
func TestAChangeThatIsLostWithTheStore(t *testing.T) {
	o := newOffice(t)
	annTookBack(o) // db01 and db02 are changed for ann
	all := lostSome()
	all.Credentials, all.AllLost = nil, true
	o.state = clone(o.state)
	o.state.editCredential("db01", func(c *Credential) { c.Rotation.ShownTo = []string{"ben"} })
	forged := SecretsRebound{Reason: note("x"), Confirmed: all.Confirmed, AllLost: true, Deadline: o.now.Add(1)}
	if err := Replay(o.state, Event{Time: o.state.Time, Actor: System, Request: "r", Fact: forged}); err != nil {
		t.Fatal(err)
	}
	if err := Check(o.state); err != nil {
		t.Fatal(err)
	}
	for c := range o.state.Credentials() {
		want := ForRecovery
		if c.Handover != "" {
			want = ForReturn
		}
		if c.Phase != Rotating || c.Rotation.Reason != want || c.Drifted.IsZero() {
			t.Errorf("%s: %+v", c.Name, c.Rotation)
		}
	}
	if c := o.credential("db01"); !slices.Contains(c.Exposure, "ben") {
		t.Errorf("who was shown what the target may have: %v", c.Exposure)
	}
}

// By a new store nobody has a log-in, and the installation is founded anew.
func TestANewSecretStoreIsFoundedAnew(t *testing.T) {
	o := newOffice(t)
	digest := o.state.FoundingDigest()
	o.does("max", ConfirmFounding{digest})
	o.does("dot", ConfirmFounding{digest})
	if !o.state.Founded() {
		t.Fatal("not founded")
	}
	o.does(System, RebindSecrets{Reason: note("the disk burnt"), New: true})
	if o.state.Founded() {
		t.Error("founded, and nobody can log in")
	}
	for p := range o.state.People() {
		if p.Enrolled || len(o.state.Sessions(p.Username)) > 0 || p.Founder != "" {
			t.Errorf("%+v", p)
		}
	}
	for c := range o.state.Credentials() {
		if c.Phase != Rotating || c.Drifted.IsZero() {
			t.Errorf("%+v", c)
		}
	}
}

// A ledger that has named a key of its seals names that of the new store, whose batch the
// entry is in already.
func TestTheSealKeyOfANewSecretStore(t *testing.T) {
	o := newOffice(t)
	o.does("max", ChangeSealKey{From: "00000001", To: "00000002"})
	for id, want := range map[string]Code{"": InvalidRequest, "00000001": Conflict, "00000002": Conflict, "none": Conflict} {
		if _, err := o.do(System, RebindSecrets{Reason: note("burnt"), New: true, SealKey: id}); CodeOf(err) != want {
			t.Errorf("%q: %v", id, err)
		}
	}
	at := clone(o.state)
	o.does(System, RebindSecrets{Reason: note("burnt"), New: true, SealKey: "00000003"}) // right behind it
	if keys := o.state.SealKeys(); len(keys) != 2 || keys[1].ID != "00000003" {
		t.Errorf("what nothing was sealed with stays: %v", keys)
	}
	o.state = at
	o.does("max", GoAway{})
	before := o.state.Size
	o.does(System, RebindSecrets{Reason: note("burnt"), New: true, SealKey: "00000003"})
	if id := o.state.SealKeyAt(before); id != "00000003" {
		t.Errorf("its batch is under %q", id)
	}
	if id := o.state.SealKeyAt(before - 1); id != "00000002" {
		t.Errorf("the batch before it is under %q", id)
	}
}

// What is too much to name is all.
func TestWhatIsLostIsNamedOrAll(t *testing.T) {
	many := make([]string, maxNamed)
	if a := (RebindSecrets{}).Losing(nil, many); a.AllLost || len(a.Credentials) != maxNamed {
		t.Error("named:", len(a.Credentials), a.AllLost)
	}
	if a := (RebindSecrets{}).Losing([]string{"cay"}, many); !a.AllLost || a.Credentials != nil || len(a.People) != 1 {
		t.Error("all:", len(a.Credentials), a.AllLost)
	}
}
