package gantt

import (
	"cmp"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Words is what stands on a chart besides names, in the reader's language.
type Words struct {
	Title, Description string // for those who do not see it

	Primary, Backup, Rotation, Parked, Late, Overdue, Away, Refused, Drifted, Now string
	Vacant                                                                        string // seat
}

// Of gives the word for a kind.
func (w Words) Of(k Kind) string {
	return map[Kind]string{
		Primary: w.Primary, Backup: w.Backup, Rotation: w.Rotation, Parked: w.Parked, Late: w.Late, Overdue: w.Overdue, Away: w.Away, Refused: w.Refused, Drifted: w.Drifted,
	}[k]
}

// Measures of the drawing, in its own units: about a pixel on a wide screen.
const (
	chartLeft  = 190.0 // width of the names
	chartWidth = 800.0
	width      = chartLeft + chartWidth + 10

	legendHeight = 26.0
	axisHeight   = 22.0
	rowHeight    = 44.0
	barTop       = 5.0 // within a row
	barHeight    = 20.0
	awayTop      = 27.0
	awayHeight   = 13.0

	leastLabel = 12.0 // no word is narrower

	seenWidth = 3.0 // the least that a rotation or a gap takes, so that it is seen
)

// Draw gives the chart as an SVG element. Everything that people named stands in
// it as text, escaped.
func Draw(w Window, now time.Time, rows []Row, words Words) template.HTML {
	d := &drawing{window: w, words: words, scale: chartWidth / w.To.Sub(w.From).Seconds()}
	d.out.Grow(2048 + 512*len(rows))
	height := legendHeight + axisHeight + rowHeight*float64(len(rows)) + 4
	return d.framed("gantt", words.Title, words.Description, height, now, func() {
		d.legend()
		d.axis(height)
		for i, row := range rows {
			d.row(row, legendHeight+axisHeight+rowHeight*float64(i))
		}
	})
}

// framed gives what is drawn as an SVG element with a title, a description and, where the
// window has it, a line for now. The id names it on its page.
func (d *drawing) framed(id, title, description string, height float64, now time.Time, draw func()) template.HTML {
	d.put(`<svg class="gantt" role="img" aria-labelledby="`, id, `-title" aria-describedby="`, id, `-description" viewBox="0 0 `)
	d.number(width)
	d.put(` `)
	d.number(height)
	d.put(`"><title id="`, id, `-title">`)
	d.escaped(title)
	d.put(`</title><desc id="`, id, `-description">`)
	d.escaped(description)
	d.put(`</desc>`, patterns)
	draw()
	if !now.Before(d.window.From) && now.Before(d.window.To) {
		d.line("g-now", d.x(now), legendHeight, height)
	}
	d.put(`</svg>`)
	return template.HTML(d.out.String()) //nolint: every text in it went through escaped
}

// patterns tell the kinds apart without their colours.
const patterns = `<defs>` +
	`<pattern id="gantt-backup" width="8" height="8" patternUnits="userSpaceOnUse"><rect class="g-backup" width="8" height="8"/><path class="g-backup-line" d="M-2 2l4-4M0 8l8-8M6 10l4-4"/></pattern>` +
	`<pattern id="gantt-rotation" width="4" height="4" patternUnits="userSpaceOnUse"><rect class="g-rotation" width="4" height="4"/><path class="g-rotation-line" d="M1 0v4"/></pattern>` +
	`<pattern id="gantt-gap" width="8" height="8" patternUnits="userSpaceOnUse"><rect class="g-gap" width="8" height="8"/><path class="g-gap-line" d="M0 0l8 8M8 0l-8 8"/></pattern>` +
	`<pattern id="gantt-away" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="g-away" width="6" height="6"/><circle class="g-away-dot" cx="3" cy="3" r="1"/></pattern>` +
	`</defs>`

// fills says how the kinds of bars are filled, in the order of drawing: what is
// short comes last, to be on top.
var fills = []struct {
	kinds []Kind
	start string // of the path element
}{
	{[]Kind{Primary}, `<path class="g-bar g-primary" d="`},
	{[]Kind{Backup}, `<path class="g-bar" fill="url(#gantt-backup)" d="`},
	{[]Kind{Parked}, `<path class="g-bar g-parked" d="`},
	{[]Kind{Rotation}, `<path class="g-bar" fill="url(#gantt-rotation)" d="`},
	{[]Kind{Late, Overdue}, `<path class="g-bar g-gap-bar" fill="url(#gantt-gap)" d="`},
	{[]Kind{Away}, `<path class="g-bar" fill="url(#gantt-away)" d="`},
}

type drawing struct {
	out    strings.Builder
	window Window
	words  Words
	scale  float64 // units a second
	digits [32]byte
}

func (d *drawing) x(t time.Time) float64 {
	return chartLeft + t.Sub(d.window.From).Seconds()*d.scale
}

// extent gives where a span begins and how wide it is.
func (d *drawing) extent(s Span) (x, wide float64) {
	x, wide = d.x(s.From), s.To.Sub(s.From).Seconds()*d.scale
	if (s.Kind == Rotation || s.Kind.Gap()) && wide < seenWidth {
		x, wide = min(x, chartLeft+chartWidth-seenWidth), seenWidth
	}
	return x, wide
}

func (d *drawing) row(row Row, top float64) {
	d.line("g-rule", 0, top, top)
	d.text("g-name", 4, top+18, fitted(row.Credential, chartLeft-12, nameSize))
	d.text("g-pair", 4, top+34, fitted("A "+cmp.Or(row.Primary, d.words.Vacant)+"  B "+cmp.Or(row.Backup, d.words.Vacant), chartLeft-12, labelSize))
	for _, fill := range fills {
		d.bars(row.Custody, fill.kinds, fill.start, top+barTop, barHeight)
		d.bars(row.Away, fill.kinds, fill.start, top+awayTop, awayHeight)
	}
	for _, s := range row.Drifted { // along the foot of the bar, which says who holds it all the same
		x, wide := d.extent(s)
		d.drift(x, top+barTop+barHeight, wide)
	}
	for _, s := range row.Custody {
		d.label(s, top+barTop+14)
	}
	for _, s := range row.Away {
		d.label(s, top+awayTop+10)
	}
	if len(row.Refused) > 0 {
		d.put(`<path class="g-refused" d="`)
		for _, s := range row.Refused {
			d.cross(d.x(s.From), top+barTop+1) // above the label
		}
		d.put(`"/>`)
	}
}

// bars draws all spans of these kinds in one path: a quarter of a busy ledger
// has tens of thousands of them.
func (d *drawing) bars(spans []Span, kinds []Kind, start string, top, height float64) {
	begun := false
	for _, s := range spans {
		if s.Kind != kinds[0] && s.Kind != kinds[len(kinds)-1] {
			continue
		}
		if !begun {
			d.put(start)
			begun = true
		}
		x, wide := d.extent(s)
		d.box(x, top, wide, height)
	}
	if begun {
		d.put(`"/>`)
	}
}

func (d *drawing) box(x, y, wide, high float64) {
	d.put(`M`)
	d.number(x)
	d.put(` `)
	d.number(y)
	d.put(`h`)
	d.number(wide)
	d.put(`v`)
	d.number(high)
	d.put(`h-`)
	d.number(wide)
	d.put(`z`)
}

func (d *drawing) cross(x, y float64) {
	d.put(`M`)
	d.number(x - 4)
	d.put(` `)
	d.number(y - 4)
	d.put(`l8 8m0-8l-8 8`)
}

func (d *drawing) drift(x, y, wide float64) {
	d.put(`<path class="g-drift" d="M`)
	d.number(x)
	d.put(` `)
	d.number(y)
	d.put(`h`)
	d.number(wide)
	d.put(`"/>`)
}

// label writes on a span what it is, when there is room; a gap always has a
// sign.
func (d *drawing) label(s Span, baseline float64) {
	x, wide := d.extent(s)
	if wide < leastLabel && !s.Kind.Gap() {
		return
	}
	class, texts := "g-label", []string{s.Who}
	switch s.Kind {
	case Rotation:
		texts = []string{d.words.Rotation}
	case Parked:
		texts = []string{d.words.Parked}
	case Late:
		class, texts = "g-label g-alarm", []string{d.words.Late, "!"}
	case Overdue:
		class, texts = "g-label g-alarm", []string{s.Who + " · " + d.words.Overdue, d.words.Overdue, "!"}
	case Away:
		texts = []string{s.Who + " · " + d.words.Away, s.Who}
	}
	for _, text := range texts {
		if text == "!" || measure(text, labelSize)+8 <= wide {
			d.text(class, x+4, baseline, text)
			return
		}
	}
}

func (d *drawing) legend() {
	x := 4.0
	entry := func(start, word string) {
		if start != "" {
			d.put(start)
			d.box(x, 4, 16, 12)
		} else {
			d.put(`<path class="g-refused" d="`)
			d.cross(x+8, 10)
		}
		d.put(`"/>`)
		d.text("g-legend", x+21, 14, word)
		x += 21 + measure(word, labelSize) + 16
	}
	entry(fills[0].start, d.words.Primary)
	entry(fills[1].start, d.words.Backup)
	entry(fills[2].start, d.words.Parked)
	entry(fills[3].start, d.words.Rotation)
	entry(fills[4].start, d.words.Overdue+" / "+d.words.Late)
	entry(fills[5].start, d.words.Away)
	entry("", d.words.Refused)
	d.drift(x, 10, 16)
	d.text("g-legend", x+21, 14, d.words.Drifted)
	x += 21 + measure(d.words.Drifted, labelSize) + 16
	d.line("g-now", x+4, 3, 17)
	d.text("g-legend", x+11, 14, d.words.Now)
}

func (d *drawing) axis(height float64) {
	d.text("g-zone", 4, legendHeight+14, d.window.From.Format("2006-01-02")+" · "+d.window.Zone())
	for _, t := range d.window.ticks() {
		x := d.x(t.at)
		d.line("g-rule", x, legendHeight, height)
		d.text("g-tick", x+3, legendHeight+14, t.text)
	}
}

// line draws a vertical one, or, from 0, a horizontal one over everything.
func (d *drawing) line(class string, x, from, to float64) {
	d.put(`<path class="`, class, `" d="M`)
	d.number(x)
	d.put(` `)
	d.number(from)
	if x == 0 {
		d.put(`H`)
		d.number(width)
	} else {
		d.put(`V`)
		d.number(to)
	}
	d.put(`"/>`)
}

func (d *drawing) text(class string, x, y float64, text string) {
	d.put(`<text class="`, class, `" x="`)
	d.number(x)
	d.put(`" y="`)
	d.number(y)
	d.put(`">`)
	d.escaped(text)
	d.put(`</text>`)
}

func (d *drawing) put(parts ...string) {
	for _, part := range parts {
		d.out.WriteString(part)
	}
}

// escaped writes somebody's text. Its direction stays its own: a mark that turns
// the writing ends with it.
func (d *drawing) escaped(text string) {
	if !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		d.put(template.HTMLEscapeString(text))
		return
	}
	d.put("\u2068", template.HTMLEscapeString(isolated.Replace(text)), "\u2069")
}

// isolated takes out what would end an isolate from within, or override the
// direction of the rest (Unicode UAX #9).
var isolated = strings.NewReplacer(
	"\u202a", "", "\u202b", "", "\u202c", "", "\u202d", "", "\u202e", "",
	"\u2066", "", "\u2067", "", "\u2068", "", "\u2069", "")

// number writes one that is not negative, with a decimal at most.
func (d *drawing) number(n float64) {
	tenths := int64(math.Round(n * 10))
	digits := strconv.AppendInt(d.digits[:0], tenths/10, 10)
	if rest := tenths % 10; rest != 0 {
		digits = append(digits, '.', '0'+byte(rest))
	}
	d.out.Write(digits)
}

// Sizes of type, in the drawing's units.
const (
	labelSize = 11.0
	nameSize  = 13.0
)

// measure estimates how wide a text is; the browser's font is not known here.
func measure(text string, size float64) float64 {
	wide := 0.0
	for _, r := range text {
		if r < 0x2e80 {
			wide += .58 * size
		} else {
			wide += size
		}
	}
	return wide
}

// fitted shortens a text to a width.
func fitted(text string, room, size float64) string {
	if measure(text, size) <= room {
		return text
	}
	for text != "" && measure(text, size)+size > room {
		_, last := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-last]
	}
	return text + "…"
}
