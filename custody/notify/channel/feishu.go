package channel

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// maxFeishu bounds a text, in bytes; a whole request may have 20 KB.
const maxFeishu = 8_000

// askFeishu signs the body: HMAC-SHA256 of nothing, with seconds and secret as its key.
func askFeishu(s *Sender, m Message, now time.Time) request {
	at := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(at+"\n"+s.secret.Reveal()))
	return request{body: object(map[string]any{
		"timestamp": at, "sign": base64.StdEncoding.EncodeToString(mac.Sum(nil)),
		"msg_type": "text", "content": map[string]any{"text": text(m, maxFeishu, noTags)},
	})}
}

// noTags keeps a name from calling everybody: <at user_id="all"> is read in a text.
func noTags(text string) string { return strings.ReplaceAll(text, "<", "＜") }

// saidFeishu reads code, or StatusCode of answers of before. 9499 is said of a body that
// cannot be read as well as of too many.
func saidFeishu(a answer) error {
	c, err := readCoded(a)
	code := c.Code
	if code == nil {
		code = c.StatusCode
	}
	switch {
	case err != nil || code == nil:
		return errNoAnswer
	case *code == 0:
		return nil
	case *code == 9499 && strings.Contains(strings.ToLower(c.Msg), "too many"):
		return later(time.Minute, "code %d", *code)
	}
	return sorted("code", *code,
		[]int{19001, 19007, 19021, 19022, 19024, 10003, 10012},
		[]int{9499, 19002, 19036, 11246, 230028},
		[]int{11232, 11233, 99991400}, time.Minute)
}
