package edge

import (
	"strings"
	"unicode"
)

// What a device says of itself (RFC 9110, 10.1.5), in two words at most: the first
// mark that its User-Agent has, as the later ones are what it only wants to be
// compatible with. Browsers do not say more that is true, and nothing here is believed:
// it is for people who look through their own log-ins.
var (
	programs = [][2]string{
		{"tandem", "tandem"}, {"MicroMessenger", "WeChat"}, {"DingTalk", "DingTalk"}, {"Lark", "Lark"}, {"Edg", "Edge"}, {"OPR/", "Opera"},
		{"SamsungBrowser", "Samsung Internet"}, {"Firefox", "Firefox"}, {"FxiOS", "Firefox"}, {"CriOS", "Chrome"}, {"Chrome", "Chrome"}, {"Safari", "Safari"},
		{"curl", "curl"}, {"Go-http-client", "Go"}, {"python", "Python"},
	}
	systems = [][2]string{
		{"Windows", "Windows"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"HarmonyOS", "HarmonyOS"}, {"CrOS", "ChromeOS"},
		{"Mac OS X", "macOS"}, {"darwin", "macOS"}, {"Linux", "Linux"}, {"linux", "Linux"}, {"windows", "Windows"},
	}
)

// maxDevice is how many letters are kept of a device that nobody knows.
const maxDevice = 40

// deviceOf describes a device by its User-Agent; "": it said nothing.
func deviceOf(userAgent string) string {
	program, system := markOf(userAgent, programs), markOf(userAgent, systems)
	if program == "" { // the first product, without its version
		program, _, _ = strings.Cut(userAgent, "/")
		program = strings.Map(func(r rune) rune {
			if r > unicode.MaxASCII || !unicode.IsPrint(r) {
				return -1
			}
			return r
		}, program)
		program = strings.TrimSpace(program[:min(len(program), maxDevice)])
	}
	if program == "" || system == "" {
		return program + system
	}
	return program + ", " + system
}

func markOf(userAgent string, marks [][2]string) string {
	for _, m := range marks {
		if strings.Contains(userAgent, m[0]) {
			return m[1]
		}
	}
	return ""
}
