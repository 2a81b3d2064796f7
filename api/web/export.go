package web

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/api"
)

// maxExport bounds the entries of one download. It is made before it is sent: cut
// off in the middle, it would look whole.
const maxExport = 20_000

// export gives the entries that the ledger's filters select, the oldest first.
// Its name says which; the header X-Next-From is there when more would fit.
func (p *Pages) export(v *visit) error {
	query := v.r.URL.Query()
	q := api.EntryQuery{Actor: query.Get("actor"), Credential: query.Get("credential"), Type: query.Get("type"), Limit: readAtOnce}
	var err error
	if q.From, err = index(query.Get("from")); err != nil {
		return err
	}
	var rows []entryRow
	for len(rows) < maxExport {
		more, err := p.entries(v.r.Context(), q)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
		if len(more) < q.Limit {
			break
		}
		q.From = rows[len(rows)-1].Index + 1
	}
	h, kind := v.w.Header(), strings.TrimPrefix(v.r.URL.Path, "/ledger.")
	var content []byte
	if kind == "csv" {
		h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		content, err = asCSV(rows)
	} else {
		h.Set("Content-Type", "application/jsonl")
		content, err = asJSONLines(rows)
	}
	if err != nil {
		return err
	}
	name := "tandem-ledger-empty"
	if len(rows) > 0 {
		name = fmt.Sprintf("tandem-ledger-%d-%d", rows[0].Index, rows[len(rows)-1].Index)
	}
	if len(rows) >= maxExport {
		h.Set("X-Next-From", strconv.FormatInt(q.From, 10))
	}
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.%s"`, name, kind))
	_, _ = v.w.Write(content) // the browser is gone: nobody is left to tell
	return nil
}

// asCSV is for spreadsheets (RFC 4180): with a byte order mark, or they misread
// Chinese, and with nothing that they take for a formula.
func asCSV(rows []entryRow) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("\ufeff")
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	_ = w.Write([]string{"index", "time", "type", "grade", "actor", "subject", "confirmed_by", "totp_step", "request", "data"})
	for _, e := range rows {
		person, step := "", ""
		if e.Confirm != nil {
			person, step = e.Confirm.Person, strconv.FormatInt(e.Confirm.Step, 10)
		}
		cells := []string{
			strconv.FormatInt(e.Index, 10), e.Time.UTC().Format(time.RFC3339Nano), e.Type, e.Grade, e.Actor, e.Subject,
			person, step, e.Request, string(e.Data),
		}
		for i := range cells {
			cells[i] = noFormula(cells[i])
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return out.Bytes(), w.Error()
}

// noFormula keeps a spreadsheet from computing a cell (OWASP, CSV injection).
func noFormula(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// asJSONLines gives every record as the tree has it, so that it can be hashed.
func asJSONLines(rows []entryRow) ([]byte, error) {
	var out bytes.Buffer
	for _, e := range rows {
		record, err := e.Encode()
		if err != nil {
			return nil, err
		}
		line, err := json.Marshal(struct {
			Index  int64  `json:"index"`
			Record string `json:"record"` // a string, because its bytes count
		}{e.Index, string(record)})
		if err != nil {
			return nil, err
		}
		out.Write(append(line, '\n'))
	}
	return out.Bytes(), nil
}
