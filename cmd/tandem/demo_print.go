package main

import (
	"fmt"
	"net"
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
		rows = append(rows, []string{p.Username, p.Password, p.TOTPSecret, strconv.Itoa(p.TOTPPeriod) + " s", join(p.Roles)})
	}
	text.WriteString(columns([]string{"USERNAME", "PASSWORD", "TOTP SEED", "PERIOD", "ROLES"}, rows))
	text.WriteString("\n" + bold.Render("Try") + faint.Render(" (codes: an authenticator with the seed, or oathtool -b --totp SEED; each code works once)") + "\n")
	for _, line := range a.suggestions() {
		text.WriteString("  " + line + "\n")
	}
	return text.String()
}

func (a announcement) suggestions() []string {
	host, port, _ := net.SplitHostPort(a.SSH)
	return []string{
		"tandem login tech-a --server " + a.URL,
		`tandem checkout demo-root --purpose "ticket 4711" --reveal`,
		fmt.Sprintf("ssh -p %s root@%s", port, host),
		`tandem handover offer --all --leave --reason "lunch"   # then log in as tech-b: tandem handover accept handover-1`,
		"tandem back --wait                                     # as tech-a: the passwords are changed; ssh with the old one fails",
	}
}
