package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/notify"
	"github.com/tandem-custody/tandem/custody/notify/channel"
)

func channelVerbs(c *cli) *cobra.Command {
	return family("channel", "On the server's machine: look at the channels by which groups are told, and try one", channelListVerb(c), channelTestVerb(c))
}

// channelShown is a channel as tandem channel list shows it: nothing of it is secret.
type channelShown struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`
	Host     string   `json:"host,omitzero"` // of its URL
	Grades   []string `json:"grades"`
	Language string   `json:"language"`
	Reaches  []string `json:"reaches"`
	Problem  string   `json:"problem,omitzero"` // why it cannot be used
}

func channelListVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{Use: "list", Short: "Show the channels of the configuration: where they lead, what they are told, and whom they reach", Args: cobra.NoArgs}
	configured(verb, func(_ *cobra.Command, _ []string, cfg config.Config) error {
		all, rows := []channelShown{}, [][]string{}
		var wrong error
		for _, one := range cfg.Notify.Channels {
			shown := channelShown{Name: one.Name, Kind: one.Kind, Grades: one.ToldOf(), Language: cmp.Or(one.Language, cfg.Notify.Language), Reaches: append([]string{}, one.Reaches...)}
			r, err := roomOf(cfg, one)
			if err == nil {
				_, err = r.sender()
			}
			if err != nil {
				shown.Problem = err.Error()
				wrong = errors.Join(wrong, err)
			} else if at, err := url.Parse(r.URL); err == nil {
				shown.Host = at.Host
			}
			all = append(all, shown)
			rows = append(rows, []string{shown.Name, shown.Kind, cmp.Or(shown.Host, "unusable"), strings.Join(shown.Grades, ", "), shown.Language, cmp.Or(strings.Join(shown.Reaches, ", "), "nobody by name")})
		}
		if err := c.show(all, []string{"CHANNEL", "KIND", "HOST", "TOLD OF", "LANGUAGE", "REACHES"}, rows...); err != nil {
			return err
		}
		return wrong
	})
	return verb
}

// channelTried is what tandem channel test shows.
type channelTried struct {
	Channel string `json:"channel"`
	Outcome string `json:"outcome"`        // accepted, denied, refused, later or unusable
	Error   string `json:"error,omitzero"` // what the service, or the way to it, said
	Next    string `json:"next,omitzero"`  // what to do
	Millis  int64  `json:"milliseconds"`   // that it took
}

func channelTestVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "test NAME",
		Short: "Send a message to a channel, and say what became of it",
		Long: `Sends one message that says that it is a test, by the channel as the configuration on
this machine has it, and says whether the service took it, or which error it was and what
to do. It needs no running server, and enters nothing in the ledger. Exit code 0: it was
taken; 1: it was not, or that is not known; 2: there is no such channel.`,
		Args: cobra.ExactArgs(1),
	}
	configured(verb, func(cmd *cobra.Command, args []string, cfg config.Config) error {
		for _, one := range cfg.Notify.Channels {
			if one.Name == args[0] {
				return c.tryChannel(cmd.Context(), cfg, one)
			}
		}
		var names []string
		for _, one := range cfg.Notify.Channels {
			names = append(names, one.Name)
		}
		return usagef("the configuration has no channel %s; it has: %s", args[0], cmp.Or(strings.Join(names, ", "), "none"))
	})
	return verb
}

// tryTimeout is longer than a sender waits by itself.
const tryTimeout = 20 * time.Second

func (c *cli) tryChannel(ctx context.Context, cfg config.Config, one config.Channel) error {
	r, err := roomOf(cfg, one)
	if err != nil {
		return err
	}
	sender, err := r.sender()
	if err != nil {
		return err
	}
	m, err := notify.TestMessage(one.Name, cmp.Or(one.Language, cfg.Notify.Language), cfg.URL())
	if err != nil {
		return err
	}
	m.ID, m.At = "test-"+strings.ToLower(rand.Text()), time.Now()
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	began := time.Now()
	failed := sender.Send(ctx, m)
	tried := channelTried{Channel: one.Name, Millis: time.Since(began).Milliseconds()}
	tried.Outcome, tried.Next = outcomeOfChannel(failed)
	if failed != nil {
		tried.Error = failed.Error()
	}
	if err := c.show(tried, []string{"CHANNEL", "OUTCOME", "ERROR", "NEXT"}, []string{tried.Channel, tried.Outcome, tried.Error, tried.Next}); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("channel %s: %w", one.Name, failed)
	}
	return nil
}

// outcomeOfChannel says what became of a message, and what to do.
func outcomeOfChannel(err error) (outcome, next string) {
	switch {
	case err == nil:
		return "accepted", "Look whether it is in the room."
	case errors.Is(err, channel.ErrDenied):
		return "denied", "Copy URL and secret anew from the service's settings of the robot into their files; look there for words or addresses that it asks for, and at this machine's clock."
	case errors.Is(err, channel.ErrRefused):
		return "refused", "The service takes no such text: look at its filters, and whether kind is the right one."
	case errors.Is(err, channel.ErrLater):
		return "later", "It was asked too often: wait some minutes, and see who else sends by this robot."
	}
	return "unusable", "Look at the way there: name, proxy, firewall, and ca for a certificate of your own. It may have the message all the same."
}
