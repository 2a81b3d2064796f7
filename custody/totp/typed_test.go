package totp_test

import (
	"testing"

	"github.com/tandem-custody/tandem/custody/totp"
)

func TestCodesAsPeoplePasteThem(t *testing.T) {
	for _, typed := range []string{
		"123456", "123 456", " 123456\n", "123\u00a0456", "123\u2009456", "123\u202f456", "１２３４５６", "１２３　４５６",
		"123-456", "123\u2013456", "123\u2011456", "123\u2212456", "\u200e123456\u200b", "\ufeff123456", "12\t34\t56",
	} {
		if got := totp.Typed(typed); got != "123456" {
			t.Errorf("%q: %q", typed, got)
		}
	}
	for typed, want := range map[string]string{"": "", "12345": "12345", "1234567": "1234567", "12e456": "12e456", "123.456": "123.456"} {
		if got := totp.Typed(typed); got != want {
			t.Errorf("%q became %q", typed, got)
		}
	}
}
