package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func incidentVerbs(c *cli) *cobra.Command {
	return family("incident", "What has to be looked at, assessed and closed",
		incidentListVerb(c), incidentShowVerb(c), incidentReportVerb(c), incidentAckVerb(c), incidentAssessVerb(c), incidentCloseVerb(c))
}

func incidentListVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{Use: "list", Short: "List incidents, the newest first", Args: cobra.NoArgs}
	var q desk.IncidentQuery
	flags := verb.Flags()
	flags.BoolVar(&q.Open, "open", false, "only those that are not closed")
	flags.StringVar((*string)(&q.Status), "status", "", "only these: open, acknowledged, assessed or closed")
	flags.StringVar((*string)(&q.Grade), "grade", "", "only these, as they stand: ordinary, serious or special")
	flags.StringVar(&q.Credential, "credential", "", "only about this one")
	flags.StringVar(&q.Person, "person", "", "only about this person")
	flags.StringVar(&q.Before, "before", "", "only older ones than this id")
	limit := flags.Int("limit", 100, "at most so many")
	verb.MarkFlagsMutuallyExclusive("open", "status")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		server, err := c.connect()
		if err != nil {
			return err
		}
		query := q
		query.Limit = *limit + 1 // one more, to see whether that was all
		return showOlder(c, *limit, server.EachIncident(cmd.Context(), query), c.showIncidents, func(i api.Incident) string { return i.ID })
	}
	return verb
}

func (c *cli) showIncidents(answer any, all ...api.Incident) error {
	var rows [][]string
	for _, i := range all {
		rows = append(rows, []string{i.ID, string(i.Grade), string(i.Status), i.Type, i.Subject, fmt.Sprint(i.Count), moment(i.LastAt)})
	}
	return c.show(answer, []string{"ID", "GRADE", "STATUS", "TYPE", "ABOUT", "ENTRIES", "LAST"}, rows...)
}

func incidentShowVerb(c *cli) *cobra.Command {
	return showVerb(c, "show ID", "Show what raised an incident, what became of it, and who can decide about it", (*client.Client).Incident, c.showIncident)
}

func incidentReportVerb(c *cli) *cobra.Command {
	var in api.ReportIncident
	verb := &cobra.Command{
		Use: "report --text TEXT [--grade GRADE] [--credential NAME | --person NAME]", Short: "Report something that happened", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
				in.TOTP = code
				i, err := server.ReportIncident(ctx, in)
				if err != nil {
					return err
				}
				return c.showIncident(i)
			})
		},
	}
	verb.Flags().StringVar(&in.Text, "text", "", "what you saw; no passwords")
	verb.Flags().StringVar((*string)(&in.Grade), "grade", string(custody.Serious), "how serious it looks to you: ordinary, serious or special")
	verb.Flags().StringVar(&in.Credential, "credential", "", "that it is about")
	verb.Flags().StringVar(&in.Person, "person", "", "or whom")
	verb.MarkFlagsMutuallyExclusive("credential", "person")
	_ = verb.MarkFlagRequired("text")
	return verb
}

func incidentAckVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "ack ID", Short: "Say that you have seen it, as one whose task it is; takes no code", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.act(cmd.Context(), func(ctx context.Context, server *client.Client) error {
				i, err := server.AcknowledgeIncident(ctx, args[0])
				if err != nil {
					return err
				}
				return c.showIncident(i)
			})
		},
	}
}

// decidesIncident is what assessing and closing have in common.
func decidesIncident(c *cli, verb *cobra.Command, decide func(context.Context, *client.Client, string, api.Secret) (api.Incident, error)) *cobra.Command {
	_ = verb.MarkFlagRequired("text")
	verb.Args = cobra.ExactArgs(1)
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
			i, err := decide(ctx, server, args[0], code)
			if err != nil {
				return err
			}
			return c.showIncident(i)
		})
	}
	return verb
}

func incidentAssessVerb(c *cli) *cobra.Command {
	var in api.AssessIncident
	verb := &cobra.Command{Use: "assess ID --grade GRADE --text TEXT", Short: "Say how serious it is, as one of the assessment group"}
	verb.Flags().StringVar((*string)(&in.Grade), "grade", "", "ordinary, serious or special")
	verb.Flags().StringVar(&in.Text, "text", "", "why")
	_ = verb.MarkFlagRequired("grade")
	return decidesIncident(c, verb, func(ctx context.Context, server *client.Client, id string, code api.Secret) (api.Incident, error) {
		in.TOTP = code
		return server.AssessIncident(ctx, id, in)
	})
}

func incidentCloseVerb(c *cli) *cobra.Command {
	var in api.CloseIncident
	verb := &cobra.Command{Use: "close ID --text TEXT", Short: "Say that nothing is left to do about it, once it was assessed"}
	verb.Flags().StringVar(&in.Text, "text", "", "what was done")
	return decidesIncident(c, verb, func(ctx context.Context, server *client.Client, id string, code api.Secret) (api.Incident, error) {
		in.TOTP = code
		return server.CloseIncident(ctx, id, in)
	})
}

// showIncident writes one with everything about it.
func (c *cli) showIncident(i api.Incident) error {
	if c.output == asJSON {
		return c.showJSON(i)
	}
	rows := [][]string{{"id", i.ID}, {"status", string(i.Status)}, {"grade", string(i.Grade)}, {"came as", string(i.CameAs)}, {"type", i.Type}, {"about", i.Subject},
		{"people", strings.Join(i.People, ", ")}, {"credentials", strings.Join(i.Credentials, ", ")},
		{"entries", fmt.Sprintf("%d, from %d to %d", i.Count, i.First, i.Last)}, {"opened", moment(i.OpenedAt)}, {"last", moment(i.LastAt)}}
	if i.Reporter != "" {
		rows = append(rows, []string{"reported", fmt.Sprintf("by %s: %s", i.Reporter, i.Report)})
	}
	if i.Unanswered {
		rows = append(rows, []string{"unanswered", "nobody acknowledged it for a day"})
	}
	if i.AcknowledgedBy != "" {
		rows = append(rows, []string{"acknowledged", fmt.Sprintf("by %s, %s", i.AcknowledgedBy, moment(i.AcknowledgedAt))})
	}
	if i.AssessedBy != "" {
		rows = append(rows, []string{"assessed", fmt.Sprintf("%s, by %s, %s: %s", i.Grade, i.AssessedBy, moment(i.AssessedAt), i.Assessment)})
	}
	if i.ClosedBy != "" {
		rows = append(rows, []string{"closed", fmt.Sprintf("by %s, %s: %s", i.ClosedBy, moment(i.ClosedAt), i.Closing)})
	}
	if i.Alone {
		rows = append(rows, []string{"alone", "decided by somebody whom it is about: nobody else was left"})
	}
	if len(i.Can) > 0 {
		rows = append(rows, []string{"can decide", strings.Join(i.Can, ", ")})
	}
	return c.show(i, []string{"INCIDENT", ""}, rows...)
}
