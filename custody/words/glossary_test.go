package words_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody/words"
)

// avoided are words that stand for what has another name here: one name for one thing.
var avoided = map[string]map[string]string{
	words.Chinese: {"验证码": "动态口令"},
}

// TestOneThingHasOneName: who looks for the code that one place asks for finds it under the
// same name in the next.
func TestOneThingHasOneName(t *testing.T) {
	for language, pairs := range avoided {
		for key, said := range read(t, language) {
			for _, form := range said.Forms {
				for word, name := range pairs {
					if strings.Contains(form, word) {
						t.Errorf("%s: %s says %s, which is called %s", language, key, word, name)
					}
				}
			}
		}
	}
}
