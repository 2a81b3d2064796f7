package soak

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// forms are the usual forms of a secret, each as good as the secret itself.
func forms(secret string) map[string]string {
	quoted, err := json.Marshal(secret)
	if err != nil {
		panic(err) // a string
	}
	goQuoted := strconv.Quote(secret)
	all := map[string]string{
		"in clear":            secret,
		"in JSON":             string(quoted[1 : len(quoted)-1]),
		"as Go quotes":        goQuoted[1 : len(goQuoted)-1],
		"as SQL quotes":       strings.ReplaceAll(secret, "'", "''"),
		"as MariaDB quotes":   strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(secret),
		"escaped for a query": url.QueryEscape(secret),
		"escaped for a path":  url.PathEscape(secret),
		"in hex":              hex.EncodeToString([]byte(secret)),
		"in HEX":              strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"its bytes":           strings.Trim(fmt.Sprint([]byte(secret)), "[]"),
	}
	// In base64 it depends on what stands before it, modulo three; the first and
	// the last characters depend on their neighbours.
	for shift := range 3 {
		padded := append(make([]byte, shift), secret...)
		padded = padded[:len(padded)/3*3]
		for form, encoding := range map[string]*base64.Encoding{"in base64": base64.StdEncoding, "in base64 for URLs": base64.URLEncoding} {
			encoded := encoding.EncodeToString(padded)
			all[fmt.Sprintf("%s, shifted by %d", form, shift)] = encoded[(shift+2)/3*4:]
		}
	}
	return all
}

// search is for many strings in one go, by how they begin.
type search map[[prefix]byte][]wanted

const prefix = 8 // bytes; no form of a secret is shorter

type wanted struct{ form, text string }

func newSearch(secrets []string) search {
	s := search{}
	for _, secret := range secrets {
		for form, text := range forms(secret) {
			start := [prefix]byte([]byte(text))
			s[start] = append(s[start], wanted{form, text})
		}
	}
	return s
}

// in gives the forms in which secrets are in a text.
func (s search) in(text []byte) (found []string) {
	for i := 0; i+prefix <= len(text); i++ {
		for _, w := range s[[prefix]byte(text[i:])] {
			if bytes.HasPrefix(text[i:], []byte(w.text)) {
				found = append(found, w.form)
			}
		}
	}
	return found
}

// The search is good for something: it finds each form among other things.
func TestFormsAreFound(t *testing.T) {
	secret := `aB3:"'$\%#;@/?&-- é` + rand.Text()
	for name, written := range map[string]string{
		"clear":           "x" + secret + "y",
		"JSON":            string(must(json.Marshal(map[string]string{"password": secret}))),
		"query":           url.Values{"password": {secret}}.Encode(),
		"path":            (&url.URL{Scheme: "x", Host: "y", Path: "/z"}).JoinPath(url.PathEscape(secret)).String(),
		"basic":           "Basic " + base64.StdEncoding.EncodeToString([]byte("root:"+secret)),
		"base64":          base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 after 1":  base64.RawURLEncoding.EncodeToString([]byte("1" + secret + "22")),
		"base64 after 2":  base64.RawURLEncoding.EncodeToString([]byte("12" + secret + "2")),
		"hex":             fmt.Sprintf("%x", "before"+secret),
		"HEX":             fmt.Sprintf("0x%X", secret+"after"),
		"Go":              fmt.Sprintf("%q", secret),
		"Go, raw bytes":   fmt.Sprintf("%v", struct{ Password []byte }{[]byte(secret)}),
		"SQL":             "ALTER ROLE x PASSWORD '" + strings.ReplaceAll(secret, "'", "''") + "'",
		"a redacted form": "",
	} {
		if found := newSearch([]string{secret}).in([]byte(written)); (len(found) == 0) != (written == "") {
			t.Errorf("%s: found %q", name, found)
		}
	}
}

func must[V any](v V, err error) V {
	if err != nil {
		panic(err)
	}
	return v
}
