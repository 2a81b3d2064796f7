package siem

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/net/idna"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// The formats of a message's body.
const (
	JSON = "json" // {"index":N,"entry":RECORD}, the record as the ledger's tree has it; "texts" has what it commits to
	CEF  = "cef"  // ArcSight Common Event Format, version 0
)

// ErrFormat: there is no such format.
var ErrFormat = errors.New("siem: the formats are json and cef")

// logAudit is the syslog facility "log audit" (RFC 5424, table 1).
const logAudit = 13

// levels are the severities of a grade: of syslog (table 2) and of CEF (0 to 10).
var levels = map[custody.Grade]struct{ syslog, cef int }{
	custody.Ordinary: {6, 3},
	custody.Serious:  {4, 7},
	custody.Special:  {1, 10},
}

// frame gives an entry as an octet-counted message (RFC 5425, section 4.3).
func (s *Stream) frame(ctx context.Context, index int64, record []byte) ([]byte, error) {
	e, err := audit.DecodeEntry(record)
	if err != nil {
		return nil, fmt.Errorf("siem: entry %d: %w", index, err)
	}
	data, texts, err := s.texts(ctx, e)
	if err != nil {
		return nil, err
	}
	level := levels[custody.Grade(e.Grade)]
	body := fmt.Sprintf(`{"index":%d,"entry":%s}`, index, record)
	switch {
	case s.Format == CEF:
		body = s.cef(index, e, data, level.cef)
	case len(texts) > 0:
		beside, err := json.Marshal(texts, json.Deterministic(true))
		if err != nil {
			return nil, fmt.Errorf("siem: entry %d: %w", index, err)
		}
		body = fmt.Sprintf(`{"index":%d,"entry":%s,"texts":%s}`, index, record, beside)
	}
	message := fmt.Sprintf("<%d>1 %s %s tandem - %s - %s", logAudit*8+level.syslog,
		e.Time.UTC().Format("2006-01-02T15:04:05.000Z"), s.Host, e.Type, body)
	return fmt.Appendf(nil, "%d %s", len(message), message), nil
}

// texts gives what an entry says with what people wrote, and that apart. An entry
// that is none of Tandem's is sent as it is: whoever spoils one must not silence the
// stream.
func (s *Stream) texts(ctx context.Context, e audit.Entry) (data jsontext.Value, texts map[string]custody.Words, err error) {
	event, err := custody.FromRecord(e)
	if err != nil {
		return e.Data, nil, nil
	}
	if texts, err = s.Ledger.Texts(ctx, event.Notes()); err != nil {
		return nil, nil, err
	}
	if data, err = event.Filled(texts).Shown(custody.Redacted); err != nil {
		return nil, nil, err
	}
	return data, texts, data.Canonicalize()
}

// hostname gives an origin as RFC 5424 wants a HOSTNAME: 1 to 255 printable
// letters of ASCII. One with other letters is told by its host, as the DNS has
// it; without any such name it is nil, "-".
func hostname(origin string) string {
	printable := func(text string) bool {
		return text != "" && len(text) <= 255 && !strings.ContainsFunc(text, func(r rune) bool { return r < 33 || r > 126 })
	}
	if printable(origin) {
		return origin
	}
	host, _, _ := strings.Cut(origin, "/")
	if host, err := idna.Punycode.ToASCII(host); err == nil && printable(host) {
		return host
	}
	return "-"
}

func (s *Stream) cef(index int64, e audit.Entry, data jsontext.Value, severity int) string {
	confirmed := ""
	if e.Confirm != nil {
		confirmed = e.Confirm.Person
	}
	fields := [][2]string{
		{"rt", fmt.Sprint(e.Time.UnixMilli())}, {"externalId", fmt.Sprint(index)}, {"suser", e.Actor},
		{"cs1Label", "subject"}, {"cs1", e.Subject}, {"cs2Label", "request"}, {"cs2", e.Request},
		{"cs3Label", "confirmedBy"}, {"cs3", confirmed}, {"msg", string(data)},
	}
	var extension []string
	for _, f := range fields {
		extension = append(extension, f[0]+"="+inExtension.Replace(f[1]))
	}
	return fmt.Sprintf("CEF:0|Tandem|Tandem|%s|%s|%s|%d|%s",
		inHeader.Replace(s.Version), inHeader.Replace(e.Type), inHeader.Replace(e.Type), severity, strings.Join(extension, " "))
}

// What CEF escapes: in its header the pipe, in its extension the equals sign.
var (
	inHeader    = strings.NewReplacer(`\`, `\\`, "|", `\|`, "\n", " ", "\r", " ")
	inExtension = strings.NewReplacer(`\`, `\\`, "=", `\=`, "\n", `\n`, "\r", `\r`)
)
