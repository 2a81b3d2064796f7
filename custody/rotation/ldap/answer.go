package ldap

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-ldap/ldap/v3"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
)

// What the password policy control can add to the answer to a log-in
// (draft-behera-ldap-password-policy-10, 6.2).
const (
	expired     = 0
	locked      = 1
	mustChange  = 2
	saysNothing = -1 // the library's own, for a control without an error
)

// refusal is an answer of a directory that lets nobody in to do anything.
type refusal struct {
	address string
	code    uint16
	policy  int8
	status  status // of a domain controller
}

// Error has none of the directory's own words in it.
func (r *refusal) Error() string {
	switch r.policy {
	case expired:
		return r.address + ": the password has expired"
	case locked:
		return r.address + ": the account is locked"
	case mustChange:
		return r.address + ": the account is let in only to change its password again (pwdReset)"
	}
	said := ""
	if r.status != silent {
		said = fmt.Sprintf(", %#x", uint32(r.status))
	}
	return fmt.Sprintf("%s answered the log-in with result %d (%s)%s", r.address, r.code, ldap.LDAPResultCodeMap[r.code], said)
}

// because gives the refusal with what people are told of it.
func (r *refusal) because() error {
	switch r.status {
	case accountLockedOut, accountDisabled, accountExpired:
		return rotation.Because(rotation.AccountClosed, r)
	case passwordExpired, passwordMustChange:
		return rotation.Because(rotation.MustChange, r)
	case notAtThisHour, notFromHere:
		return rotation.Because(rotation.NotAllowed, r)
	}
	switch {
	case r.policy == locked:
		return rotation.Because(rotation.AccountClosed, r)
	case r.policy == expired, r.policy == mustChange:
		return rotation.Because(rotation.MustChange, r)
	case r.code == ldap.LDAPResultConfidentialityRequired, r.code == ldap.LDAPResultStrongAuthRequired:
		return rotation.Because(rotation.TLSRequired, r)
	case r.code == ldap.LDAPResultUnwillingToPerform, r.code == ldap.LDAPResultInsufficientAccessRights:
		return rotation.Because(rotation.NotAllowed, r)
	case r.code == ldap.LDAPResultInappropriateAuthentication, r.code == ldap.LDAPResultAuthMethodNotSupported:
		return rotation.Because(rotation.PasswordOff, r)
	}
	return r
}

// ofThisSecret says that another secret might be let in.
func (r *refusal) ofThisSecret() bool {
	switch r.status {
	case silent, noSuchUser, wrongPassword:
		return r.code == ldap.LDAPResultInvalidCredentials && r.policy == saysNothing
	}
	return false
}

// bind logs in, once (RFC 4513, 5.1.3). Its error is rotation.ErrUnreachable.
func (c *connection) bind(ctx context.Context, dn string, password custody.Secret) (*refusal, error) {
	answer, err := c.SimpleBind(ldap.NewSimpleBindRequest(dn, password.Reveal(),
		[]ldap.Control{ldap.NewControlBeheraPasswordPolicy()}))
	policy := int8(saysNothing)
	if answer != nil {
		if said, ok := ldap.FindControl(answer.Controls, ldap.ControlTypeBeheraPasswordPolicy).(*ldap.ControlBeheraPasswordPolicy); ok {
			policy = said.Error
		}
	}
	code, answered := resultOf(err)
	switch {
	case err == nil && policy == mustChange:
		return &refusal{c.address, ldap.LDAPResultSuccess, policy, silent}, nil
	case err == nil:
		return nil, nil
	case answered && code != ldap.LDAPResultBusy && code != ldap.LDAPResultUnavailable:
		return &refusal{c.address, code, policy, statusIn(err, saidOfLogin)}, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%w: log-in at %s: %w", rotation.ErrUnreachable, c.address, ctx.Err())
	}
	return nil, fmt.Errorf("%w: %s did not answer the log-in", rotation.ErrUnreachable, c.address)
}

// passwordModify is the operation of RFC 3062.
const passwordModify = "1.3.6.1.4.1.4203.1.11.1"

var errRootDSE = errors.New("its root entry cannot be read")

// vendor is what a directory says of itself in its root entry (RFC 4512, 5.1).
type vendor struct {
	activeDirectory bool
	extensions      []string // none: it does not say
}

// vendor reads the root entry, which everybody may.
func (c *connection) vendor() (vendor, error) {
	const capabilities, extensions = "supportedCapabilities", "supportedExtension"
	found, err := c.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, int(answerTimeout.Seconds()), false,
		"(objectClass=*)", []string{capabilities, extensions}, nil))
	if err != nil || len(found.Entries) != 1 {
		return vendor{}, errRootDSE
	}
	root := found.Entries[0]
	return vendor{slices.Contains(root.GetAttributeValues(capabilities), activeDirectory), root.GetAttributeValues(extensions)}, nil
}

// explain says what the outcome of a change means, without repeating err: that
// can hold text from the directory.
func (c *connection) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	code, answered := resultOf(err)
	if !answered {
		if ctx.Err() != nil {
			return fmt.Errorf("change at %s: %w", c.address, ctx.Err())
		}
		return fmt.Errorf("%s did not answer the change", c.address)
	}
	outcome := fmt.Errorf("%s answered the change with result %d (%s)", c.address, code, ldap.LDAPResultCodeMap[code])
	if statusIn(err, saidOfChange) == passwordRestriction { // Microsoft's says so with result 53
		return fmt.Errorf("%w: %w", rotation.ErrValue, outcome)
	}
	switch code {
	case ldap.LDAPResultConstraintViolation, ldap.LDAPResultInvalidAttributeSyntax: // history, quality, length
		return fmt.Errorf("%w: %w", rotation.ErrValue, outcome)
	case ldap.LDAPResultBusy, ldap.LDAPResultUnavailable:
		return fmt.Errorf("%w: %w", rotation.ErrUnreachable, outcome)
	case ldap.LDAPResultTimeLimitExceeded, ldap.LDAPResultAdminLimitExceeded, ldap.LDAPResultOther:
		return outcome // it went wrong somewhere, perhaps after the effect
	}
	return fmt.Errorf("%w: %w", rotation.ErrDeclined, outcome)
}

// resultOf gives the result code of an answer (RFC 4511, 4.1.9), and whether
// there was one: the library has codes of its own, from 200, for what went
// wrong on this side.
func resultOf(err error) (code uint16, answered bool) {
	failed, ok := errors.AsType[*ldap.Error](err)
	if !ok || failed.ResultCode >= ldap.ErrorNetwork && failed.ResultCode <= ldap.ErrorMalformedPacket {
		return 0, false
	}
	return failed.ResultCode, true
}
