package main

import (
	"encoding/json"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
	"github.com/spf13/pflag"
)

// outputFormat is the value of -o.
type outputFormat string

const (
	asTable outputFormat = "table"
	asJSON  outputFormat = "json"
)

var _ pflag.Value = (*outputFormat)(nil)

func (f *outputFormat) String() string { return string(*f) }
func (f *outputFormat) Type() string   { return "table|json" }
func (f *outputFormat) Set(value string) error {
	if format := outputFormat(value); format == asTable || format == asJSON {
		*f = format
		return nil
	}
	return usagef("must be table or json")
}

var (
	bold  = lipgloss.NewStyle().Bold(true)
	faint = lipgloss.NewStyle().Faint(true)
	green = lipgloss.NewStyle().Foreground(lipgloss.Green)
	red   = lipgloss.NewStyle().Foreground(lipgloss.Red)
)

// show writes an answer: as JSON the API's own object, else the rows.
func (c *cli) show(answer any, headers []string, rows ...[]string) error {
	if c.output == asJSON {
		return c.showJSON(answer)
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := lipgloss.Fprint(c.out, columns(headers, rows))
	return err
}

func (c *cli) showJSON(answer any) error {
	encoder := json.NewEncoder(c.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(answer)
}

// columns lays rows out below bold headers, without lines.
func columns(headers []string, rows [][]string) string {
	last := len(headers) - 1
	t := table.New().Headers(headers...).Rows(rows...).Wrap(false).Border(lipgloss.HiddenBorder()).
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).
		BorderHeader(false).BorderColumn(false).
		StyleFunc(func(row, column int) lipgloss.Style {
			style := lipgloss.NewStyle()
			if row == table.HeaderRow {
				style = bold
			}
			if column == last {
				return style
			}
			return style.PaddingRight(2)
		})
	var text strings.Builder
	for line := range strings.Lines(t.Render() + "\n") {
		text.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return text.String()
}

// moment writes an instant for people: local, with its zone.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05 MST")
}
