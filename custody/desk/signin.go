package desk

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
)

// SignInRequest is a log-in as it was typed.
type SignInRequest struct {
	Username string
	Password custody.Secret
	Code     string
	Request  string
}

// SignedIn is a session. The token and the recovery codes are only here; the
// database has their hashes.
type SignedIn struct {
	Token   custody.Secret
	Expires time.Time
	Person  custody.Person

	RecoveryCodes []custody.Secret // new ones, with which the old are forgotten; none: as before
}

// tokenBytes makes a session token that cannot be guessed.
const tokenBytes = 32

// absentHash is compared with when there is no account, so that this takes as
// long as a wrong password (CVE-2025-6011). It has the form of hash's, and random
// bytes in the place of the key: nothing that anybody can type hashes to them. To
// hash something would cost every start 20 ms and 19 MiB.
var absentHash = func() string {
	random := make([]byte, hashParams.SaltLength+hashParams.KeyLength)
	_, _ = rand.Read(random) // never fails, see crypto/rand
	salt, key := random[:hashParams.SaltLength], random[hashParams.SaltLength:]
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		hashParams.Memory, hashParams.Iterations, hashParams.Parallelism,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}()

// SignIn opens a session. An unknown name, a wrong password and a wrong code
// get the same refusal after the same work. Failures are counted for each name,
// known or not; a locked name is refused whatever follows.
func (d *Desk) SignIn(ctx context.Context, in SignInRequest) (SignedIn, error) {
	ctx = WithRequest(ctx, in.Request)
	username, throttle, err := d.approach(ctx, in.Username)
	if err != nil {
		return SignedIn{}, err
	}
	signed, outcome, err := d.open(ctx, username, in)
	if errors.Is(err, errReset) { // or only seen to be: looked at again
		signed, outcome, err = d.open(ctx, username, in)
	}
	switch {
	case errors.Is(err, errReset), errors.Is(err, errNotGenuine):
		return SignedIn{}, d.failedSignIn(ctx, throttle, username)
	case err != nil:
		return SignedIn{}, err
	}
	if err := d.clearThrottle(ctx, throttle); err != nil {
		return SignedIn{}, err
	}
	signed.RecoveryCodes, err = d.recoveryCodes(ctx, username, outcome)
	if err != nil {
		return SignedIn{}, err
	}
	signed.Person, _ = d.person(username)
	return signed, nil
}

// errNotGenuine: password or code is wrong.
var errNotGenuine = errors.New("not a genuine log-in")

// open looks at a log-in and opens its session, unless the person's enrolment is
// reset in between: errReset.
func (d *Desk) open(ctx context.Context, username string, in SignInRequest) (SignedIn, Outcome, error) {
	since := d.entries()
	good, err := d.genuine(ctx, username, in)
	if err == nil && !good {
		err = errNotGenuine
	}
	if err != nil {
		return SignedIn{}, Outcome{}, err
	}
	signed, session := d.newSession(username)
	outcome, err := d.doBound(ctx, Intent{Actor: username, Request: in.Request, Code: in.Code, Action: custody.SignIn{}},
		bound{fenced: username, since: since, session: &session})
	return signed, outcome, err
}

// approach gives the account that a name stands for and what counts its failures,
// or the refusal of a name that is locked.
func (d *Desk) approach(ctx context.Context, typed string) (username, throttle string, err error) {
	// One spelling for each account, or a change of case would be a way past
	// the lock (CVE-2025-6004).
	username = strings.ToLower(typed)
	if err := d.belongs(ctx); err != nil {
		return "", "", err
	}
	if throttle, err = d.throttleName(ctx, username); err != nil {
		return "", "", err
	}
	return username, throttle, d.checkThrottle(ctx, throttle)
}

// Nobody is what no account, no seed and no recovery code is ever kept under,
// whatever was typed.
const Nobody = "-"

// genuine looks at password and code, both always.
func (d *Desk) genuine(ctx context.Context, username string, in SignInRequest) (bool, error) {
	person, known := d.person(username)
	period := person.TOTPPeriod
	if !known {
		period, username = totp.DefaultPeriod, Nobody
	}
	d.seeds.forget(username) // another replica may have replaced it
	steps, err := d.match(ctx, username, period, in.Code)
	if err != nil {
		return false, err
	}
	same, err := d.samePassword(ctx, username, in.Password)
	return same && len(steps) > 0, err
}

// samePassword takes as long for an account that does not exist.
func (d *Desk) samePassword(ctx context.Context, username string, password custody.Secret) (bool, error) {
	hash, err := d.Accounts.PasswordHash(ctx, username)
	absent := errors.Is(err, ErrNoAccount)
	if absent {
		hash = absentHash
	} else if err != nil {
		return false, err
	}
	if err := d.startHashing(ctx); err != nil {
		return false, err
	}
	defer func() { <-d.hashing }()
	same, err := argon2id.ComparePasswordAndHash(password.Reveal(), hash)
	if err != nil {
		return false, fmt.Errorf("the password hash of an account is unusable")
	}
	return same && !absent, nil
}

// newSession makes a session that is not open yet.
func (d *Desk) newSession(username string) (SignedIn, Session) {
	raw := make([]byte, tokenBytes)
	_, _ = rand.Read(raw) // never fails, see crypto/rand
	token := custody.SecretString(base64.RawURLEncoding.EncodeToString(raw))
	now := d.Clock.Now()
	s := Session{
		TokenHash: sha256.Sum256(token.Bytes()), Person: username,
		Created: now, Expires: now.Add(d.SessionTTL),
	}
	return SignedIn{Token: token, Expires: s.Expires}, s
}

// Who gives the person of a session, or a Refusal.
func (d *Desk) Who(ctx context.Context, token custody.Secret) (custody.Person, error) {
	s, err := d.Accounts.Session(ctx, sha256.Sum256(token.Bytes()))
	if err != nil && !errors.Is(err, ErrNoSession) {
		return custody.Person{}, err
	}
	person, known := d.person(s.Person)
	if err != nil || !known || person.Disabled || !person.Enrolled || !d.Clock.Now().Before(s.Expires) {
		return custody.Person{}, &custody.Refusal{Code: custody.Unauthenticated,
			What: custody.Text{En: "There is no such session, or it has ended.", Zh: "会话不存在或已结束。"},
			Next: custody.Text{En: "Log in.", Zh: "请登录。"}}
	}
	return person, nil
}

// SignOut ends a session.
func (d *Desk) SignOut(ctx context.Context, token custody.Secret, request string) error {
	person, err := d.Who(ctx, token)
	if err != nil {
		return err
	}
	if err := d.Accounts.DeleteSession(ctx, sha256.Sum256(token.Bytes())); err != nil {
		return err
	}
	_, err = d.Do(ctx, Intent{Actor: person.Username, Request: request, Action: custody.SignOut{}})
	return err
}

func (d *Desk) clearThrottle(ctx context.Context, name string) error {
	_, err := d.Accounts.UpdateThrottle(ctx, name, func(Throttle) Throttle { return Throttle{} })
	return err
}

func (d *Desk) checkThrottle(ctx context.Context, name string) error {
	t, err := d.Accounts.UpdateThrottle(ctx, name, func(t Throttle) Throttle { return t })
	if err != nil {
		return err
	}
	if wait := t.LockedUntil.Sub(d.Clock.Now()); wait > 0 {
		seconds := int64((wait + time.Second - 1) / time.Second)
		return &custody.Refusal{Code: custody.LockedOut, RetryAfter: wait,
			What: custody.Text{En: "Too many failed log-ins.", Zh: "登录失败次数过多。"},
			Next: custody.Text{
				En: fmt.Sprintf("Try again in %d s.", seconds), Zh: fmt.Sprintf("请在 %d 秒后重试。", seconds)}}
	}
	return nil
}

// failedSignIn counts a failure. The ledger gets one entry for each lock-out;
// names that do not exist share one count for that, so that nobody can fill it
// by making names up.
func (d *Desk) failedSignIn(ctx context.Context, throttle, username string) error {
	locked, err := d.countFailure(ctx, throttle)
	if err != nil {
		return err
	}
	if _, known := d.person(username); !known {
		username = ""
		if locked, err = d.countFailure(ctx, strangers); err != nil {
			return err
		}
	}
	if !locked.LockedUntil.IsZero() {
		action := custody.LockSignIn{Person: username, Failures: d.Policy.LockAfter, Until: locked.LockedUntil}
		if _, err := d.Do(ctx, Intent{Actor: custody.System, Request: RequestOf(ctx), Action: action}); err != nil {
			return err
		}
	}
	return errNotAccepted
}

var errNotAccepted = &custody.Refusal{Code: custody.Unauthenticated,
	What: custody.Text{En: "The log-in was not accepted.", Zh: "登录未通过。"},
	Next: custody.Text{En: "Check user name, password and code.", Zh: "请核对用户名、密码和验证码。"}}

// strangers is the throttle of all names that do not exist together. It locks
// nobody out: it only paces their entries.
const strangers = "strangers"

// countFailure gives the throttle if this failure locked it, else a zero one.
func (d *Desk) countFailure(ctx context.Context, name string) (Throttle, error) {
	now, locked := d.Clock.Now(), false
	t, err := d.Accounts.UpdateThrottle(ctx, name, func(t Throttle) Throttle {
		t.Touched = now
		if now.Before(t.LockedUntil) {
			return t
		}
		t.Failures++
		if t.Failures >= d.Policy.LockAfter {
			locked = true
			t.LockedUntil = now.Add(d.Policy.Lockout(t.Locks))
			t.Locks++
			t.Failures = 0
		}
		return t
	})
	if err != nil || !locked {
		return Throttle{}, err
	}
	return t, nil
}

// throttleName hides what was typed as a name: now and then that is a password.
func (d *Desk) throttleName(ctx context.Context, username string) (string, error) {
	key, err := d.throttleKey(ctx)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(username))
	return hex.EncodeToString(mac.Sum(nil)), nil
}

func (d *Desk) throttleKey(ctx context.Context) ([]byte, error) {
	if key, ok := d.seeds.get(ThrottlePath, d.Clock.Now()); ok {
		return key.Bytes(), nil
	}
	v, err := d.Secrets.Read(ctx, ThrottlePath)
	if errors.Is(err, ErrNoSecret) {
		fresh := make([]byte, sha256.Size)
		_, _ = rand.Read(fresh) // never fails, see crypto/rand
		_, err = d.Secrets.Write(ctx, ThrottlePath, custody.NewSecret(fresh), 0, nil)
		if err == nil || errors.Is(err, ErrVersion) { // another replica was first
			v, err = d.Secrets.Read(ctx, ThrottlePath)
		}
	}
	if err != nil {
		return nil, err
	}
	d.seeds.put(ThrottlePath, v.Value, d.Clock.Now().Add(seedTTL))
	return v.Value.Bytes(), nil
}
