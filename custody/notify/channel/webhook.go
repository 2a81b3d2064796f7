package channel

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

const webhookPrefix = "whsec_"

// webhookKey reads the secret of a webhook: "whsec_" and 24 to 64 bytes in base64.
func webhookKey(secret custody.Secret) ([]byte, error) {
	text, prefixed := strings.CutPrefix(secret.Reveal(), webhookPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !prefixed || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("channel: the secret of a webhook must be whsec_ and 24 to 64 bytes in base64, such as: printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\"")
	}
	return key, nil
}

// askWebhook signs as Standard Webhooks have it: HMAC-SHA256 of id, seconds and body,
// with a dot between.
func askWebhook(s *Sender, m Message, now time.Time) request {
	data := map[string]any{"grade": string(m.Grade), "language": m.Language, "title": m.Title, "lines": append([]string{}, m.Lines...), "link": m.Link}
	if m.Last >= m.First {
		data["first"], data["last"] = m.First, m.Last
	}
	body := object(map[string]any{"type": "tandem.notice", "timestamp": m.At.UTC().Format(time.RFC3339Nano), "data": data})
	at := strconv.FormatInt(now.Unix(), 10)
	key, _ := webhookKey(s.secret) // New has looked at it
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(m.ID + "." + at + "."))
	mac.Write(body)
	return request{body: body, header: http.Header{
		"Webhook-Id": {m.ID}, "Webhook-Timestamp": {at}, "Webhook-Signature": {"v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}}
}

// saidWebhook: any 2xx is a yes.
func saidWebhook(answer) error { return nil }
