package channel

import "time"

// maxWeCom bounds a text, in bytes of UTF-8.
const maxWeCom = 2_048

// askWeCom has nothing to sign: who knows the key in the URL may send.
func askWeCom(_ *Sender, m Message, _ time.Time) request {
	return request{body: object(map[string]any{"msgtype": "text", "text": map[string]any{"content": text(m, maxWeCom, asItIs)}})}
}

func saidWeCom(a answer) error {
	return saidErrCode(a, []int{93000, 93004, 93008, 40001, 40014}, []int{40008, 40058, 44004, 45002}, []int{45009, 45033, -1}, time.Minute)
}
