package certificate

import (
	"strings"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

// composed puts letters and their marks together, where there is such a letter. It
// leaves alone what has no marks: some characters of names would become others.
func composed(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Mn, r) }) {
		return norm.NFC.String(text)
	}
	return text
}

// document is a PDF that is written letter by letter.
type document struct {
	*fpdf.Fpdf
	typeface *typeface
	added    map[string]bool // the fonts that it has
	err      error           // the first; what follows it counts no more
}

// text writes from the present place on, and begins a new line at the margin.
func (d *document) text(size float64, text string) {
	text, err := d.typeface.set(text)
	if err != nil && d.err == nil {
		d.err = err
	}
	if d.err != nil {
		return
	}
	height := size * rowHeight / fontSize
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			d.newLine(height)
		}
		for _, word := range breakable(line) {
			if left, _, _, _ := d.GetMargins(); d.GetX() > left && d.width(size, strings.TrimRight(word, " ")) > d.room() {
				d.newLine(height)
			}
			d.word(size, height, word)
		}
	}
}

// breakable cuts a line where it may be broken: behind a space, and beside a character
// that is a word of its own.
func breakable(line string) (all []string) {
	var word []rune
	cut := func() {
		if len(word) > 0 {
			all = append(all, string(word))
			word = word[:0]
		}
	}
	for _, r := range line {
		apart := unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
		if apart || len(word) > 0 && word[len(word)-1] == ' ' && r != ' ' {
			cut()
		}
		word = append(word, r)
		if apart {
			cut()
		}
	}
	cut()
	return all
}

// word writes one, and breaks it only where it is longer than a line.
func (d *document) word(size, height float64, word string) {
	var run []rune
	var of *face
	flush := func() {
		if len(run) > 0 {
			d.embed(of)
			d.SetFont(of.name, "", size)
			d.Text(d.GetX(), d.baseline(size, height), string(run))
			d.SetX(d.GetX() + d.width(size, string(run)))
		}
		run = run[:0]
	}
	for _, r := range word {
		g, _ := d.typeface.find(r) // set has looked
		if left, _, _, _ := d.GetMargins(); r != ' ' && d.GetX()+d.width(size, string(run)) > left && d.width(size, string(run)+string(r)) > d.room() {
			flush()
			d.newLine(height)
		}
		if !g.text(r) {
			flush()
			d.draw(g, size, d.baseline(size, height))
			continue
		}
		if g.face != of {
			flush()
			of = g.face
		}
		run = append(run, r)
	}
	flush()
}

func (d *document) embed(f *face) {
	if !d.added[f.name] {
		d.AddUTF8FontFromBytes(f.name, "", f.embedded)
		d.added[f.name] = true
	}
}

// baseline is where letters stand, in a line that begins at the present place.
func (d *document) baseline(size, height float64) float64 {
	return d.GetY() + height/2 + 0.3*d.PointConvert(size)
}

// room is what is left of the line.
func (d *document) room() float64 {
	width, _ := d.GetPageSize()
	_, _, right, _ := d.GetMargins()
	return width - right - d.GetX()
}

func (d *document) width(size float64, text string) (width float64) {
	for _, r := range text {
		g, _ := d.typeface.find(r)
		width += g.width
	}
	return width * d.PointConvert(size)
}

func (d *document) newLine(height float64) {
	left, top, _, bottom := d.GetMargins()
	_, page := d.GetPageSize()
	d.SetXY(left, d.GetY()+height)
	if d.GetY()+height > page-bottom {
		d.AddPage()
		d.SetXY(left, top)
	}
}

// draw draws the outlines of a letter.
func (d *document) draw(g glyph, size, base float64) {
	segments, err := g.face.font.LoadGlyph(&d.typeface.buffer, g.index, g.face.units, nil)
	if err != nil {
		if d.err == nil {
			d.err = err
		}
		return
	}
	start, em := d.GetX(), d.PointConvert(size)
	y := d.GetY()
	at := func(p fixed.Point26_6) (x, y float64) {
		return start + float64(p.X)/float64(g.face.units)*em, base + float64(p.Y)/float64(g.face.units)*em
	}
	begun := false
	var x0, y0 float64
	for _, s := range segments {
		x, y := at(s.Args[0])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if begun {
				d.ClosePath()
			}
			begun = true
			d.MoveTo(x, y)
		case sfnt.SegmentOpLineTo:
			d.LineTo(x, y)
		case sfnt.SegmentOpQuadTo: // as a cubic one
			cx, cy := x, y
			x, y = at(s.Args[1])
			d.CurveBezierCubicTo(x0+(cx-x0)*2/3, y0+(cy-y0)*2/3, x+(cx-x)*2/3, y+(cy-y)*2/3, x, y)
		case sfnt.SegmentOpCubeTo:
			cx, cy := x, y
			dx, dy := at(s.Args[1])
			x, y = at(s.Args[2])
			d.CurveBezierCubicTo(cx, cy, dx, dy, x, y)
		}
		x0, y0 = x, y
	}
	if begun {
		d.ClosePath()
		d.DrawPath("F")
	}
	d.SetXY(start+g.width*em, y)
}
