package certificate_test

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/certificate"
	"github.com/tandem-custody/tandem/custody/desk"
)

// droid is the font of the tests: Debian's fonts-droid-fallback.
func droid(t *testing.T) string {
	t.Helper()
	found, err := certificate.FindFonts()
	if err == nil {
		_, err = exec.LookPath("pdftotext")
	}
	if err != nil {
		if os.Getenv("TANDEM_TEST_ALL") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return found[0]
}

// written makes a record with this name and reason.
func written(t *testing.T, name, reason string, fonts ...string) ([]byte, error) {
	t.Helper()
	events := story()
	added, offered := events[0].Fact.(custody.PersonAdded), events[4].Fact.(custody.HandoverOffered)
	added.Name, offered.Reason = name, desk.NewNote(reason)
	events[0].Fact, events[4].Fact = added, offered
	b, key := prove(t, events)
	var out bytes.Buffer
	err := certificate.WritePDF(&out, b, key, fonts...)
	if err != nil && out.Len() > 0 {
		t.Errorf("%d bytes were written before it failed: %v", out.Len(), err)
	}
	return out.Bytes(), err
}

func textOf(t *testing.T, pdf []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "record.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPDFHasTheLettersOfNames: é, Ü, a dash, №, Cyrillic and Greek are letters in
// their lines, not boxes with a line break each.
func TestPDFHasTheLettersOfNames(t *testing.T) {
	font := droid(t)
	for _, name := range []string{
		"José Müller", "Ünal Şahin", "Łukasz Dvořák", "Nguyễn Thị Ánh", "Пётр Щербаков", "Γιώργος Παπαδόπουλος", "Հայկ", "გიორგი",
		"Siobhán O’Brien — № 7", "山田 はなこ", "张伟", "龘靐", "Jose\u0301",
	} {
		pdf, err := written(t, name, "reason "+name+" — end", font)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := strings.ReplaceAll(name, "e\u0301", "é")
		if text := textOf(t, pdf); !strings.Contains(text, want+" (tech-a)") || !strings.Contains(text, "reason "+want+" — end") {
			t.Errorf("%s is not in its line:\n%s", name, text)
		}
	}
}

// TestPDFWithRareCharacters: 𠮷 is drawn from whatever font has it, TrueType or not;
// where none has, the error names it, and nothing is written.
func TestPDFWithRareCharacters(t *testing.T) {
	font := droid(t)
	for _, rare := range []string{"testdata/u20bb7.ttf", "testdata/u20bb7-d55c.otf"} {
		pdf, err := written(t, "𠮷田", "𠮷", font, rare)
		if err != nil {
			t.Errorf("%s: %v", rare, err)
			continue
		}
		if text := textOf(t, pdf); !strings.Contains(text, "田 (tech-a)") {
			t.Errorf("the rest of the line is gone:\n%s", text)
		}
		if ink := inkBefore(t, pdf, "田"); ink < 0.05 || ink > 0.6 {
			t.Errorf("%s: before 田 %.0f %% are black: no character looks so", rare, ink*100)
		}
	}
	if _, err := written(t, "한", "x", font, "testdata/u20bb7-d55c.otf"); err != nil {
		t.Errorf("Hangul: %v", err)
	}
	for name, why := range map[string]string{"𠮷田": "U+20BB7", "한": "U+D55C", "محمد": "U+0645", "अनिल": "U+0905", "שרה": "U+05E9", "สมชาย": "U+0E2A"} {
		if _, err := written(t, name, "x", font); !errors.Is(err, certificate.ErrLetter) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// inkBefore gives how much of the place of one character before the first character
// of a kind is black, on the page as it is seen.
func inkBefore(t *testing.T, pdf []byte, character string) float64 {
	t.Helper()
	const dpi = 144
	folder := t.TempDir()
	path := filepath.Join(folder, "record.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	boxes, err := exec.CommandContext(t.Context(), "pdftotext", "-bbox", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	place := regexp.MustCompile(`<word xMin="([0-9.]+)" yMin="([0-9.]+)" xMax="([0-9.]+)" yMax="([0-9.]+)">` + character).FindSubmatch(boxes)
	if place == nil {
		t.Fatalf("%s is not on the page: %s", character, boxes)
	}
	var at [4]float64
	for i := range at {
		if at[i], err = strconv.ParseFloat(string(place[i+1]), 64); err != nil {
			t.Fatal(err)
		}
	}
	if err := exec.CommandContext(t.Context(), "pdftoppm", "-png", "-gray", "-singlefile", "-r", fmt.Sprint(dpi), path, filepath.Join(folder, "page")).Run(); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(folder, "page.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	page, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	pixel := func(points float64) int { return int(points * dpi / 72) }
	const em = 10.0
	black, all := 0, 0
	for x := pixel(at[0] - em); x < pixel(at[0]); x++ {
		for y := pixel(at[3] - em); y < pixel(at[3]); y++ {
			all++
			if r, _, _, _ := page.At(x, y).RGBA(); r < 0x8000 {
				black++
			}
		}
	}
	return float64(black) / float64(all)
}

// TestPDFWithEmoji: what is no letter is named where it cannot be drawn.
func TestPDFWithEmoji(t *testing.T) {
	font := droid(t)
	pdf, err := written(t, "Ann", "party 🎉 and 👩🏽‍💻 until ❤️ noon", font)
	if err != nil {
		t.Fatal(err)
	}
	text := textOf(t, pdf)
	for _, want := range []string{"party [U+1F389] and [U+1F469]", "noon"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not there:\n%s", want, text)
		}
	}
}

// TestPDFOfALongReason goes on on the next page instead of over its edge.
func TestPDFOfALongReason(t *testing.T) {
	font := droid(t)
	reason := strings.Repeat("外出培训", 124) + "完"
	pdf, err := written(t, "Ann", reason, font)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(textOf(t, pdf)), "")
	if strings.Count(text, "训") != 124 || !strings.Contains(text, "完") || !strings.Contains(text, "核验方法") {
		t.Errorf("something is missing:\n%s", text)
	}
}
