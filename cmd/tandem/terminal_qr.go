package main

import (
	"errors"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quiet is the light border that a QR code needs, in modules (ISO/IEC 18004).
const quiet = 4

// terminalQR draws a QR code for a terminal, two rows of it in one of letters, in black
// on white whatever the terminal's own colours are.
func terminalQR(content string) (string, error) {
	code, err := qr.Encode(content, qr.M, qr.Auto)
	if err != nil {
		return "", errors.New("draw a QR code: too much for one") // the error would quote it
	}
	size := code.Bounds().Dx()
	dark := func(x, y int) bool {
		if x < 0 || y < 0 || x >= size || y >= size {
			return false
		}
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}
	var drawn strings.Builder
	for y := -quiet; y < size+quiet; y += 2 {
		drawn.WriteString("\x1b[38;5;16;48;5;231m")
		for x := -quiet; x < size+quiet; x++ {
			switch upper, lower := dark(x, y), dark(x, y+1); {
			case upper && lower:
				drawn.WriteRune('█')
			case upper:
				drawn.WriteRune('▀')
			case lower:
				drawn.WriteRune('▄')
			default:
				drawn.WriteRune(' ')
			}
		}
		drawn.WriteString("\x1b[0m\n")
	}
	return drawn.String(), nil
}

// noteAuthenticator shows the person at the terminal a seed, to scan or to type.
func (c console) noteAuthenticator(otpAuth, seed string) error {
	drawn, err := terminalQR(otpAuth)
	if err != nil {
		return err
	}
	c.note("Scan this with your authenticator, or type the key %s:\n\n%s", seed, drawn)
	return nil
}
