package channeltest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// asked is a request that was read.
type asked struct {
	path   string
	query  url.Values
	header http.Header
	body   []byte
	said   map[string]any
}

func read(r *http.Request) (asked, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return asked{}, err
	}
	a := asked{path: r.URL.Path, query: r.URL.Query(), header: r.Header, body: body}
	if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || !utf8.Valid(body) {
		return a, fmt.Errorf("%s of %s", r.Method, r.Header.Get("Content-Type"))
	}
	return a, json.Unmarshal(body, &a.said)
}

// room is what is particular to a kind.
type room struct {
	path   string // with TOKEN in it
	secret func() string
	take   func(s *Server, w http.ResponseWriter, q asked, how Failure, now time.Time)
}

var rooms = map[string]room{
	"dingtalk": {"/robot/send?access_token=TOKEN", random, takeDingTalk},
	"wecom":    {"/cgi-bin/webhook/send?key=TOKEN", none, takeWeCom},
	"feishu":   {"/open-apis/bot/v2/hook/TOKEN", random, takeFeishu},
	"lark":     {"/open-apis/bot/v2/hook/TOKEN", random, takeFeishu},
	"webhook":  {"/hooks/TOKEN", webhookSecret, takeWebhook},
	"slack":    {"/services/T0/B0/TOKEN", none, takeSlack},
	"teams":    {"/workflows/TOKEN/triggers/manual/paths/invoke?sig=TOKEN", none, takeTeams},
}

// skew is how far from the service's clock a signature may be: an hour.
const skew = time.Hour

func near(at, now time.Time) bool { return now.Sub(at).Abs() <= skew }

func sum(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// secretOf is the one that a room looks for.
func (s *Server) secretOf(how Failure) string {
	if how == WrongSignature {
		return "another"
	}
	return s.Secret
}

// texted gives the text of a message of type text.
func texted(q asked, outer, inner string) string {
	content, _ := q.said[outer].(map[string]any)
	said, _ := content[inner].(string)
	return said
}

func takeDingTalk(s *Server, w http.ResponseWriter, q asked, how Failure, now time.Time) {
	answer := func(code int, said string) { reply(w, map[string]any{"errcode": code, "errmsg": said + s.echo()}) }
	ms, _ := strconv.ParseInt(q.query.Get("timestamp"), 10, 64)
	said := texted(q, "text", "content")
	switch secret := s.secretOf(how); {
	case q.query.Get("access_token") != s.Token || how == WrongToken:
		answer(300001, "token is not exist")
	case !near(time.UnixMilli(ms), now):
		answer(310000, "invalid timestamp")
	case q.query.Get("sign") != sum(secret, q.query.Get("timestamp")+"\n"+secret):
		answer(310000, "sign not match")
	case q.said["msgtype"] != "text" || said == "":
		answer(40035, "missing parameter")
	case how == Refused || s.refused(said):
		answer(430104, "content")
	case how == Unknown:
		answer(987654, "what")
	case how == Limited || !s.within(now, 20, time.Minute):
		answer(130101, "send too fast")
	default:
		s.took(Message{Text: said, Body: q.body, At: now})
		answer(0, "ok")
	}
}

func takeWeCom(s *Server, w http.ResponseWriter, q asked, how Failure, now time.Time) {
	answer := func(code int, said string) { reply(w, map[string]any{"errcode": code, "errmsg": said + s.echo()}) }
	said := texted(q, "text", "content")
	switch {
	case q.query.Get("key") != s.Token || how == WrongToken:
		answer(93000, "invalid webhook url")
	case q.said["msgtype"] != "text" || said == "":
		answer(40008, "invalid message type")
	case len(said) > 2048 || how == Refused || s.refused(said):
		answer(40058, "content exceed max length")
	case how == Unknown:
		answer(987654, "what")
	case how == Limited || !s.within(now, 20, time.Minute):
		answer(45009, "api freq out of limit")
	default:
		s.took(Message{Text: said, Body: q.body, At: now})
		answer(0, "ok")
	}
}

func takeFeishu(s *Server, w http.ResponseWriter, q asked, how Failure, now time.Time) {
	answer := func(code int, said string) {
		a := map[string]any{"code": code, "msg": said + s.echo(), "data": map[string]any{}}
		if code == 0 {
			a["StatusCode"], a["StatusMessage"] = 0, "success"
		}
		reply(w, a)
	}
	at, _ := q.said["timestamp"].(string)
	seconds, _ := strconv.ParseInt(at, 10, 64)
	said := texted(q, "content", "text")
	switch {
	case !strings.HasSuffix(q.path, "/"+s.Token) || how == WrongToken:
		answer(19001, "param invalid: incoming webhook access token invalid")
	case !near(time.Unix(seconds, 0), now) || q.said["sign"] != sum(at+"\n"+s.secretOf(how), ""):
		answer(19021, "sign match fail or timestamp is not within one hour from current time")
	case q.said["msg_type"] != "text" || said == "":
		answer(19002, "params error, msg_type need")
	case len(q.body) > 20<<10 || how == Refused || s.refused(said):
		answer(9499, "Bad Request")
	case how == Unknown:
		answer(987654, "what")
	case how == Limited || !s.within(now, 5, time.Second):
		answer(9499, "too many request")
	case !s.within(now, 100, time.Minute):
		answer(11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]")
	default:
		s.took(Message{Text: said, Body: q.body, At: now})
		answer(0, "success")
	}
}

func takeWebhook(s *Server, w http.ResponseWriter, q asked, how Failure, now time.Time) {
	id, at := q.header.Get("Webhook-Id"), q.header.Get("Webhook-Timestamp")
	seconds, _ := strconv.ParseInt(at, 10, 64)
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Secret, "whsec_"))
	if how == WrongSignature {
		key = []byte("another")
	}
	data, _ := q.said["data"].(map[string]any)
	lines, _ := data["lines"].([]any)
	said := []string{fmt.Sprint(data["title"])}
	for _, line := range lines {
		said = append(said, fmt.Sprint(line))
	}
	whole := strings.Join(append(said, fmt.Sprint(data["link"])), "\n")
	code := http.StatusNoContent
	switch {
	case !strings.HasSuffix(q.path, "/"+s.Token) || how == WrongToken:
		code = http.StatusNotFound
	case !near(time.Unix(seconds, 0), now) || q.header.Get("Webhook-Signature") != "v1,"+sum(string(key), id+"."+at+"."+string(q.body)):
		code = http.StatusUnauthorized
	case how == Refused || s.refused(whole):
		code = http.StatusUnprocessableEntity
	case how == Unknown:
		code = http.StatusTeapot
	case how == Limited || !s.within(now, 60, time.Minute):
		code = http.StatusTooManyRequests
	default:
		s.took(Message{ID: id, Text: whole, Body: q.body, At: now})
	}
	w.WriteHeader(code)
	if code != http.StatusNoContent {
		_, _ = w.Write([]byte(s.echo()))
	}
}

func takeSlack(s *Server, w http.ResponseWriter, q asked, how Failure, now time.Time) {
	said, _ := q.said["text"].(string)
	switch {
	case !strings.HasSuffix(q.path, "/"+s.Token) || how == WrongToken:
		http.Error(w, "no_service "+s.echo(), http.StatusNotFound)
	case said == "" || how == Refused || s.refused(said):
		http.Error(w, "invalid_payload "+s.echo(), http.StatusBadRequest)
	case how == Unknown:
		_, _ = w.Write([]byte("what? " + s.echo()))
	case how == Limited || !s.within(now, 60, time.Minute):
		w.Header().Set("Retry-After", "30")
		http.Error(w, "rate_limited "+s.echo(), http.StatusTooManyRequests)
	default:
		s.took(Message{Text: said, Body: q.body, At: now})
		_, _ = w.Write([]byte("ok"))
	}
}

func takeTeams(s *Server, w http.ResponseWriter, q asked, how Failure, now time.Time) {
	said, link := card(q)
	switch {
	case q.query.Get("sig") != s.Token || how == WrongToken:
		http.Error(w, s.echo(), http.StatusUnauthorized)
	case q.said["type"] != "message" || said == "" || len(q.body) > 28<<10 || how == Refused || s.refused(said):
		http.Error(w, s.echo(), http.StatusBadRequest)
	case how == Unknown:
		_, _ = w.Write([]byte("what? " + s.echo()))
	case how == Limited || !s.within(now, 240, time.Minute):
		_, _ = w.Write([]byte("Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 " + s.echo()))
	default:
		s.took(Message{Text: said + "\n" + link, Body: q.body, At: now})
		w.WriteHeader(http.StatusAccepted)
	}
}

// card gives the texts of an Adaptive Card, and where its button leads.
func card(q asked) (said, link string) {
	attachments, _ := q.said["attachments"].([]any)
	for _, one := range attachments {
		content, _ := one.(map[string]any)["content"].(map[string]any)
		blocks, _ := content["body"].([]any)
		for _, block := range blocks {
			runs, _ := block.(map[string]any)["inlines"].([]any)
			for _, run := range runs {
				text, _ := run.(map[string]any)["text"].(string)
				said += text + "\n"
			}
		}
		actions, _ := content["actions"].([]any)
		for _, action := range actions {
			link, _ = action.(map[string]any)["url"].(string)
		}
	}
	return strings.TrimSuffix(said, "\n"), link
}

// reply answers 200 with JSON, whatever became of the message.
func reply(w http.ResponseWriter, what map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(what)
}
