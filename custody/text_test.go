package custody

import (
	"testing"
)

// TestAReasonThatWasCopiedIsOneLine: with its tab and its second line it is a
// reason still.
func TestAReasonThatWasCopiedIsOneLine(t *testing.T) {
	for written, want := range map[string]string{
		"ticket\t4711": "ticket 4711", "two\r\nlines\n": "two lines", " \u00a0工单\u3000四七一一\u2028 ": "工单 四七一一", "as it was": "as it was",
		"\u200b": "", " \u200b\u2060\ufeff ": "", "\u3164": "", "\u2800\u2800": "", "\u00ad\ufe0f\u034f": "", "": "",
		"👍": "👍", ".": ".", "a\u200bb": "a\u200bb", "\x1b[31m": "\x1b[31m", "\u202e": "\u202e",
	} {
		if got := OneLine(written); got != want {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
		if got := note(written); got.String() != want || got.IsZero() != (want == "") {
			t.Errorf("a note of %q is %q", written, got)
		}
	}
}

// TestAPurposeThatNobodySeesIsNone.
func TestAPurposeThatNobodySeesIsNone(t *testing.T) {
	for _, text := range []string{"", " ", "\u200b", "\u200b\u200d\u2060", "\u3164", "\u115f\u1160", "\uffa0", "\u2800", "\u00ad", "\ufe0f", "\u0301"} {
		if err := CheckText("purpose", text); err == nil || err.Key != "empty" {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"x", "工", "👍", "é", "e\u0301", "ภ", "-"} {
		if err := CheckText("purpose", text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"\u202e", "a\x00", "\x1b"} {
		if err := CheckText("purpose", text); err == nil || err.Key != "control_characters" || err.Field != "purpose" {
			t.Errorf("%q: %v", text, err)
		}
	}
}
