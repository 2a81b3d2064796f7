package ldap_test

import (
	"encoding/base64"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ldap"
	"github.com/tandem-custody/tandem/custody/rotation/ldap/adtest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

// What a real domain controller says and does. There is one for all of this: it takes longer
// to make a domain than to try all that it is for.
func TestActiveDirectory(t *testing.T) {
	t.Parallel()
	controller := adtest.Start(t)
	for _, test := range []struct {
		what string
		run  func(*testing.T, *adtest.Server)
	}{
		{"Conform", adConform},
		{"Journal", adJournal},
		{"Lockout", adLockout},
		{"ItsPolicyRefusesValues", adPolicyRefusesValues},
		{"WeakValuesAreReplaced", adWeakValuesAreReplaced},
		{"WhoIsNotLetInAndWhy", adWhoIsNotLetIn},
		{"AClosedAccountIsNotChanged", adClosedAccountIsNotChanged},
		{"AnotherMethodIsRefused", adAnotherMethodIsRefused},
		{"NothingIsSentInClear", adNothingIsSentInClear},
		{"WhoMayNotResetIsDeclined", adWhoMayNotReset},
		{"TheOldPasswordIsLetInAnHour", adOldPasswordIsLetIn},
	} {
		t.Run(test.what, func(t *testing.T) { test.run(t, controller) })
	}
}

func adSystem(s *adtest.Server, ways ...targettest.Way) targettest.System {
	return targettest.System{
		Ways: ways, Parallel: true, Stop: s.Stop, Start: s.Start, Replace: s.ReplaceCertificate,
		Tried:   func() int { all, _ := s.Tried(""); return all },
		Refused: func(dn string) int { _, refused := s.Tried(dn); return refused },
		NoTrace: func(t testing.TB, secrets ...custody.Secret) {
			for _, secret := range secrets {
				if form := servertest.Trace(s.Log(), secret); form != "" {
					t.Errorf("a secret is in the controller's log %s", form)
				}
			}
		},
		Says: []string{"LdapErr", "AcceptSecurityContext", "check_password_restrictions", "DSID", "LDAP Result"},
		Takes: []string{
			"a", " leading and trailing ", `"in quotation marks"`, `"`, "dn:uid=x,dc=y", `\2c"+;<>#=`, "tab\tand\nline\r\n", "\x7f\x01",
			"密码密码密码", "😀", strings.Repeat("x", 256), strings.Repeat("密", 256), "%s%n%d", "'; -- ${HOME} `id`",
		},
		Refuses: map[string]string{
			"it ends early": "ends\x00early", "too long": strings.Repeat("x", 257), "too long in UTF-16": strings.Repeat("😀", 129), "not UTF-8": "\xff\xfe",
		},
	}
}

// adWay is how an account at an address is changed, by the second account or alone.
func adWay(name string, s *adtest.Server, addr, admin string, settings ...string) targettest.Way {
	w := targettest.Way{
		Name: name, Does: rotation.Description{Reconciles: admin != ""}, Alone: admin == "",
		Add: func(t *testing.T) *targettest.Account {
			account, password := s.AddAccount(t)
			return adAccount(t, s, addr, account, admin, password, settings...)
		},
	}
	if admin != "" {
		w.Admin = func(t custody.Target) string { return t.Settings["admin"] }
	}
	return w
}

func adAccount(t *testing.T, s *adtest.Server, addr, account, admin string, password custody.Secret, settings ...string) *targettest.Account {
	a := &targettest.Account{
		Password: password, Open: ldap.Open,
		Describe: func() custody.Target { return adDescribe(s, addr, account, admin, settings...) },
		Login:    func(secret custody.Secret) error { return s.Login(t, account, secret) },
		Set:      func(secret custody.Secret) { s.SetPassword(t, account, secret) },
	}
	if admin != "" {
		a.Key = s.AdminPassword
	}
	return a
}

func adDescribe(s *adtest.Server, addr, account, admin string, settings ...string) custody.Target {
	all := append([]string{"method", "unicodePwd", "tls", "ldaps", "ca", s.CA}, settings...)
	if admin != "" {
		all = append(all, "admin", admin)
	}
	return targettest.Describe(ldap.Kind, addr, account, all...)
}

// adBoth opens an account as the second account changes it, and as it changes itself.
func adBoth(t *testing.T, s *adtest.Server, account string, settings ...string) map[string]rotation.Target {
	return map[string]rotation.Target{
		"the second account": targettest.Open(t, ldap.Open, adDescribe(s, s.AddrTLS, account, adtest.Admin, settings...), s.AdminPassword),
		"the account itself": targettest.Open(t, ldap.Open, adDescribe(s, s.AddrTLS, account, "", settings...), custody.Secret{}),
	}
}

func adByAdmin(s *adtest.Server) targettest.Way {
	return adWay("by the second account", s, s.AddrTLS, adtest.Admin)
}

func adByItself(s *adtest.Server) targettest.Way {
	return adWay("by the account itself", s, s.AddrTLS, "")
}

func adConform(t *testing.T, s *adtest.Server) {
	cut := adByAdmin(s)
	cut.Cut = 89 // the answer to a change has more bytes in TLS
	targettest.Conform(t, adSystem(s, cut, adWay("by the account itself with StartTLS", s, s.Addr, "", "tls", "starttls")))
}

// A domain remembers what an account had when that changes its own password, and not when
// it is reset. Controllers that go away, and others in their place, are Conform's.
func adJournal(t *testing.T, s *adtest.Server) {
	system := adSystem(s, adByItself(s))
	system.Stop, system.Start, system.Replace = nil, nil, nil
	targettest.Journal(t, system)
}

// A domain that locks after the third wrong password counts one of the account at most for
// each attempt, and one of the second account.
func adLockout(t *testing.T, s *adtest.Server) {
	policy := s.AddPolicy(t, map[string]string{"LockoutThreshold": "3"})
	s.PutUnder(t, policy, adtest.Admin)
	strict := func(w targettest.Way) targettest.Way {
		w.Add = func(t *testing.T) *targettest.Account {
			account, password := s.AddAccount(t)
			s.PutUnder(t, policy, account)
			return adAccount(t, s, s.AddrTLS, account, map[bool]string{false: adtest.Admin}[w.Alone], password)
		}
		return w
	}
	targettest.Lockout(t, adSystem(s, strict(adByAdmin(s)), strict(adByItself(s))))

	byItself := strict(adByItself(s)).Add(t)
	c := targettest.TakeOver(t, byItself)
	account := byItself.Describe().Account
	byItself.Set(adtest.NewPassword())
	byItself.Set(adtest.NewPassword())
	byItself.Set(adtest.NewPassword()) // the controller counts none of the two before the present one
	c.Work("", targettest.Failed(rotation.CurrentRefused))
	if n := s.WrongPasswords(t, account); n != 1 {
		t.Errorf("the controller holds %d wrong passwords against the account", n)
	}
	wrong := strict(adByAdmin(s)).Add(t)
	wrong.Key = adtest.NewPassword()
	before := s.WrongPasswords(t, adtest.Admin)
	targettest.TakeOver(t, wrong).Work("", targettest.Failed(rotation.AdminRefused))
	if n := s.WrongPasswords(t, adtest.Admin) - before; n != 1 {
		t.Errorf("the controller holds %d wrong passwords against the second account", n)
	}
	if n := s.WrongPasswords(t, wrong.Describe().Account); n != 0 {
		t.Errorf("and %d against the account", n)
	}
}

// A domain's own rules: whoever resets a password is held to length and complexity, and the
// account itself to its history as well.
func adPolicyRefusesValues(t *testing.T, s *adtest.Server) {
	policy := s.AddPolicy(t, map[string]string{"PasswordComplexityEnabled": "TRUE", "MinimumPasswordLength": "20"})
	account, old := s.AddAccount(t)
	s.PutUnder(t, policy, account)
	for by, target := range adBoth(t, s, account) {
		next := adtest.NewPassword()
		want(t, by+": change", target.Change(t.Context(), old, next), nil)
		for what, value := range map[string]custody.Secret{
			"too short":  custody.SecretString("Short-1"),
			"too simple": custody.SecretString(strings.Repeat("a", 30)),
		} {
			err := target.Change(t.Context(), next, value)
			want(t, by+": "+what, err, rotation.ErrValue)
			targettest.WantWhy(t, by+": "+what, err, rotation.ValueRefused)
		}
		if by == "the account itself" {
			want(t, by+": back to one that was", target.Change(t.Context(), next, old), rotation.ErrValue)
			want(t, by+": the same again", target.Change(t.Context(), next, next), rotation.ErrValue)
		}
		want(t, by+": the password after all that", target.Verify(t.Context(), next), nil)
		old = next
	}

	young := s.AddPolicy(t, map[string]string{"MinimumPasswordAge": "-864000000000"}) // a day
	account, old = s.AddAccount(t)
	s.PutUnder(t, young, account)
	both := adBoth(t, s, account)
	want(t, "too young, by itself", both["the account itself"].Change(t.Context(), old, adtest.NewPassword()), rotation.ErrValue)
	want(t, "too young, by the second account", both["the second account"].Change(t.Context(), old, adtest.NewPassword()), nil)
}

func adWeakValuesAreReplaced(t *testing.T, s *adtest.Server) {
	policy := s.AddPolicy(t, map[string]string{"PasswordComplexityEnabled": "TRUE", "MinimumPasswordLength": "20"})
	for _, way := range []targettest.Way{adByAdmin(s), adByItself(s)} {
		a := way.Add(t)
		s.PutUnder(t, policy, a.Describe().Account)
		c := targettest.TakeOver(t, a)
		weak := []custody.Secret{custody.SecretString("Short-1"), custody.SecretString(strings.Repeat("a", 30))}
		c.Secrets.Repeat = append(slices.Clone(weak), adtest.NewPassword())
		c.Work("", targettest.Held)
		c.Settled(1)
		if refused := c.Failures(rotation.ValueRefused); refused != len(weak) {
			t.Errorf("%s: refused %d values, not %d", way.Name, refused, len(weak))
		}
	}
}

// closed are the ways in which a domain lets nobody into an account with its right password,
// and what people are told.
var closed = map[string]struct {
	why   rotation.Failure
	reset bool // a reset by the second account opens it again
	close func(*testing.T, *adtest.Server, string)
}{
	"disabled": {rotation.AccountClosed, false, func(t *testing.T, s *adtest.Server, account string) {
		s.Replace(t, account, "userAccountControl", ": 514")
	}},
	"expired": {rotation.AccountClosed, false, func(t *testing.T, s *adtest.Server, account string) {
		s.Replace(t, account, "accountExpires", ": 130000000000000000") // in 2012
	}},
	"locked": {rotation.AccountClosed, false, func(t *testing.T, s *adtest.Server, account string) {
		s.PutUnder(t, s.AddPolicy(t, map[string]string{"LockoutThreshold": "1"}), account)
		if s.Login(t, account, adtest.NewPassword()) == nil {
			t.Fatal("a wrong password opens the account")
		}
	}},
	"to be changed at the next log-in": {rotation.MustChange, true, func(t *testing.T, s *adtest.Server, account string) {
		s.Replace(t, account, "pwdLastSet", ": 0")
	}},
	"at this hour": {rotation.NotAllowed, false, func(t *testing.T, s *adtest.Server, account string) {
		s.Replace(t, account, "logonHours", ":: "+base64.StdEncoding.EncodeToString(make([]byte, 21))) // in none of the week
	}},
	"from here": {rotation.NotAllowed, false, func(t *testing.T, s *adtest.Server, account string) {
		s.Replace(t, account, "userWorkstations", ": elsewhere")
	}},
}

// LDAP has one result for all of them, that of a wrong password. A right one is not called
// refused, and people are told what to do.
func adWhoIsNotLetIn(t *testing.T, s *adtest.Server) {
	for what, c := range closed {
		account, password := s.AddAccount(t)
		c.close(t, s, account)
		for by, target := range adBoth(t, s, account) {
			err := target.Verify(t.Context(), password)
			unknown(t, what, err)
			targettest.WantWhy(t, what, err, c.why)
			if by == "the account itself" {
				err := target.Change(t.Context(), password, adtest.NewPassword())
				want(t, what+", its own change", err, rotation.ErrRefused)
				targettest.WantWhy(t, what+", its own change", err, c.why)
			}
		}
	}
	nobody := "cn=nobody," + adtest.People
	want(t, "nobody", adBoth(t, s, nobody)["the account itself"].Verify(t.Context(), adtest.NewPassword()), rotation.ErrRefused)
}

// What no password would open is not given one: it stays as it was, and the rotation can be
// called off. What a reset opens is changed, and proved.
func adClosedAccountIsNotChanged(t *testing.T, s *adtest.Server) {
	for what, c := range closed {
		if c.why == rotation.NotAllowed {
			continue // which is a rule for log-ins, and not of the account
		}
		a := adByAdmin(s).Add(t)
		account := a.Describe().Account
		taken := targettest.TakeOver(t, a)
		c.close(t, s, account)
		changed := s.Attribute(t, account, "pwdLastSet")
		if c.reset {
			taken.Work("", targettest.Held)
			taken.Settled(1)
			continue
		}
		taken.Work("", targettest.Failed(rotation.AccountClosed))
		if after := s.Attribute(t, account, "pwdLastSet"); after != changed {
			t.Errorf("%s: its password was set at %s, before that at %s", what, after, changed)
		}
		if credential, err := taken.Desk.Credential(t.Context(), targettest.Credential); err != nil || !credential.Cancellable() {
			t.Errorf("%s: it cannot be called off: %v", what, err)
		}
	}
	// Unlocked, it goes on by itself.
	a := adByAdmin(s).Add(t)
	account := a.Describe().Account
	taken := targettest.TakeOver(t, a)
	closed["disabled"].close(t, s, account)
	taken.Work("", targettest.Failed(rotation.AccountClosed))
	s.Replace(t, account, "userAccountControl", ": 512")
	s.Replace(t, account, "accountExpires", ": 0") // never
	taken.Work("", targettest.Held)
	taken.Settled(1)
}

// Active Directory has no Password Modify, and would keep a hash in userPassword where
// people can read it.
func adAnotherMethodIsRefused(t *testing.T, s *adtest.Server) {
	for _, method := range []string{"exop", "userPassword"} {
		account, password := s.AddAccount(t)
		for by, target := range adBoth(t, s, account, "method", method) {
			before, _ := s.Tried("")
			targettest.WantWhy(t, method+" by "+by, target.(rotation.Prover).Provable(t.Context()), rotation.Unsupported)
			if after, _ := s.Tried(""); after != before {
				t.Errorf("%s by %s: %d log-ins were tried for that", method, by, after-before)
			}
			err := target.Change(t.Context(), password, adtest.NewPassword())
			want(t, method+" by "+by, err, rotation.ErrDeclined)
			want(t, method+" by "+by+": the password", target.Verify(t.Context(), password), nil)
		}
		if hash := s.Attribute(t, account, "userPassword") + s.Attribute(t, account, "userPassword:"); hash != "" {
			t.Errorf("%s: userPassword is %q", method, hash)
		}
	}
}

// A domain controller takes no password in clear, and says so.
func adNothingIsSentInClear(t *testing.T, s *adtest.Server) {
	account, password := s.AddAccount(t)
	_, err := ldap.Open(targettest.With(adDescribe(s, s.Addr, account, ""), func(t *custody.Target) {
		t.Settings["tls"] = "off"
		delete(t.Settings, "ca")
	}), custody.Secret{})
	targettest.WantInvalid(t, "unicodePwd in clear", err, "target.settings.tls")

	clear := targettest.Describe(ldap.Kind, s.Addr, account, "tls", "off")
	target := targettest.Open(t, ldap.Open, clear, custody.Secret{})
	err = target.Verify(t.Context(), password)
	unknown(t, "a log-in in clear", err)
	targettest.WantWhy(t, "a log-in in clear", err, rotation.TLSRequired)
}

// Whoever may not reset a password is declined, and the password stays.
func adWhoMayNotReset(t *testing.T, s *adtest.Server) {
	account, password := s.AddAccount(t)
	other, otherPassword := s.AddAccount(t)
	target := targettest.Open(t, ldap.Open, adDescribe(s, s.AddrTLS, account, other), otherPassword)
	err := target.Change(t.Context(), password, adtest.NewPassword())
	want(t, "a second account that may not", err, rotation.ErrDeclined)
	targettest.WantWhy(t, "a second account that may not", err, rotation.Declined)
	want(t, "the password after that", target.Verify(t.Context(), password), nil)

	// Nor may the second account reset whoever is not below its people.
	before := s.Attribute(t, adtest.Root, "pwdLastSet")
	root := targettest.Open(t, ldap.Open, adDescribe(s, s.AddrTLS, adtest.Root, adtest.Admin), s.AdminPassword)
	want(t, "the administrator's", root.Change(t.Context(), s.RootPassword, adtest.NewPassword()), rotation.ErrDeclined)
	if after := s.Attribute(t, adtest.Root, "pwdLastSet"); after != before {
		t.Error("the administrator's password was changed")
	}
	nobody := targettest.Open(t, ldap.Open, adDescribe(s, s.AddrTLS, "cn=nobody,"+adtest.People, adtest.Admin), s.AdminPassword)
	want(t, "nobody's", nobody.Change(t.Context(), password, adtest.NewPassword()), rotation.ErrDeclined)
}

// For about an hour a domain lets in the password before as well. Until it is over nothing is
// called verified, people are told why, and the account is held to no wrong password.
func adOldPasswordIsLetIn(t *testing.T, s *adtest.Server) {
	s.LetTheOldPasswordIn(60)
	changed := map[*targettest.Custody]string{}
	for _, way := range []targettest.Way{adByAdmin(s), adByItself(s)} {
		c := targettest.TakeOver(t, way.Add(t))
		c.Work("", targettest.Failed(rotation.OldValidAnHour))
		c.Opens(1)
		want(t, way.Name+": the old password, seen from outside", c.Login(c.Password), nil)
		for _, e := range c.Desk.Events() {
			if _, is := e.Fact.(custody.RotationVerified); is {
				t.Errorf("%s: called verified while the old password opens the account", way.Name)
			}
		}
		if credential, err := c.Desk.Credential(t.Context(), targettest.Credential); err != nil || credential.Phase == custody.Held {
			t.Errorf("%s: it is held already, %v", way.Name, err)
		}
		changed[c] = s.Attribute(t, c.Describe().Account, "pwdLastSet")
	}
	s.LetTheOldPasswordIn(0) // as when the hour is over
	for c, at := range changed {
		account := c.Describe().Account
		c.Work("", targettest.Held)
		c.Settled(1)
		if after := s.Attribute(t, account, "pwdLastSet"); after != at {
			t.Error("it was changed once more")
		}
		if n := s.WrongPasswords(t, account); n != 0 {
			t.Errorf("%d wrong passwords are held against it", n)
		}
	}
}

// An account cannot have such a password: nobody is asked to take it away.
func TestAnOldPasswordThatNoDomainHas(t *testing.T) {
	t.Parallel()
	described := targettest.Describe(ldap.Kind, "127.0.0.1:1", "cn=app,dc=test", "method", "unicodePwd") // where nobody listens
	target := targettest.Open(t, ldap.Open, described, custody.Secret{})
	want(t, "a password that it may have", target.Change(t.Context(), custody.SecretString("old"), servertest.NewPassword()), rotation.ErrUnreachable)
	want(t, "a new one that it cannot have", target.Change(t.Context(), custody.SecretString("old"), custody.SecretString("\xff")), rotation.ErrValue)
	want(t, "one that it cannot have", target.Change(t.Context(), custody.SecretString("\xff"), servertest.NewPassword()), rotation.ErrDeclined)
}

// What Microsoft's own says, which Samba says in the same words or with another result, and
// what nobody knows the meaning of: that is no refusal of the password.
func TestWhatADomainControllerMeans(t *testing.T) {
	t.Parallel()
	const right, invalidCredentials, constraintViolation, unwilling = 0, 49, 19, 53
	login := func(data string) string {
		return "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data " + data + ", v4563"
	}
	for says, means := range map[string]rotation.Failure{
		login("52e"): "", login("525"): "", "": "", "wrong": "",
		"80090308: LdapErr: data 775, v4563": "", "data 775, v4563": "", "x" + login("775"): "",
		login("530"): rotation.NotAllowed, login("531"): rotation.NotAllowed,
		login("532"): rotation.MustChange, login("773"): rotation.MustChange,
		login("533"): rotation.AccountClosed, login("701"): rotation.AccountClosed, login("775"): rotation.AccountClosed,
		login("57"): rotation.TargetError, login("ffffffff"): rotation.TargetError,
	} {
		target := targettest.Open(t, ldap.Open, answering(t, answer{invalidCredentials, says}), custody.Secret{})
		err := target.Verify(t.Context(), servertest.NewPassword())
		if means == "" {
			want(t, says, err, rotation.ErrRefused)
		} else {
			unknown(t, says, err)
			targettest.WantWhy(t, says, err, means)
		}
		targettest.WantClean(t, says, err, []string{"AcceptSecurityContext", "DSID", "v4563"})
	}
	for _, c := range []struct {
		result byte
		says   string
		means  error
	}{
		{unwilling, "0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0", rotation.ErrValue},
		{unwilling, "0000001F: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0", rotation.ErrDeclined},
		{unwilling, "the password policy is 0000052D: no", rotation.ErrDeclined},
		{constraintViolation, "0000052D: AtrErr: DSID-03191083, #1:", rotation.ErrValue},
	} {
		target := targettest.Open(t, ldap.Open, answering(t, answer{right, ""}, answer{c.result, c.says}), custody.Secret{})
		err := target.Change(t.Context(), servertest.NewPassword(), servertest.NewPassword())
		want(t, c.says, err, c.means)
		targettest.WantClean(t, c.says, err, []string{"SvcErr", "DSID", "WILL_NOT_PERFORM"})
	}
}

// answer is the result of a request, and what is said of it in words.
type answer struct {
	result byte
	says   string
}

// answering describes an account in a directory that gives these answers, to a bind and to
// an extended operation, whatever is asked.
func answering(t *testing.T, answers ...answer) custody.Target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for i, a := range answers {
			if _, err := conn.Read(make([]byte, 1<<12)); err != nil { // a request is one packet
				return
			}
			// RFC 4511, 4.1.1 and 4.1.9: a message's number, the kind of the answer, its result.
			kind := []byte{0x61, 0x78}[i]
			result := append([]byte{0x0a, 1, a.result, 0x04, 0, 0x04, byte(len(a.says))}, a.says...)
			message := append([]byte{0x02, 1, byte(i + 1), kind, byte(len(result))}, result...)
			conn.Write(append([]byte{0x30, byte(len(message))}, message...))
		}
		io.Copy(io.Discard, conn) // until it hangs up
	}()
	return targettest.Describe(ldap.Kind, l.Addr().String(), "uid=app,dc=test", "tls", "off")
}
