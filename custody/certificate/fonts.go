package certificate

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"unicode"

	"github.com/go-fonts/dejavu/dejavusans"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Fonts are where fonts with Chinese characters are looked for. The first has more
// than GB 2312; the others have characters that are rare, and Hangul. Their Debian
// packages are fonts-droid-fallback, fonts-noto-cjk and fonts-hanazono.
var Fonts = []string{
	"/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
	"/usr/share/fonts/google-droid-sans-fonts/DroidSansFallbackFull.ttf",
	"/usr/share/fonts/droid/DroidSansFallbackFull.ttf",
	"/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
	"/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
	"/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
	"/usr/share/fonts/truetype/hanazono/HanaMinA.ttf",
	"/usr/share/fonts/truetype/hanazono/HanaMinB.ttf",
}

// ErrFont: there is no font with Chinese characters. HTML needs none.
var ErrFont = errors.New("no font with Chinese characters was found: install Debian's fonts-droid-fallback, name a font file, or make HTML")

// ErrLetter: a PDF cannot show a letter of this handover. HTML can.
var ErrLetter = errors.New("a PDF cannot show every letter of this record: make HTML")

// FindFonts gives those of Fonts that are there, or ErrFont.
func FindFonts() (found []string, err error) {
	for _, path := range Fonts {
		if _, err := os.Stat(path); err == nil {
			found = append(found, path)
		}
	}
	if len(found) == 0 {
		return nil, ErrFont
	}
	return found, nil
}

// face is a font. One that a PDF can embed is text there; of others, and of what
// is beyond the Basic Multilingual Plane, the outlines are drawn.
type face struct {
	name     string // under which it is embedded; "": it is not
	embedded []byte
	font     *sfnt.Font
	units    fixed.Int26_6 // to the em
}

func parseFace(name string, content []byte) (*face, error) {
	all, err := sfnt.ParseCollection(content)
	if err != nil {
		return nil, err
	}
	first, err := all.Font(0)
	if err != nil {
		return nil, err
	}
	f := &face{font: first, units: fixed.I(int(first.UnitsPerEm()))}
	if bytes.HasPrefix(content, []byte{0, 1, 0, 0}) { // TrueType, a single font
		f.name, f.embedded = name, content
	}
	return f, nil
}

// typeface are the fonts of a paper: the one with the alphabets, which is in the
// program, and those with everything else, which are read when they are needed.
type typeface struct {
	faces   []*face
	waiting []string // files that were not read yet
	found   map[rune]glyph
	buffer  sfnt.Buffer
}

// glyph is a letter in a font. width is in parts of the em.
type glyph struct {
	face  *face
	index sfnt.GlyphIndex
	width float64
}

// text says that it is embedded as text.
func (g glyph) text(r rune) bool { return g.face.name != "" && r <= 0xFFFF }

func openTypeface(files []string) (*typeface, error) {
	if len(files) == 0 {
		return nil, ErrFont
	}
	alphabets, err := parseFace("alphabets", dejavusans.TTF)
	if err != nil {
		return nil, err
	}
	return &typeface{faces: []*face{alphabets}, waiting: files, found: map[rune]glyph{}}, nil
}

// find gives the letter of the first font that has it; a zero face: none has.
func (t *typeface) find(r rune) (glyph, error) {
	if g, known := t.found[r]; known {
		return g, nil
	}
	for i := 0; ; i++ {
		if i == len(t.faces) {
			if len(t.waiting) == 0 {
				t.found[r] = glyph{}
				return glyph{}, nil
			}
			content, err := os.ReadFile(t.waiting[0])
			if err != nil {
				return glyph{}, fmt.Errorf("%w: %w", ErrFont, err)
			}
			next, err := parseFace(fmt.Sprint("font", i), content)
			if err != nil {
				return glyph{}, fmt.Errorf("%w: %s: %w", ErrFont, t.waiting[0], err)
			}
			t.faces, t.waiting = append(t.faces, next), t.waiting[1:]
		}
		f := t.faces[i]
		index, err := f.font.GlyphIndex(&t.buffer, r)
		if err != nil || index == 0 {
			continue
		}
		advance, err := f.font.GlyphAdvance(&t.buffer, index, f.units, font.HintingNone)
		if err != nil {
			continue
		}
		g := glyph{f, index, float64(advance) / float64(f.units)}
		t.found[r] = g
		return g, nil
	}
}

// alone are the scripts whose letters stand for themselves, from left to right.
// Others need rules that nothing here knows: written letter by letter, a name in
// Arabic or Devanagari would be another one.
var alone = []*unicode.RangeTable{
	unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Georgian, unicode.Han, unicode.Hiragana,
	unicode.Katakana, unicode.Bopomofo, unicode.Hangul, unicode.Yi, unicode.Common, unicode.Inherited,
}

// set gives a text as it can be shown. A sign that no font has, as an emoji, is
// named by its code point; a letter that none has is ErrLetter.
func (t *typeface) set(text string) (string, error) {
	var out []rune
	for _, r := range composed(text) {
		written := unicode.In(r, unicode.L, unicode.M, unicode.N)
		switch {
		case r == '\n':
			out = append(out, r)
			continue
		case unicode.In(r, unicode.Cf, unicode.Variation_Selector): // only says how others are to look
			continue
		case written && !unicode.In(r, alone...):
			return "", fmt.Errorf("%w: %q (%U) is of a script that needs more than its letters", ErrLetter, r, r)
		}
		g, err := t.find(r)
		switch {
		case err != nil:
			return "", err
		case g.face != nil:
			out = append(out, r)
		case written:
			return "", fmt.Errorf("%w: no font here has %q (%U); Debian's fonts-noto-cjk or fonts-hanazono may, or name one that has", ErrLetter, r, r)
		default:
			out = append(out, []rune(fmt.Sprintf("[%U]", r))...)
		}
	}
	return string(out), nil
}
