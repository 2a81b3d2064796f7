package channel

import (
	"strings"
	"time"
)

// maxSlack bounds a text, in bytes; Slack takes 40,000 letters and advises 4,000.
const maxSlack = 4_000

func askSlack(_ *Sender, m Message, _ time.Time) request {
	return request{body: object(map[string]any{"text": text(m, maxSlack, slackText.Replace), "mrkdwn": false, "unfurl_links": false})}
}

// slackText keeps a name from being a link, or from calling everybody (<!channel>).
var slackText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// saidSlack: a yes is the word ok.
func saidSlack(a answer) error {
	if strings.TrimSpace(string(a.body)) == "ok" {
		return nil
	}
	return errNoAnswer
}
