package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/words"
)

// cli is what every verb works with.
type cli struct {
	console
	output    outputFormat
	server    string // URL
	tokenFile string
}

// The environment variables that stand in for flags.
const (
	serverVariable    = "TANDEM_SERVER"
	tokenFileVariable = "TANDEM_TOKEN_FILE"
	configVariable    = "TANDEM_CONFIG"
)

const defaultServer = "http://127.0.0.1:8700"

// run carries out one command line and gives the exit code.
func run(ctx context.Context, c console, args []string) int {
	root, started := command(c)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err != nil && !*started:
		err = usageError{err} // cobra did not understand the line
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		err = errors.New("stopped before it was done")
	}
	if err != nil {
		c.complain(err)
	}
	return exitCode(err)
}

// command makes the tree of verbs. started says whether one of them began.
func command(on console) (root *cobra.Command, started *bool) {
	c := &cli{console: on, output: asTable}
	root = &cobra.Command{
		Use:   "tandem",
		Short: "Two technicians, one password: custody of privileged credentials",
		Long: `Tandem keeps the passwords of servers. Two technicians can run each server, one
of them holds its password; it passes to the other with both their codes, and is
changed on the server when it comes back. Every step is in a ledger.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(on.in)
	root.SetOut(on.out)
	root.SetErr(on.err)
	flags := root.PersistentFlags()
	flags.VarP(&c.output, "output", "o", "how to print an answer")
	flags.StringVar(&c.server, "server", os.Getenv(serverVariable), "URL of the server, also "+serverVariable+" (default: that of your log-in, or "+defaultServer+")")
	flags.StringVar(&c.tokenFile, "token-file", envOr(tokenFileVariable, defaultTokenFile()), "where the log-in is kept, also "+tokenFileVariable)

	root.AddGroup(
		&cobra.Group{ID: "custody", Title: "Custody:"},
		&cobra.Group{ID: "records", Title: "People, credentials, ledger:"},
		&cobra.Group{ID: "server", Title: "Running a server:"},
	)
	inGroup(root, "custody", loginVerb(c), logoutVerb(c), sessionVerbs(c), passwordVerb(c), authenticatorVerb(c), statusVerb(c), checkoutVerb(c), checkinVerb(c),
		awayVerb(c), backVerb(c), absenceVerbs(c), handoverVerbs(c))
	inGroup(root, "records", credentialVerbs(c), proposalVerbs(c), policyVerbs(c), personVerbs(c), offboardingVerbs(c), emergencyVerbs(c), incidentVerbs(c), envelopeVerbs(c), foundingVerbs(c), configurationVerbs(c), ledgerVerbs(c))
	inGroup(root, "server", demoVerbs(c)...)
	inGroup(root, "server", serveVerb(c), witnessVerb(c), initVerb(c), recoverVerb(c), rebindVerb(c), backupVerb(c), restoreVerb(c), maintenanceVerbs(c), clockVerbs(c), databaseVerbs(c), vaultVerbs(c), channelVerbs(c), configVerbs(c), healthVerb(c), doctorVerb(c), supportBundleVerb(c))
	root.AddCommand(append(manVerbs(c), versionVerb(c))...)
	started = new(bool)
	watch(root, started)
	return root, started
}

func inGroup(root *cobra.Command, id string, verbs ...*cobra.Command) {
	for _, verb := range verbs {
		verb.GroupID = id
		root.AddCommand(verb)
	}
}

// family makes a verb that only gathers others.
func family(use, short string, verbs ...*cobra.Command) *cobra.Command {
	parent := &cobra.Command{Use: use, Short: short, RunE: func(cmd *cobra.Command, args []string) error {
		var names []string
		for _, verb := range verbs {
			names = append(names, verb.Name())
		}
		return usagef("%s is followed by one of: %s", cmd.CommandPath(), strings.Join(names, ", "))
	}}
	parent.AddCommand(verbs...)
	return parent
}

// watch has every verb say that it began.
func watch(verb *cobra.Command, started *bool) {
	if begin := verb.RunE; begin != nil {
		verb.RunE = func(cmd *cobra.Command, args []string) error {
			*started = true
			return begin(cmd, args)
		}
	}
	for _, below := range verb.Commands() {
		watch(below, started)
	}
}

// complain says what happened, which rule it was, and what to do next.
func (c console) complain(err error) {
	what, rule, next := err.Error(), "", ""
	if p, ok := errors.AsType[*edge.Problem](err); ok {
		what, rule, next = string(p.Code)+": "+p.Detail, p.Rule, p.Next
		if p.RequestID != "" && !p.Refused() {
			next = strings.TrimSpace(next + " Request " + p.RequestID + ".")
		}
	} else if r, ok := errors.AsType[*custody.Refusal](err); ok {
		said := words.In(words.English).Refusal(r)
		what, rule, next = string(r.Code)+": "+said.What, r.Rule, said.Next
	} else if misused(err) {
		next = "See tandem help."
	} else if f := auditor.FailureOf(err); f != nil {
		next = f.Meaning
	}
	if rule != "" {
		what += " (rule " + rule + ")"
	}
	_, _ = lipgloss.Fprintln(c.err, red.Render("tandem:")+" "+what)
	if next != "" {
		_, _ = lipgloss.Fprintln(c.err, "  "+next)
	}
}

func envOr(variable, otherwise string) string {
	if value := os.Getenv(variable); value != "" {
		return value
	}
	return otherwise
}
