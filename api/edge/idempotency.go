package edge

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-custody/tandem/custody"
)

// Key makes a request idempotent: what comes again with the same name and asks
// for the same is carried out once.
type Key struct {
	Name   string
	Digest [sha256.Size]byte // of what is asked for, without SecretFields
}

// SecretFields are the fields of bodies and forms that never become part of a
// digest, which is stored: the hash of something short gives it away. So a lost
// answer can also be asked for with a fresh code.
var SecretFields = []string{"totp", "password", "password_again", "current", "new", "new_again", "secret", "admin_key", "recovery_code", "release_code", "device", "proof", KeyField}

// KeyField is the hidden field of a form with the name of its key: a form that is
// sent twice, by an impatient finger or a reload, is carried out once.
const KeyField = "key"

// maxKey is the greatest length of an Idempotency-Key, in bytes.
const maxKey = 255

// HeaderKey gives the key of a request with a JSON body, from its header
// Idempotency-Key. No header is the zero Key.
func HeaderKey(q *http.Request, body []byte) (Key, error) {
	name := q.Header.Get("Idempotency-Key")
	odd := func(c rune) bool { return c < ' ' || c > '~' }
	switch {
	case name == "":
		return Key{}, nil
	case len(name) > maxKey, strings.ContainsFunc(name, odd):
		return Key{}, custody.Invalid("Idempotency-Key", "idempotency_key")
	}
	return Key{name, digest(q.Method, q.URL.Path, body)}, nil
}

// digest says whether two requests with the same key ask for the same.
func digest(method, path string, body []byte) [sha256.Size]byte {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(body, &members); err == nil {
		for _, name := range SecretFields {
			delete(members, name)
		}
		if rest, err := json.Marshal(members); err == nil && (*jsontext.Value)(&rest).Canonicalize() == nil {
			body = rest
		}
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %q ", method, path)
	h.Write(body)
	return [sha256.Size]byte(h.Sum(nil))
}

// NewFormKey gives the value of a form's KeyField.
func NewFormKey() string { return rand.Text() }

// FormKey gives the key of a form that was sent to path. One whose KeyField is not
// of NewFormKey has the zero Key. The same field sent to two addresses is two keys.
func FormKey(path string, form url.Values) Key {
	key := form.Get(KeyField)
	if len(key) != len(rand.Text()) || strings.Trim(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return Key{}
	}
	h := sha256.New()
	fmt.Fprintf(h, "form %q ", path)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if !slices.Contains(SecretFields, name) {
			fmt.Fprintf(h, "%q=%q ", name, form[name])
		}
	}
	return Key{"form " + path + " " + key, [sha256.Size]byte(h.Sum(nil))}
}
