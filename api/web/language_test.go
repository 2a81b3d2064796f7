package web_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestALanguageThatNobodyHasIsNoLanguage: a cookie of another program, or an old one
// of ours, leaves the browser's own.
func TestALanguageThatNobodyHasIsNoLanguage(t *testing.T) {
	b := newOffice(t).browser("zh")
	b.cookies["__Host-tandem-language"] = "xx"
	if p := b.get("/login"); p.status != http.StatusOK || !strings.Contains(p.body, `<html lang="zh`) {
		t.Errorf("%d: %.300s", p.status, p.body)
	}
}
