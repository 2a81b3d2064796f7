package desktest

import (
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// OwnPassword is what people choose who set up their log-in.
const OwnPassword = "kupfer-7-Laterne!"

// Approvers hires a manager and a director, where there are none.
func (o *Office) Approvers() {
	o.T.Helper()
	for name, role := range map[string]custody.Role{"manager": custody.Manager, "director": custody.Director} {
		if _, err := o.Store.Person(o.T.Context(), name); err != nil {
			o.Hire(name, role)
		}
	}
}

// Agreed has somebody ask for a change, and manager and director approve it for as long
// as it waits. It gives the proposal's id.
func (o *Office) Agreed(by string, change custody.Proposable) string {
	o.T.Helper()
	o.Approvers()
	id := o.Must(by, custody.Propose{Change: custody.Change{Proposable: change}, Reason: desk.NewNote("needed")}).Events[0].Fact.Subject()
	for _, who := range []string{"manager", "director"} {
		p, err := o.Store.Proposal(o.T.Context(), id)
		if err != nil {
			o.T.Fatal(err)
		}
		if p.Status == custody.Open && p.Requester != who {
			o.Must(who, custody.Approve{Proposal: id, Digest: p.Digest()})
		}
	}
	return id
}

// Link gives somebody who was approved a link, by its issuer, and the release code that
// goes with it, as its reader sees it.
func (o *Office) Link(issuer, reader, username string) (desk.Link, custody.Secret) {
	o.T.Helper()
	link, err := o.Desk.IssueLink(o.T.Context(), desk.By{Actor: issuer, Request: Unique("link"), Code: o.Code(issuer)}, username)
	if err != nil {
		o.T.Fatal(err)
	}
	code, reads, err := o.Desk.ReleaseCode(o.T.Context(), reader, username)
	if err != nil || !reads {
		o.T.Fatalf("%s reads the release code of %s: %t, %v", reader, username, reads, err)
	}
	return link, code
}

// Joins sets up a log-in with a link, and gives the recovery codes.
func (o *Office) Joins(username string, link desk.Link, code custody.Secret) []custody.Secret {
	o.T.Helper()
	opened, err := o.Desk.OpenLink(o.T.Context(), desk.SetUp{
		Token: link.Token, Code: code, Password: custody.SecretString(OwnPassword), Request: Unique("open"),
	})
	if err != nil {
		o.T.Fatal(err)
	}
	o.Passwords[username], o.Seeds[username] = custody.SecretString(OwnPassword), SeedOf(o.T, opened.OTPAuth)
	joined, codes, err := o.Desk.Join(o.T.Context(), link.Token, o.Code(username), Unique("join"))
	if err != nil || joined != username {
		o.T.Fatalf("%s joins as %s: %v", username, joined, err)
	}
	return codes
}
