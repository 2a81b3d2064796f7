package channel

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// maxDingTalk bounds a text, in bytes; the robot takes 20,000.
const maxDingTalk = 8_000

// dingTalkPause is for how long a robot is muted that said more than twenty messages in a
// minute.
const dingTalkPause = 10 * time.Minute

// askDingTalk signs the URL: HMAC-SHA256, with the secret as its key, of the milliseconds
// and the secret.
func askDingTalk(s *Sender, m Message, now time.Time) request {
	at := strconv.FormatInt(now.UnixMilli(), 10)
	mac := hmac.New(sha256.New, s.secret.Bytes())
	mac.Write([]byte(at + "\n" + s.secret.Reveal()))
	return request{
		query: url.Values{"timestamp": {at}, "sign": {base64.StdEncoding.EncodeToString(mac.Sum(nil))}},
		body:  object(map[string]any{"msgtype": "text", "text": map[string]any{"content": text(m, maxDingTalk, asItIs)}}),
	}
}

// saidDingTalk reads errcode. 310000 is any of the robot's own conditions: a signature, a
// word that has to occur, an address that is not among those let in.
func saidDingTalk(a answer) error {
	return saidErrCode(a,
		[]int{310000, 300001, 300005, 400101, 400102, 400013, 400106},
		[]int{400105, 430101, 430102, 430103, 430104, 40035, 460101},
		[]int{130101, 410100, -1}, dingTalkPause)
}

// object writes JSON of texts and numbers, which can be written. Its members are in one
// order, so that a message that is sent again is the same bytes.
func object(members map[string]any) []byte {
	body, err := json.Marshal(members, json.Deterministic(true))
	if err != nil {
		panic("channel: " + err.Error())
	}
	return body
}
