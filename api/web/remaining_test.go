package web_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
)

// What opens an account beside its password stands on its page, in both languages: the
// keys that it listed, that it has none, or that it did not say.
func TestWhatOpensItBesidesIsOnThePage(t *testing.T) {
	o := newOffice(t)
	a := o.as("tech-a", "en")
	listed := func(r custody.Remaining) {
		version := o.Credential("db01").Version
		o.Must(custody.System, custody.StartVerification{Credential: "db01", Version: version})
		o.Must(custody.System, custody.EndVerification{Credential: "db01", Version: version, Result: custody.VerificationAccepted, Remaining: r})
	}
	a.get("/credentials/db01").shows(t, 200, "What opens it besides", "Not listed by the account.", "outlive a password")
	listed(custody.Lists(nil))
	a.get("/credentials/db01").shows(t, 200, "No key in the account's own files.", "outlive a password")
	var keys []string
	for _, c := range "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ" {
		keys = append(keys, "SHA256:"+strings.Repeat(string(c), 43))
	}
	listed(custody.Lists(keys))
	a.get("/credentials/db01").shows(t, 200, keys[0], "and 4 more", "outlive a password")
	o.as("auditor", "zh").get("/credentials/db01").shows(t, 200, keys[0], "其他登录途径", "另有 4 个")
}
