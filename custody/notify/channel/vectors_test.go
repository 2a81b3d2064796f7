package channel

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// TestSignaturesAreThoseOfTheServices: values that were computed with openssl from what the
// services' documentation says; of a webhook with the secret and the id that Standard
// Webhooks have in their examples.
func TestSignaturesAreThoseOfTheServices(t *testing.T) {
	at := time.Unix(1614265330, 0)
	s := &Sender{secret: custody.SecretString("SECabc")}
	if got := askDingTalk(s, Message{}, at).query; got.Get("timestamp") != "1614265330000" || got.Get("sign") != dingTalkVector {
		t.Errorf("DingTalk: %v", got)
	}
	c := asJSON(t, askFeishu(s, Message{}, at).body)
	if c["timestamp"] != "1614265330" || c["sign"] != feishuVector {
		t.Errorf("Feishu: %v", c)
	}
	w := &Sender{secret: custody.SecretString("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")}
	if _, err := webhookKey(w.secret); err != nil {
		t.Fatal(err)
	}
	q := askWebhook(w, Message{ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", Title: "t", First: 1, Last: 1, At: at}, at)
	if got := q.header.Get("Webhook-Signature"); got != webhookVector {
		t.Errorf("webhook: %s of %s", got, q.body)
	}
	if got := (url.Values{"sign": {dingTalkVector}}).Encode(); got == "sign="+dingTalkVector {
		t.Error("a signature in a URL is not escaped")
	}
}

const (
	dingTalkVector = "Dy1F/Aubx+Vl1q9BdFWhQl+yLBt9I7LKkq+LHdiIV8M="
	feishuVector   = "wO1pS8z+IPGFfctrjAufRDJUeH4E0f74ftlvUKQ5gr4="
	webhookVector  = "v1,N2Lj5dUqmuVfgQsRaBCpbJQjL23HIVJzBZgzPddLn6I="
)

func asJSON(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var said map[string]any
	if err := json.Unmarshal(body, &said); err != nil {
		t.Fatal(err)
	}
	return said
}
