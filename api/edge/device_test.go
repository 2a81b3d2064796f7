package edge

import (
	"strings"
	"testing"
)

// TestWhatADeviceIsCalled: in two words, whatever it sends.
func TestWhatADeviceIsCalled(t *testing.T) {
	for sent, want := range map[string]string{
		"": "",
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                                            "Firefox, Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0":                     "Edge, Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36":                                   "Chrome, Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1":           "Safari, iPhone",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15":                             "Safari, macOS",
		"Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.49": "WeChat, Android",
		"tandem (linux)":           "tandem, Linux",
		"curl/8.9.1":               "curl",
		"Backup\nRobot\x1b[2J/2.1": "BackupRobot[2J",
		"探测器/1":                    "",
		strings.Repeat("a", 5000):  strings.Repeat("a", maxDevice),
	} {
		if got := deviceOf(sent); got != want {
			t.Errorf("%q is called %q, want %q", sent, got, want)
		}
	}
}
