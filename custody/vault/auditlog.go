package vault

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/reconcile"
)

// maxAuditLine bounds a line of Vault's audit log, in bytes. Vault's largest
// request is 32 MiB, of which the log keeps digests.
const maxAuditLine = 64 << 20

// AuditLog reads what Vault's file audit device wrote (JSON lines), one file
// after the other, the oldest first. Only what concerns Tandem is kept.
type AuditLog struct {
	Names     Names
	Namespace string // of Vault Enterprise; "" otherwise

	// Hidden: Vault writes the request's id as a digest. Setup puts that right.
	Hidden bool

	accesses []reconcile.Access
	asked    map[string]reconcile.Access // by Vault's id: requests whose answer has not come yet
}

// auditLine is the part of a line that counts.
type auditLine struct {
	Time  time.Time `json:"time"`
	Type  string    `json:"type"`
	Error string    `json:"error"`
	Auth  struct {
		DisplayName string            `json:"display_name"`
		Policies    []string          `json:"policies"`
		Metadata    map[string]string `json:"metadata"`
	} `json:"auth"`
	Request struct {
		ID        string              `json:"id"`
		Operation string              `json:"operation"`
		Path      string              `json:"path"`
		Headers   map[string][]string `json:"headers"`
		Remote    string              `json:"remote_address"`
		Namespace struct {
			Path string `json:"path"`
		} `json:"namespace"`
	} `json:"request"`
}

// Read reads one file. Rotation may have cut its first and its last line; any
// other line that cannot be read becomes an access of its own.
func (l *AuditLog) Read(file io.Reader, name string) error {
	if l.asked == nil {
		l.asked = map[string]reconcile.Access{}
	}
	lines := bufio.NewReaderSize(file, 1<<16)
	for number := 1; ; number++ {
		line, whole, err := readLine(lines)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if len(line) == 0 && !whole {
			return nil
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			where := fmt.Sprintf("%s:%d", name, number)
			if !l.take(line, where) && number > 1 && whole {
				l.accesses = append(l.accesses, reconcile.Access{Line: where, Kind: reconcile.Unread})
			}
		}
	}
}

// readLine gives a line without its end; whole: it had one.
func readLine(lines *bufio.Reader) (line []byte, whole bool, err error) {
	for {
		part, err := lines.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line, true, nil
		case errors.Is(err, io.EOF):
			return line, false, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, false, err
		case len(line) > maxAuditLine:
			return nil, false, errors.New("a line is too long for an audit log of Vault's")
		}
	}
}

// take says whether a line could be read.
func (l *AuditLog) take(text []byte, where string) bool {
	var line auditLine
	if json.Unmarshal(text, &line) != nil || line.Request.ID == "" {
		return false
	}
	kind, path := l.classify(line)
	if kind == "" {
		return true
	}
	a := reconcile.Access{
		Time: line.Time.UTC(), Line: where, Kind: kind, Path: path, Who: line.Auth.DisplayName,
		Remote: line.Request.Remote, Own: l.own(line), Refused: line.Error != "", Request: l.request(line),
	}
	if line.Type == "request" {
		l.asked[line.Request.ID] = a
		return true
	}
	delete(l.asked, line.Request.ID)
	l.accesses = append(l.accesses, a)
	return true
}

// classify says what a line is to Tandem; "": nothing.
func (l *AuditLog) classify(line auditLine) (reconcile.Kind, string) {
	path, read := line.Request.Path, line.Request.Operation == "read"
	if strings.HasPrefix(path, "sys/raw/") && (read || line.Request.Operation == "list") {
		return reconcile.Bypass, path
	}
	if strings.HasPrefix(path, "sys/audit/") && line.Request.Operation == "delete" {
		return reconcile.Blinded, path
	}
	if strings.Trim(line.Request.Namespace.Path, "/") != strings.Trim(l.Namespace, "/") {
		return "", ""
	}
	if path == l.Names.sign() || strings.HasPrefix(path, l.Names.sign()+"/") {
		return reconcile.Sign, path
	}
	if read && slices.Contains([]string{l.Names.data(readyPath), l.Names.data(desk.SentinelPath), l.Names.data(desk.AnchorPath)}, path) {
		return reconcile.Probe, path
	}
	inside, ours := strings.CutPrefix(path, l.Names.Mount+"/")
	if !ours {
		return "", ""
	}
	engine, secret, _ := strings.Cut(inside, "/")
	switch {
	case engine == "data" && read:
		return reconcile.Read, secret
	case slices.Contains([]string{"data", "delete", "undelete", "destroy", "metadata"}, engine) && !read && line.Request.Operation != "list":
		return reconcile.Write, secret
	}
	return "", ""
}

// own says whether it was Tandem's own log-in: its AppRole, or, where a token
// was given to it, one with its policy.
func (l *AuditLog) own(line auditLine) bool {
	if role, ok := line.Auth.Metadata["role_name"]; ok {
		return role == l.Names.Role
	}
	return slices.Contains(line.Auth.Policies, l.Names.Policy) && !slices.Contains(line.Auth.Policies, "root")
}

func (l *AuditLog) request(line auditLine) string {
	for header, values := range line.Request.Headers {
		if strings.EqualFold(header, RequestHeader) && len(values) > 0 {
			l.Hidden = l.Hidden || strings.HasPrefix(values[0], "hmac-")
			return values[0]
		}
	}
	return ""
}

// Accesses gives what was read, in order. A request whose answer the log does
// not have counts as answered: Vault writes it down before it acts.
func (l *AuditLog) Accesses() []reconcile.Access {
	all := slices.AppendSeq(slices.Clone(l.accesses), maps.Values(l.asked))
	slices.SortStableFunc(all, func(a, b reconcile.Access) int { return a.Time.Compare(b.Time) })
	return all
}
