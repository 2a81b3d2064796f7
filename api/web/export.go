package web

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/export"
)

// maxExport bounds the entries of one download. It is made before it is sent: cut
// off in the middle, it would look whole.
const maxExport = 20_000

// export gives the entries that the ledger's filters select, the oldest first.
// Its name says which; the header X-Next-From is there when more would fit.
func (p *Pages) export(v *visit) error {
	if err := api.WholeLedger(v.Person); err != nil {
		return err
	}
	query := v.r.URL.Query()
	q := desk.EntryQuery{Actor: query.Get("actor"), Credential: query.Get("credential"), Subject: query.Get("subject"), Type: query.Get("type"), Limit: readAtOnce}
	var err error
	if q.From, err = index(query.Get("from")); err != nil {
		return err
	}
	var rows []entryRow
	for len(rows) < maxExport {
		more, err := v.entries(q)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
		if len(more) < q.Limit {
			break
		}
		q.From = rows[len(rows)-1].Index + 1
	}
	kind := strings.TrimPrefix(v.r.URL.Path, "/ledger.")
	content, err := file(kind, rows)
	if err != nil {
		return err
	}
	name := "tandem-ledger-empty"
	if len(rows) > 0 {
		name = fmt.Sprintf("tandem-ledger-%d-%d", rows[0].Index, rows[len(rows)-1].Index)
	}
	if len(rows) >= maxExport {
		v.w.Header().Set("X-Next-From", strconv.FormatInt(q.From, 10))
	}
	return v.download(contentTypes[kind], name+"."+kind, content)
}

// contentTypes are those of the formats that can be downloaded.
var contentTypes = map[string]string{
	"csv":   "text/csv; charset=utf-8; header=present",
	"jsonl": "application/jsonl",
}

func file(format string, rows []entryRow) ([]byte, error) {
	var out bytes.Buffer
	w, err := export.New(format, &out)
	if err != nil {
		return nil, err
	}
	for _, e := range rows {
		if err := w.Write(e.Index, []byte(e.Record), e.Texts); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
