package channel

import (
	"net/http"
	"strings"
	"time"
)

// maxTeams bounds what a card says, in bytes; a whole request may have 28 KB.
const maxTeams = 8_000

// askTeams makes an Adaptive Card, as a workflow takes one. Its texts are runs, in which
// no markup is read, and the address is a button that only opens it.
func askTeams(_ *Sender, m Message, _ time.Time) request {
	block := func(said string, weight string) map[string]any {
		return map[string]any{"type": "RichTextBlock", "inlines": []any{map[string]any{"type": "TextRun", "text": said, "weight": weight}}}
	}
	title := "[Tandem] " + m.Title
	body := []any{block(bounded(title, maxTeams/2), "Bolder")}
	if len(m.Lines) > 0 {
		body = append(body, block(bounded(strings.Join(m.Lines, "\n"), maxTeams/2), "Default"))
	}
	card := map[string]any{"type": "AdaptiveCard", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "version": "1.4", "body": body}
	if m.Link != "" {
		card["actions"] = []any{map[string]any{"type": "Action.OpenUrl", "title": "Tandem", "url": m.Link}}
	}
	return request{body: object(map[string]any{"type": "message", "attachments": []any{
		map[string]any{"contentType": "application/vnd.microsoft.card.adaptive", "content": card},
	}})}
}

// saidTeams: a workflow says 202, and a connector of before 200 and the figure 1. With
// 200 that connector also tells of failures, in words.
func saidTeams(a answer) error {
	said := strings.TrimSpace(string(a.body))
	switch {
	case a.status == http.StatusAccepted, said == "1":
		return nil
	case strings.Contains(said, "HTTP error 429"):
		return later(time.Minute, "error 429")
	}
	return errNoAnswer
}
