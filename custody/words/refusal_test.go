package words_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/words"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// TestARefusalIsSaidWhereItIsRead: in the language and the zone of who reads it.
func TestARefusalIsSaidWhereItIsRead(t *testing.T) {
	shanghai := time.FixedZone("", 8*60*60)
	away := func(until time.Time) *custody.Refusal {
		return &custody.Refusal{Code: custody.BothAway, Key: "both_away", Args: custody.Args{"credential": "db01", "person": "ann", "until": custody.Planned{Time: until}}}
	}
	field := custody.Invalid("target.settings.ca", "too_long", custody.Args{"most": 500})
	list := custody.Invalid("roles[2]", "one_of", custody.Args{"names": []string{"a", "b"}})
	locked := &custody.Refusal{Code: custody.LockedOut, Key: "locked", Args: custody.Args{"until": noon.Add(time.Millisecond), "wait": 90*time.Second + 1}}
	inactive := &custody.Refusal{Code: custody.Conflict, Key: "not_in_custody", Args: custody.Args{"credential": "db01", "phase": custody.Term{List: "phase", Code: "retired"}}}
	for _, test := range []struct {
		voice   words.Voice
		refusal *custody.Refusal
		what    string
		next    string
	}{
		{words.In("en"), away(noon), "ann, the other custodian of db01, is away until 2026-03-02 12:00 UTC; the two may not both be out.", "Wait until ann is back, or have the custodians changed."},
		{words.In("en"), away(time.Time{}), "ann, the other custodian of db01, is away; the two may not both be out.", "Wait until ann is back, or have the custodians changed."},
		{words.Voice{Lang: "zh", Zone: shanghai}, away(noon), "db01 的另一位保管人 ann 外出至 2026-03-02 20:00 UTC+08:00；A、B岗不能同时外出。", "请等待 ann 回岗，或申请更换保管人。"},
		{words.In("en"), locked, "Too many wrong codes: your confirmations are locked until 2026-03-02 12:00:01 UTC.", "Try again with a fresh code in 91 s. Or have an admin or a manager unlock you."},
		{words.In("zh"), inactive, "db01 不在保管中（已停止保管）。", "无法对其执行操作；历史见交接台账。"},
		{words.In("en"), field, `The field "target.settings.ca" must not be longer than 500 characters.`, "Correct it and send it again."},
		{words.Voice{Lang: "en", Labels: true}, field, `The field "Certificates (PEM)" must not be longer than 500 characters.`, "Correct it and send it again."},
		{words.Voice{Lang: "zh", Labels: true}, list, "字段“角色”必须为以下之一：a、b。", "请更正后重新提交。"},
		{words.In("en"), &custody.Refusal{Code: custody.Conflict}, "This does not fit how things are now.", ""},
		{words.In("en"), &custody.Refusal{Code: custody.Conflict, Key: "both_away"}, "This does not fit how things are now.", ""}, // not with holes
	} {
		if said := test.voice.Refusal(test.refusal); said.What != test.what || said.Next != test.next {
			t.Errorf("%v in %+v: %+v", test.refusal, test.voice, said)
		}
	}
}

// TestNothingIsSaidWithAHole: neither without a key, nor without a value, nor with
// one that nobody can read.
func TestNothingIsSaidWithAHole(t *testing.T) {
	for name, say := range map[string]func(words.Voice) (string, error){
		"no key": func(v words.Voice) (string, error) { return v.Say("no.key", nil) },
		"no value": func(v words.Voice) (string, error) {
			return v.Say("refusal.not_holder.what", custody.Args{"holder": "ann"})
		},
		"no term":     func(v words.Voice) (string, error) { return v.Term(custody.Term{List: "phase", Code: "none"}) },
		"no such way": func(v words.Voice) (string, error) { return v.Say("refusal.exists.what", custody.Args{"thing": 1.5}) },
	} {
		for _, lang := range append(words.Languages, "fr") {
			if said, err := say(words.In(lang)); err == nil || said != "" {
				t.Errorf("%s in %s: %q, %v", name, lang, said, err)
			}
		}
	}
	for _, lang := range words.Languages {
		if one, err := words.In(lang).Say("nav.inbox_count", custody.Args{"Count": 1}); err != nil || !strings.Contains(one, "1") {
			t.Errorf("%q, %v", one, err)
		}
	}
}
