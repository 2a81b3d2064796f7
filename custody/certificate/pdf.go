package certificate

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"codeberg.org/go-pdf/fpdf"
)

// The layout, in millimetres and points.
const (
	labelWidth = 52
	rowHeight  = 6
	qrSide     = 62
	fontSize   = 10

	bottomMargin = 20
)

// WritePDF writes the certificate as A4 pages. fonts are files with Chinese
// characters, in the order in which a letter is looked for; what is used of them is
// embedded or drawn. Errors are those of Check, ErrFont, ErrLetter, and those of w,
// to which nothing is written before the rest is done.
func WritePDF(w io.Writer, b Bundle, key string, fonts ...string) (err error) {
	p, err := b.printable(key)
	if err != nil {
		return err
	}
	letters, err := openTypeface(fonts)
	if err != nil {
		return err
	}
	defer func() {
		if cause := recover(); cause != nil { // of a font that the library cannot read
			err = fmt.Errorf("%w: %v", ErrFont, cause)
		}
	}()
	d := &document{Fpdf: fpdf.New("P", "mm", "A4", ""), typeface: letters, added: map[string]bool{}}
	d.SetAutoPageBreak(false, bottomMargin)
	d.SetTitle(p.Title.String()+" "+p.Subject, true)
	d.SetCreationDate(p.At.UTC())
	d.SetModificationDate(p.At.UTC())
	d.SetCatalogSort(true)
	d.SetXmpMetadata(append([]byte("\n"), p.block...)) // where pem.Decode finds it: a stream that is not compressed
	d.AddPage()
	d.paper(p.sheet, p.dots)
	if d.err != nil {
		return d.err
	}
	return d.Output(w)
}

func (d *document) paper(s sheet, dots [][]bool) {
	d.text(18, s.Title.Zh+"  "+s.Title.En)
	d.Ln(12)
	for _, l := range s.Head {
		d.row(l.Label.String(), l.Value)
	}
	for _, t := range s.Tables {
		d.Ln(rowHeight / 2)
		for _, cells := range t.Rows {
			d.row(t.Head[0].String()+" "+cells[0], t.beside(cells))
		}
	}
	d.Ln(rowHeight / 2)
	for _, l := range s.Proof {
		d.row(l.Label.String(), l.Value)
	}
	d.code(dots)
	for _, who := range s.Signs {
		d.row(who, s.Sign.String())
		d.Ln(2 * rowHeight)
	}
	d.text(8, s.Notice.Zh+"\n"+s.Notice.En)
}

// beside gives what stands beside the first cell of a row: a line for each other one that
// is not empty, with what it is.
func (t table) beside(cells []string) string {
	var lines []string
	for i, cell := range cells[1:] {
		if cell != "" {
			lines = append(lines, t.Head[i+1].String()+": "+strings.ReplaceAll(cell, "\n", " "))
		}
	}
	return strings.Join(lines, "\n")
}

// row writes a label, and beside it a value of one line or more.
func (d *document) row(label, value string) {
	left, _, right, _ := d.GetMargins()
	width, height := d.GetPageSize()
	if _, _, _, bottom := d.GetMargins(); d.GetY() > height-bottom-4*rowHeight {
		d.AddPage()
	}
	top, page := d.GetY(), d.PageNo()
	d.SetRightMargin(width - left - labelWidth)
	d.text(fontSize, label)
	end := d.GetY()
	d.SetRightMargin(right)
	d.SetLeftMargin(left + labelWidth)
	d.SetXY(left+labelWidth, top)
	d.text(fontSize, value)
	d.SetLeftMargin(left)
	if d.PageNo() > page {
		end = 0 // on the page before
	}
	d.SetXY(left, max(end, d.GetY())+rowHeight)
	d.Line(left, d.GetY()-0.5, width-right, d.GetY()-0.5)
}

// code draws the QR code, on a page that has room for it.
func (d *document) code(dots [][]bool) {
	_, height := d.GetPageSize()
	left, _, _, bottom := d.GetMargins()
	if d.GetY()+qrSide > height-bottom {
		d.AddPage()
	}
	module := float64(qrSide) / float64(len(dots)+2*quiet)
	for y, row := range dots {
		for x, dark := range row {
			if dark {
				d.Rect(left+float64(x+quiet)*module, d.GetY()+float64(y+quiet)*module, module, module, "F")
			}
		}
	}
	d.SetY(d.GetY() + qrSide)
}

// isPDF says what a file is, by its first bytes.
func isPDF(file []byte) bool { return bytes.HasPrefix(file, []byte("%PDF-")) }
