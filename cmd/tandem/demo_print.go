//go:build !nodemo

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// String is the announcement for people: the log-ins, and what to try.
func (a announcement) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "Tandem's demo serves on %s, its SSH server on %s.\n", bold.Render(a.URL), bold.Render(a.SSH))
	fmt.Fprintf(&text, "Data: %s\n\n", a.Data)
	var rows [][]string
	for _, p := range a.People {
		rows = append(rows, []string{p.Username, p.Password, p.TOTPSecret, strconv.Itoa(p.TOTPPeriod) + " s", join(p.Roles), a.URL + "/login?as=" + p.Username})
	}
	text.WriteString(columns([]string{"USERNAME", "PASSWORD", "TOTP SEED", "PERIOD", "ROLES", "PAGES"}, rows))
	fmt.Fprintf(&text, "\n%s %s\n", bold.Render("Try"),
		faint.Render("(codes: "+ownCommand()+" demo code NAME --data "+shellWord(a.Data)+", or an authenticator with the seed; each code works once)"))
	for _, line := range a.suggestions() {
		text.WriteString("  " + line + "\n")
	}
	return text.String()
}

func (a announcement) suggestions() []string {
	tandem := ownCommand()
	host, port, _ := net.SplitHostPort(a.SSH)
	return []string{
		fmt.Sprintf("%s login tech-a --server %s", tandem, a.URL),
		fmt.Sprintf("%s demo code tech-a --data %s   # in another terminal: the code that it asks for", tandem, shellWord(a.Data)),
		fmt.Sprintf("%s checkout demo-root --purpose 'ticket 4711' --reveal", tandem),
		fmt.Sprintf("ssh -p %s root@%s", port, host),
		fmt.Sprintf("%s handover offer --all --leave --reason lunch   # then, as tech-b: handover accept handover-1", tandem),
		fmt.Sprintf("%s back --wait   # as tech-a: the passwords are changed, and ssh with the old one fails", tandem),
	}
}

// ownCommand is how whoever reads this can run this program again.
func ownCommand() string {
	own, err := os.Executable()
	if err != nil {
		return "tandem"
	}
	if onPath, err := exec.LookPath("tandem"); err == nil && onPath == own {
		return "tandem"
	}
	if strings.Contains(own, "/go-build") {
		return "go run ./cmd/tandem"
	}
	return own
}

// shellWord gives a text as one word for a shell.
func shellWord(text string) string {
	if text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return !strings.ContainsRune("/._-+,:=@%", r) && (r > 'z' || r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a')
	}) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
