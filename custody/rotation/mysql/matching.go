package mysql

import (
	"context"
	"fmt"
	"net/netip"
	"path"
	"strings"

	"github.com/tandem-custody/tandem/custody/rotation"
)

// provable says, before the password is changed, that no log-in could prove it: the server
// would take a log-in from here for another account's, or lets this one in by no password
// or several. Where the admin may not look, nothing is known. ErrUnreachable: nothing was changed.
func (t *target) provable(ctx context.Context, s *session) error {
	created, err := s.ask(ctx, fmt.Sprintf("SHOW CREATE USER '%s'@'%s'", t.user, t.host))
	if err == nil { // hashes are in it: it is kept nowhere
		switch plain := quotedText.ReplaceAllString(created, ""); {
		case strings.Contains(plain, " OR "):
			return rotation.Because(rotation.OldStillAccepted, fmt.Errorf("%w: the account has several passwords on %s", rotation.ErrUnreachable, s.Address))
		case strings.Contains(plain, " ACCOUNT LOCK"):
			return rotation.Because(rotation.AccountClosed, fmt.Errorf("%w: the account is locked on %s", rotation.ErrUnreachable, s.Address))
		}
	}
	return t.matched(ctx, s)
}

// matched asks which accounts of the user name there are, and which of them the server
// would take for a log-in from here.
func (t *target) matched(ctx context.Context, s *session) error {
	seen, err := s.ask(ctx, "SELECT USER()") // this session's, with the host that the server sees
	if err != nil {
		return nil // not known: the log-in afterwards shows it
	}
	from := strings.ToLower(seen[strings.LastIndexByte(seen, '@')+1:])
	rows, err := s.conn.QueryContext(ctx, fmt.Sprintf("SELECT User, Host FROM mysql.user WHERE User IN ('%s', '')", t.user))
	if err != nil {
		return nil // as above
	}
	defer rows.Close()
	var accounts []account
	for rows.Next() {
		var a account
		if err := rows.Scan(&a.user, &a.host); err != nil {
			return nil // as above
		}
		accounts = append(accounts, a)
	}
	if rows.Err() != nil {
		return nil
	}
	switch ours := (account{t.user, t.host}); {
	case before(ours, accounts, from):
		return rotation.Because(rotation.OtherAccount, fmt.Errorf("%w: a log-in from here is another account's than that with the host %s on %s", rotation.ErrUnreachable, t.host, s.Address))
	case isAddress(from) && ours.matches(from) == no: // with a name, patterns of addresses count that are not seen here
		return rotation.Because(rotation.NotAllowed, fmt.Errorf("%w: the host %s of the account is not ours on %s", rotation.ErrUnreachable, t.host, s.Address))
	}
	return nil
}

// account is one of the server's; an empty user is anybody.
type account struct{ user, host string }

// before says that one of the accounts surely stands before ours in the order in which the
// server looks for one that fits (MariaDB 10.11, sql_acl.cc, get_sort and find_user_or_anon):
// by how much of the host stands before its first wildcard.
func before(ours account, accounts []account, from string) bool {
	for _, a := range accounts {
		if a.matches(from) == yes && specific(a.host) > specific(ours.host) {
			return true
		}
	}
	return false
}

// specific gives how many characters stand before the first wildcard, of a host without
// one more than any can have. A network with a mask counts as neither: servers differ.
func specific(host string) int {
	const none = 256
	if at := strings.IndexAny(host, "%_"); at >= 0 {
		return at
	}
	return none
}

// answer is what is known of whether a host fits.
type answer int

const (
	unknown answer = iota
	yes
	no
)

// matches says whether the account's host is that from which we are seen.
func (a account) matches(from string) answer {
	host := strings.ToLower(a.host)
	switch {
	case strings.ContainsAny(host, `/\`): // a network, or a wildcard that is none
		return unknown
	case host == "" || host == "%":
		return yes
	}
	pattern := strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`, "%", "*", "_", "?").Replace(host)
	if fits, err := path.Match(pattern, from); err == nil && fits {
		return yes
	}
	return no
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
