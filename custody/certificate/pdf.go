package certificate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
)

// Fonts are where a TrueType font with Chinese characters is looked for; the
// first is Debian's package fonts-droid-fallback.
var Fonts = []string{
	"/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
	"/usr/share/fonts/google-droid-sans-fonts/DroidSansFallbackFull.ttf",
	"/usr/share/fonts/droid/DroidSansFallbackFull.ttf",
}

// ErrFont: there is no font with Chinese characters. HTML needs none.
var ErrFont = errors.New("no font with Chinese characters was found: install Debian's fonts-droid-fallback, name a TrueType file, or make HTML")

// FindFont gives the first of Fonts that is there.
func FindFont() (string, error) {
	for _, path := range Fonts {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", ErrFont
}

// The layout, in millimetres and points.
const (
	labelWidth = 52
	rowHeight  = 6
	qrSide     = 62
	fontSize   = 10
	latin      = "Helvetica" // one of the fonts that every reader has
	chinese    = "chinese"
)

// WritePDF writes the certificate as A4 pages. font is a TrueType file; of it,
// the characters that are used are embedded. Errors are those of Check, of the
// font, and of w.
func WritePDF(w io.Writer, b Bundle, key, font string) error {
	p, err := b.Check(key)
	if err != nil {
		return err
	}
	block, err := b.encode()
	if err != nil {
		return err
	}
	dots, err := modules(p.Proof)
	if err != nil {
		return err
	}
	glyphs, err := os.ReadFile(font)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFont, err)
	}
	d := &document{fpdf.New("P", "mm", "A4", "")}
	d.AddUTF8FontFromBytes(chinese, "", glyphs)
	d.SetTitle(titleZh+" "+titleEn+" "+p.Handover, true)
	d.SetCreationDate(p.Steps[len(p.Steps)-1].Time.UTC())
	d.SetModificationDate(p.Steps[len(p.Steps)-1].Time.UTC())
	d.SetCatalogSort(true)
	d.SetXmpMetadata(append([]byte("\n"), block...)) // where pem.Decode finds it: a stream that is not compressed
	d.AddPage()
	d.paper(p, dots)
	return d.Output(w)
}

type document struct{ *fpdf.Fpdf }

func (d *document) paper(p Paper, dots [][]bool) {
	d.text(18, titleZh+"  "+titleEn)
	d.Ln(12)
	for _, l := range p.lines() {
		d.row(l.Zh+" "+l.En, l.Value)
	}
	for _, c := range p.Credentials {
		d.row("凭据 Credential", c.Name+"   "+c.Account)
	}
	d.Ln(rowHeight / 2)
	for _, s := range p.Steps {
		name := stepNames[s.Type]
		value := name[1] + " " + name[0] + "\n" + p.moment(s.Time) + "   " + s.Actor
		if s.Confirmed != "" {
			value += "\n验证码确认 confirmed: " + s.Confirmed
		}
		d.row("台账序号 Entry "+strconv.FormatInt(s.Index, 10), value)
	}
	d.Ln(rowHeight / 2)
	for _, l := range p.proofLines() {
		d.row(l.Zh+" "+l.En, l.Value)
	}
	d.code(dots)
	d.row(p.From.String(), signZh+" "+signEn)
	d.Ln(2 * rowHeight)
	d.row(p.To.String(), signZh+" "+signEn)
	d.Ln(2 * rowHeight)
	d.text(8, noticeZh+"\n"+noticeEn)
}

// row writes a label, and beside it a value of one line or more.
func (d *document) row(label, value string) {
	left, _, right, _ := d.GetMargins()
	width, height := d.GetPageSize()
	if _, _, _, bottom := d.GetMargins(); d.GetY() > height-bottom-4*rowHeight {
		d.AddPage()
	}
	top := d.GetY()
	d.SetRightMargin(width - left - labelWidth)
	d.text(fontSize, label)
	end := d.GetY()
	d.SetRightMargin(right)
	d.SetLeftMargin(left + labelWidth)
	d.SetXY(left+labelWidth, top)
	d.text(fontSize, value)
	d.SetLeftMargin(left)
	d.SetXY(left, max(end, d.GetY())+rowHeight)
	d.Line(left, d.GetY()-0.5, width-right, d.GetY()-0.5)
}

// text writes in runs: ASCII in the reader's own font, which the Chinese one
// lacks, anything else in that.
func (d *document) text(size float64, text string) {
	height := size * rowHeight / fontSize
	run, ascii := []rune{}, true
	flush := func() {
		if len(run) > 0 {
			d.SetFont(map[bool]string{true: latin, false: chinese}[ascii], "", size)
			d.Write(height, string(run))
		}
		run = run[:0]
	}
	for _, r := range text {
		if is := r <= unicode.MaxASCII; is != ascii {
			flush()
			ascii = is
		}
		run = append(run, r)
	}
	flush()
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
