//go:build !nodemo

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/totp"
)

func demoVerbs(c *cli) []*cobra.Command { return []*cobra.Command{demoVerb(c)} }

func demoVerb(c *cli) *cobra.Command {
	var d demonstration
	var data string
	var asLine bool
	verb := &cobra.Command{
		Use:   "demo",
		Short: "Try everything on this machine: nothing else needs to be installed",
		Long: `Runs Tandem and a real SSH server whose passwords Tandem keeps, in one process,
on loopback, and prints the log-ins of its people. With --play it goes through
the whole policy by itself and says what it expected and what it saw.`,
		Args: cobra.NoArgs,
	}
	flags := verb.Flags()
	flags.StringVar(&data, "data", "", "folder to keep the data in (default: a temporary one)")
	flags.StringVar(&d.listen, "listen", "127.0.0.1:8700", "address of the API; :0 takes a free port")
	flags.StringVar(&d.sshListen, "ssh-listen", "127.0.0.1:8722", "address of the SSH server; :0 takes a free port")
	flags.StringVar(&d.vaultAddr, "vault-addr", "", "keep the secrets in this Vault")
	flags.StringVar(&d.vaultCA, "vault-ca", os.Getenv("VAULT_CACERT"), "PEM file of its authority, also VAULT_CACERT (default: the system's)")
	flags.StringVar(&d.vaultToken, "vault-token", os.Getenv("VAULT_TOKEN"), "token that may set it up; better given in VAULT_TOKEN")
	flags.IntVar(&d.period, "totp-period", totp.DefaultPeriod, "seconds that a TOTP code lasts")
	flags.BoolVar(&asLine, "json", false, "print the log-ins as one line of JSON")
	flags.BoolVar(&d.plays, "play", false, "go through the whole policy, then end")
	flags.StringVar(&d.logging.Level, "log-level", "warn", "debug, info, warn or error")
	flags.Lookup("vault-token").DefValue = "" // help must not print the variable's value
	verb.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if d.plays && asLine {
			return usagef("--play prints its own report: leave --json out")
		}
		if d.plays && !flags.Changed("totp-period") {
			d.period = play.Period
		}
		d.sshChosen = flags.Changed("ssh-listen")
		d.logging.Format = "text"
		d.log = newLog(d.logging)
		// A terminal that is closed ends it in order: its folder holds passwords.
		ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGHUP)
		defer stop()
		if data == "" {
			if data, err = os.MkdirTemp("", demo.Temporary); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
		}
		if d.folder, err = demo.OpenFolder(data, writeDurably); err != nil {
			return ofFolder(err)
		}
		defer d.folder.Close()
		d.wantsHeld, d.note = d.plays, c.note
		return d.with(ctx, func(ctx context.Context) error {
			if d.plays {
				return c.play(ctx, &d)
			}
			if err := c.announce(ctx, &d, asLine); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		})
	}
	verb.AddCommand(demoCodeVerb(c))
	return verb
}

// ofFolder is err; a folder that cannot be a demo's is a mistake of whoever named it.
func ofFolder(err error) error {
	if _, wrong := errors.AsType[*demo.FolderError](err); wrong {
		return usageError{err}
	}
	return err
}

// play has the demo go through the whole policy and prints each step as it happens,
// so the widths are fixed.
func (c *cli) play(ctx context.Context, d *demonstration) error {
	row := func(style lipgloss.Style, mark, what, expected, seen string) {
		_, _ = lipgloss.Fprintln(c.out, style.Render(mark)+fmt.Sprintf(" %-66s %-30s ", what, expected)+style.Render(seen))
	}
	row(bold, " ", "step", "expected", "seen")
	var pass func(time.Duration)
	if d.moves() {
		pass = d.clock.Pass
	}
	steps, err := play.Run(ctx, play.Config{
		Now: d.clock.Now, Pass: pass,
		Server: d.url, People: d.record.People, Fresh: !d.found, SSH: d.record.SSH, HostKey: d.hostKey, Envelopes: d.folder.File("envelopes"), Hold: d.ssh.Hold,
		Ledger: func(ctx context.Context, asAuditor *client.Client) (bool, error) {
			report, err := auditor.Request{Now: d.clock.Now()}.Server(ctx, asAuditor)
			return report.Signed == report.Size, err
		},
		Database: func(ctx context.Context) error {
			_, err := verifyDatabase(ctx, d.folder.File("tandem.db"), auditor.Request{Now: d.clock.Now()})
			return err
		},
		Show: func(s play.Step) {
			style, mark := green, "✓"
			if !s.Held {
				style, mark = red, "✗"
			}
			row(style, mark, fmt.Sprintf("%2d. %s", s.Number, s.What), s.Expected, s.Seen)
		},
	})
	if err != nil {
		return err
	}
	_, err = lipgloss.Fprintf(c.out, "%s\n", green.Render(fmt.Sprintf("All %d steps held.", steps)))
	return err
}

// announcement is what --json prints.
type announcement struct {
	URL         string            `json:"url"`
	SSH         string            `json:"ssh"`      // host:port
	HostKey     string            `json:"host_key"` // as in known_hosts, behind the name
	People      []demo.Person     `json:"people"`
	Credentials []demo.Credential `json:"credentials"`
	LedgerKey   string            `json:"ledger_key"`
	Data        string            `json:"data"`
}

// announce says who can log in where.
func (c *cli) announce(ctx context.Context, d *demonstration, asLine bool) error {
	key, err := d.program.desk.LedgerKey(ctx)
	if err != nil {
		return err
	}
	a := announcement{
		URL: d.url, SSH: d.record.SSH, HostKey: d.hostKey, People: d.record.People,
		Credentials: demo.Credentials, LedgerKey: key, Data: d.folder.Path,
	}
	if asLine || c.output == asJSON {
		return json.NewEncoder(c.out).Encode(a)
	}
	_, err = lipgloss.Fprint(c.out, a.String())
	return err
}
