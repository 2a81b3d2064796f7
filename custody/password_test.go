package custody

import "testing"

func TestChangePassword(t *testing.T) {
	open := func(o *office) string { s := o.state.Sessions("ann"); return s[len(s)-1].Token }
	o := newOffice(t)
	o.does("ann", SignIn{})
	mine, before := open(o), o.person("ann").Account
	if _, err := o.do("ann", ChangePassword{mine, before}); CodeOf(err) != InvalidRequest {
		t.Errorf("the password that was there: %v", err)
	}
	if _, err := o.do("ann", ChangePassword{sessionNumber(99), before + 1}); CodeOf(err) != InvalidRequest {
		t.Errorf("keeping what is not open: %v", err)
	}
	bens := o.state.Sessions("ben")[0].Token
	if _, err := o.do("ann", ChangePassword{bens, before + 1}); CodeOf(err) != InvalidRequest {
		t.Errorf("keeping somebody else's: %v", err)
	}
	c := o.with("ann", ChangePassword{mine, before + 1})
	c.Proof = noCode()
	if _, err := o.run(c); CodeOf(err) != InvalidRequest {
		t.Errorf("without a code: %v", err)
	}
	if err := o.triesWrongCode("ann", ChangePassword{mine, before + 1}); err != nil {
		t.Errorf("with a wrong one: %v", err)
	}
	if n := len(o.state.Sessions("ann")); n < 2 || o.person("ann").Account != before {
		t.Fatalf("refused, and yet: %d sessions, account %d", n, o.person("ann").Account)
	}
	o.does("ann", ChangePassword{mine, before + 1})
	if s := o.state.Sessions("ann"); len(s) != 1 || s[0].Token != mine || o.person("ann").Account != before+1 {
		t.Errorf("afterwards %v, account %d", s, o.person("ann").Account)
	}
	if len(o.state.Sessions("ben")) == 0 {
		t.Error("somebody else was logged out")
	}
	o.does("ann", ChangePassword{"", before + 2}) // from nowhere in particular
	if s := o.state.Sessions("ann"); len(s) != 0 {
		t.Errorf("afterwards %v", s)
	}
	for name, f := range map[string]PasswordChanged{
		"an older one":           {Person: "ann", Account: before},
		"the one that counts":    {Person: "ann", Account: before + 2},
		"another's session kept": {Person: "ann", Account: before + 3, Session: bens},
		"of somebody else":       {Person: "ben", Account: before + 3},
	} {
		e := o.forge("ann", f)
		if err := CheckEvent(o.state, e); err == nil {
			t.Errorf("%s: believed", name)
		}
	}
}
