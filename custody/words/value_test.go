package words_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/words"
)

// TestEveryFieldThatAProposalChangesHasALabel, in every language: whatever an account that
// comes in, or a policy, can say.
func TestEveryFieldThatAProposalChangesHasALabel(t *testing.T) {
	var policy custody.CredentialPolicy
	of := reflect.ValueOf(&policy).Elem()
	for i := range of.NumField() {
		switch field := of.Field(i); field.Kind() {
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Int64:
			field.SetInt(7200)
		case reflect.String:
			field.SetString("long")
		default:
			field.Set(reflect.ValueOf([]string{"app"}))
		}
	}
	added := custody.AddCredential{Name: "db01", Primary: "a", Backup: "b", Policy: policy, Brings: true, Target: custody.TargetNotes{
		Settings: map[string]custody.Note{"host_key": {}, "probe.ca": {}, "its-own": {}},
	}}
	for verb, want := range map[string]struct {
		change custody.Proposable
		fields int
	}{
		"credential":        {added, of.NumField() + 9},
		"credential_policy": {custody.ChangePolicy{Credential: "db01", Policy: policy}, of.NumField()},
		"custodians":        {custody.SetCustodians{Credential: "db01", Primary: "a", Backup: "b", Until: time.Unix(1, 0)}, 3},
		"deputy":            {custody.NameDeputy{Person: "a", Deputy: "b", Starts: time.Unix(0, 0), Ends: time.Unix(1, 0)}, 3},
	} {
		changes := custody.Proposal{Status: custody.Open, Change: custody.Change{Proposable: want.change}}.Differences(custody.Now{})
		if len(changes) != want.fields {
			t.Errorf("%s: %d fields, want %d", verb, len(changes), want.fields)
		}
		for _, d := range changes {
			for _, lang := range words.Languages {
				if label, has := words.In(lang).Label(d.Field); !has || label == "" {
					t.Errorf("%s: %s has no label in %s", verb, d.Field, lang)
				}
			}
		}
	}
}

// TestAValueIsSaidAsPeopleReadIt: times in units, yes and no in words, and what has no
// words of its own as it is.
func TestAValueIsSaidAsPeopleReadIt(t *testing.T) {
	for _, c := range []struct{ field, value, english, chinese string }{
		{"policy.max_age_seconds", "7776000", "90 d 0 h", "90 天 0 小时"},
		{"policy.lease_seconds", "5400", "1 h 30 min", "1 小时 30 分"},
		{"policy.lease_seconds", "61", "1 min 1 s", "1 分 1 秒"},
		{"policy.lease_seconds", "9", "9 s", "9 秒"},
		{"policy.max_age_seconds", "", "not set", "未设置"},
		{"policy.max_exposed", "3", "3", "3"},
		{"policy.auto_reconcile", "true", "yes", "是"},
		{"brings", "false", "no", "否"},
		{"kind", "ssh", "SSH server", "SSH 服务器"},
		{"kind", "its-own", "its-own", "its-own"},
		{"address", "db01.example:22", "db01.example:22", "db01.example:22"},
		{"ends", "2026-12-24T10:30:00Z", "2026-12-24 10:30 UTC", "2026-12-24 10:30 UTC"},
		{"starts", "soon", "soon", "soon"},
	} {
		for lang, want := range map[string]string{words.English: c.english, words.Chinese: c.chinese} {
			got, err := words.In(lang).Value(c.field, c.value)
			if err != nil || got != want {
				t.Errorf("%s %q in %s: %q, want %q (%v)", c.field, c.value, lang, got, want, err)
			}
		}
	}
}

// TestEveryKindOfProposalIsNamed, as pages and mails do it.
func TestEveryKindOfProposalIsNamed(t *testing.T) {
	for _, change := range []custody.Proposable{
		custody.AddCredential{}, custody.ChangePolicy{}, custody.Retire{}, custody.Abandon{}, custody.SetCustodians{}, custody.Park{},
		custody.AddPerson{}, custody.SetRoles{}, custody.ResetEnrolment{}, custody.ChangeEmail{}, custody.Disable{}, custody.Reinstate{}, custody.Retarget{}, custody.NameDeputy{},
	} {
		wants(t, "proposal_kind."+change.Verb())
	}
}
