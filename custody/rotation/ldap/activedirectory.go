package ldap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
)

// activeDirectory is LDAP_CAP_ACTIVE_DIRECTORY_OID ([MS-ADTS], 3.1.1.3.4.3.1).
const activeDirectory = "1.2.840.113556.1.4.800"

// maxUnicode is the longest password in UTF-16 code units ([MS-SAMR], 2.2.6.21: 512 bytes).
const maxUnicode = 256

// status is why a domain controller answers a log-in or a change as it does, where it says
// so: a Win32 error code ([MS-ERREF], 2.2). LDAP has one result for all of these log-ins,
// invalidCredentials.
type status uint32

const (
	silent             status = 0
	noSuchUser         status = 0x525
	wrongPassword      status = 0x52e
	notAtThisHour      status = 0x530
	notFromHere        status = 0x531
	passwordExpired    status = 0x532
	accountDisabled    status = 0x533
	accountExpired     status = 0x701
	passwordMustChange status = 0x773
	accountLockedOut   status = 0x775

	passwordRestriction status = 0x52d // of a change: length, history, complexity, age
)

// The two forms in which a domain controller says it, before its own words: of a log-in
// and of anything else.
var (
	saidOfLogin  = regexp.MustCompile(`^[0-9A-Fa-f]{8}: LdapErr: DSID-[0-9A-Fa-f]{8}, comment: AcceptSecurityContext error, data ([0-9a-f]{1,8}), `)
	saidOfChange = regexp.MustCompile(`^([0-9A-Fa-f]{8}): `)
)

// statusIn gives the number in an answer that has one of the forms.
func statusIn(err error, form *regexp.Regexp) status {
	failed, is := errors.AsType[*ldap.Error](err)
	if !is || failed.Err == nil {
		return silent
	}
	said := form.FindStringSubmatch(failed.Err.Error())
	if said == nil {
		return silent
	}
	number, _ := strconv.ParseUint(said[1], 16, 32) // the form has no more than eight digits
	return status(number)
}

// quoted is a password as a value of unicodePwd: in quotation marks, in UTF-16
// ([MS-ADTS], 3.1.1.3.1.5). ok is false where none can be made of it.
func quoted(password custody.Secret) (value string, ok bool) {
	clear := password.Reveal()
	units := utf16.Encode([]rune(`"` + clear + `"`))
	if !utf8.ValidString(clear) || len(units) > maxUnicode+2 {
		return "", false
	}
	encoded := make([]byte, 0, 2*len(units))
	for _, unit := range units {
		encoded = binary.LittleEndian.AppendUint16(encoded, unit)
	}
	return string(encoded), true
}

// What a domain controller keeps of an account ([MS-ADTS], 2.2.16 and 3.1.1.4.5.17).
const (
	disabledFlag   = 0x2
	lockedOutFlag  = 0x10
	windowsEpoch   = 116444736000000000 // 1970 in 100 ns since 1601
	accountControl = "userAccountControl"
	computed       = "msDS-User-Account-Control-Computed" // has locked accounts, whose time is not over
	expires        = "accountExpires"                     // 0 or the greatest number: never
)

// closed says why no password opens an account, as whoever is logged in may read it: nil
// where nothing says so. What cannot be read is found out when the password is proved.
func (c *connection) closed(dn string) error {
	found, err := c.Search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, int(answerTimeout.Seconds()), false,
		"(objectClass=*)", []string{accountControl, computed, expires}, nil))
	if err != nil || len(found.Entries) != 1 {
		return nil
	}
	number := func(attribute string) int64 {
		value, _ := strconv.ParseInt(found.Entries[0].GetAttributeValue(attribute), 10, 64) // 0: it is not shown
		return value
	}
	what := ""
	switch end := number(expires); {
	case number(accountControl)&disabledFlag != 0:
		what = "disabled"
	case number(computed)&lockedOutFlag != 0:
		what = "locked"
	case end != 0 && end < time.Now().UnixNano()/100+windowsEpoch:
		what = "expired"
	default:
		return nil
	}
	return fmt.Errorf("%w: %w", rotation.ErrUnreachable, // nothing was asked of it
		rotation.Because(rotation.AccountClosed, fmt.Errorf("%s says that the account is %s", c.address, what)))
}
