//go:build !nodemo

package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/totp"
)

func demoCodeVerb(c *cli) *cobra.Command {
	var data string
	var next bool
	verb := &cobra.Command{
		Use:   "code NAME",
		Short: "Print the code that a person of a demo has now",
		Long: `Prints what the authenticator of a demo's person shows now, also beside a demo
that runs: nobody needs an authenticator to try it. Each code works once; --next
waits for the next one. Without --data it is the demo that runs on this machine
and was given no folder.`,
		Example: `  TANDEM_TOTP=$(tandem demo code tech-a) tandem login tech-a`,
		Args:    cobra.ExactArgs(1),
	}
	verb.Flags().StringVar(&data, "data", "", "folder of the demo, that it prints as Data")
	verb.Flags().BoolVar(&next, "next", false, "wait for the code after this one")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		person, err := demoPersonOf(data, args[0])
		if err != nil {
			return err
		}
		step := totp.Step(person.TOTPPeriod, time.Now())
		if next {
			step++
			if err := waitUntil(cmd.Context(), time.Unix(step*int64(person.TOTPPeriod), 0)); err != nil {
				return err
			}
		}
		code, err := totp.Code(custody.SecretString(person.TOTPSecret), step)
		if err != nil {
			return err
		}
		answer := demoCode{person.Username, api.Secret(code), time.Unix((step+1)*int64(person.TOTPPeriod), 0)}
		if c.output == asJSON {
			return c.show(answer, nil)
		}
		c.note("Shown for another %s; each code works once, --next waits for the next.", time.Until(answer.Until).Round(time.Second))
		_, err = c.out.Write([]byte(code + "\n"))
		return err
	}
	return verb
}

// demoCode is what --output json prints.
type demoCode struct {
	Username string     `json:"username"`
	Code     api.Secret `json:"code"`
	Until    time.Time  `json:"until"` // an authenticator shows the next one then
}

func demoPersonOf(data, name string) (demo.Person, error) {
	if data == "" {
		running, err := demo.Running()
		switch {
		case err != nil:
			return demo.Person{}, err
		case len(running) == 0:
			return demo.Person{}, usagef("no demo runs here that was given no folder: name its folder with --data")
		case len(running) > 1:
			return demo.Person{}, usagef("several demos run here: name the folder of one with --data: %s", strings.Join(running, ", "))
		}
		data = running[0]
	}
	record, err := demo.SetUp(data)
	if err != nil {
		return demo.Person{}, ofFolder(err)
	}
	var names []string
	for _, person := range record.People {
		names = append(names, person.Username)
	}
	at := slices.Index(names, strings.ToLower(strings.TrimSpace(name)))
	if at < 0 {
		return demo.Person{}, usagef("%q plays in no demo: name one of %s", name, strings.Join(names, ", "))
	}
	return record.People[at], nil
}

func waitUntil(ctx context.Context, t time.Time) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(time.Until(t)):
		return nil
	}
}
