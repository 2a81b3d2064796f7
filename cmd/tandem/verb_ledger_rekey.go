package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func ledgerRekeyVerb(c *cli) *cobra.Command {
	var as string
	verb := &cobra.Command{
		Use:   "rekey --as USERNAME",
		Short: "On the server's machine: have the ledger sealed with a new key, with a manager's or a director's code",
		Long: `For when somebody may know the key that the ledger's batches are sealed with, or it
has been in use for long. The new key is made in the secret store, at a path of its
own, and whatever is entered from now on is under it; what is sealed with an old key
from then on counts for nothing. A manager or a director gives a code of theirs, here.

What stands stays verifiable: no key is removed. It is entered at grade serious
(seal.key_changed). Running servers go over by themselves. Back the secret store up
afterwards: an older backup of it has not got the new key. With the embedded secret
store, stop the server first.`,
		Args: cobra.NoArgs,
	}
	verb.Flags().StringVar(&as, "as", "", "whose code it is: a manager or a director")
	_ = verb.MarkFlagRequired("as")
	load := configFlags(verb)
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		code, err := c.code()
		if err != nil {
			return err
		}
		changed, err := rekey(cmd.Context(), cfg, desk.Username(as), code)
		if err != nil {
			return err
		}
		return c.show(changed, []string{"ENTRY", "FROM", "TO"}, []string{fmt.Sprint(changed.Entry), changed.From, changed.To})
	}
	return verb
}

// rekeyed is what tandem ledger rekey prints.
type rekeyed struct {
	Entry int64  `json:"entry"` // index
	From  string `json:"from"`  // ids of the keys
	To    string `json:"to"`
}

func rekey(ctx context.Context, cfg config.Config, username, code string) (_ rekeyed, err error) {
	p, err := openProgram(ctx, cfg, newLog(cfg.Log))
	if err != nil {
		return rekeyed{}, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	outcome, err := p.desk.ChangeSealKey(ctx, desk.By{Actor: username, Request: rand.Text(), Code: code})
	if err != nil {
		return rekeyed{}, err
	}
	for _, e := range outcome.Events {
		if f, is := e.Event.Fact.(custody.SealKeyChanged); is {
			return rekeyed{e.Index, f.From, f.To}, nil
		}
	}
	return rekeyed{}, errors.New("no entry says so")
}
