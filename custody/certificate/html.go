package certificate

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/boombuler/barcode/qr"
)

//go:embed certificate.html
var page string

var htmlTemplate = template.Must(template.New("certificate").Parse(page))

// WriteHTML writes the certificate as a page for print, complete in itself and
// without a script. Errors are those of Check, and of w.
func WriteHTML(w io.Writer, b Bundle, key string) error {
	p, err := b.printable(key)
	if err != nil {
		return err
	}
	return htmlTemplate.Execute(w, struct {
		sheet
		QR, Block template.HTML
	}{p.sheet, svg(p.dots), template.HTML(p.block)}) // base64 between two fixed lines
}

// CheckFile checks a certificate and gives what it proves. Errors: ErrNone,
// ErrIncomplete, ErrAltered, and those of audit.EntryProof.Check.
func CheckFile(file []byte, key string) (Document, error) {
	b, err := Find(file)
	if err != nil {
		return Document{}, err
	}
	d, err := b.Document(key)
	if err != nil || isPDF(file) {
		return d, err
	}
	var again bytes.Buffer
	if err := WriteHTML(&again, b, key); err != nil {
		return Document{}, err
	}
	if !bytes.Equal(again.Bytes(), asWritten(file)) {
		return d, ErrAltered
	}
	return d, nil
}

// asWritten takes off what a mail program or an editor adds to a page and nobody
// sees: a mark before it, and line ends of two characters.
func asWritten(page []byte) []byte {
	return bytes.ReplaceAll(bytes.TrimPrefix(page, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
}

// modules gives the dark modules of a QR code as rows.
func modules(content string) ([][]bool, error) {
	code, err := qr.Encode(content, qr.L, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("the proof does not fit into a QR code: %w", err)
	}
	size := code.Bounds().Dx()
	rows := make([][]bool, size)
	for y := range rows {
		rows[y] = make([]bool, size)
		for x := range rows[y] {
			r, _, _, _ := code.At(x, y).RGBA()
			rows[y][x] = r == 0
		}
	}
	return rows, nil
}

// quiet is the white border that a QR code needs, in modules (ISO/IEC 18004).
const quiet = 4

func svg(dots [][]bool) template.HTML {
	var path strings.Builder
	for y, row := range dots {
		for x, dark := range row {
			if dark {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	side := len(dots) + 2*quiet
	return template.HTML(fmt.Sprintf( // numbers only
		`<svg class="qr" role="img" aria-label="QR" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%[1]dv%[2]dH0z"/><path d="%[3]s"/></svg>`,
		side, side, path.String()))
}
