package secretstest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/password"
)

// Kept is how many versions of a secret a store keeps, the newest ones.
const Kept = 10

// Labelled is what a store must offer beside the port: the labels of a secret,
// without reading it. An empty map when there are none, or no such secret.
type Labelled interface {
	Labels(ctx context.Context, path string) (map[string]string, error)
}

// Conform runs the suite. open gives a store that is ready, as often as it is
// called; whether they share their contents makes no difference, because every
// test uses paths of its own. The store must implement Labelled and have Policies.
func Conform(t *testing.T, open func(t *testing.T) desk.Secrets) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, desk.Secrets)
	}{
		{"NothingThere", nothingThere},
		{"VersionsCountFromOne", versionsCountFromOne},
		{"CheckAndSet", checkAndSet},
		{"OneOfManyWritersWins", oneOfManyWritersWins},
		{"OldVersions", oldVersions},
		{"Has", has},
		{"Delete", deleted},
		{"EveryKindOfPath", everyKindOfPath},
		{"OwnPaths", ownPaths},
		{"StagedBesideCurrent", stagedBesideCurrent},
		{"Labels", labels},
		{"Values", values},
		{"Generate", generate},
		{"Signature", signature},
		{"ContextEnded", contextEnded},
		{"ErrorsHoldNoSecret", errorsHoldNoSecret},
		{"Ready", ready},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// fresh is a path that nobody used before.
func fresh() string { return desk.CredentialPath(strings.ToLower(rand.Text())) }

func write(t *testing.T, s desk.Secrets, path, value string, cas int64) {
	t.Helper()
	version, err := s.Write(t.Context(), path, custody.SecretString(value), cas, nil)
	if err != nil || version != cas+1 {
		t.Fatalf("write over version %d: version %d, %v", cas, version, err)
	}
}

func wantCurrent(t *testing.T, s desk.Secrets, path, value string, version int64) {
	t.Helper()
	got, err := s.Read(t.Context(), path)
	if err != nil || got.Value.Reveal() != value || got.Version != version {
		t.Errorf("read: version %d, right value %t, %v; want version %d", got.Version, got.Value.Reveal() == value, err, version)
	}
}

func wantNone(t *testing.T, s desk.Secrets, path string) {
	t.Helper()
	if got, err := s.Read(t.Context(), path); !errors.Is(err, desk.ErrNoSecret) || !got.Value.IsZero() {
		t.Errorf("read: version %d, %v; want %v", got.Version, err, desk.ErrNoSecret)
	}
}

func nothingThere(t *testing.T, s desk.Secrets) {
	path := fresh()
	wantNone(t, s, path)
	if _, err := s.ReadVersion(t.Context(), path, 1); !errors.Is(err, desk.ErrNoSecret) {
		t.Errorf("read version 1: %v, want %v", err, desk.ErrNoSecret)
	}
	if err := s.Delete(t.Context(), path); err != nil {
		t.Errorf("delete: %v", err)
	}
}

func versionsCountFromOne(t *testing.T, s desk.Secrets) {
	path := fresh()
	write(t, s, path, "first", 0)
	wantCurrent(t, s, path, "first", 1)
	write(t, s, path, "second", 1)
	wantCurrent(t, s, path, "second", 2)
}

func checkAndSet(t *testing.T, s desk.Secrets) {
	path := fresh()
	refuse := func(cas int64) {
		t.Helper()
		version, err := s.Write(t.Context(), path, custody.SecretString("refused"), cas, map[string]string{"by": "a loser"})
		if !errors.Is(err, desk.ErrVersion) || version != 0 {
			t.Errorf("write with cas %d: version %d, %v; want %v", cas, version, err, desk.ErrVersion)
		}
	}
	refuse(1)
	wantNone(t, s, path)
	write(t, s, path, "first", 0)
	refuse(0)
	refuse(2)
	write(t, s, path, "second", 1)
	refuse(0)
	refuse(1)
	refuse(3)
	wantCurrent(t, s, path, "second", 2)
	wantLabels(t, s, path, nil)
}

func oneOfManyWritersWins(t *testing.T, s desk.Secrets) {
	const writers = 32
	path := fresh()
	for cas := range int64(3) {
		won := make(chan string, writers)
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				value := fmt.Sprintf("value %d of writer %d", cas, i)
				version, err := s.Write(t.Context(), path, custody.SecretString(value), cas, nil)
				switch {
				case err == nil && version == cas+1:
					won <- value
				case !errors.Is(err, desk.ErrVersion):
					t.Errorf("writer %d: version %d, %v", i, version, err)
				}
			})
		}
		all.Wait()
		close(won)
		if len(won) != 1 {
			t.Fatalf("%d of %d writers over version %d won", len(won), writers, cas)
		}
		wantCurrent(t, s, path, <-won, cas+1)
	}
}

func oldVersions(t *testing.T, s desk.Secrets) {
	path := fresh()
	const written = Kept + 2
	for v := range int64(written) {
		write(t, s, path, fmt.Sprint("value ", v+1), v)
	}
	for v := int64(1); v <= written; v++ {
		got, err := s.ReadVersion(t.Context(), path, v)
		if v <= written-Kept {
			if !errors.Is(err, desk.ErrNoSecret) {
				t.Errorf("version %d of %d: %v, want %v", v, written, err, desk.ErrNoSecret)
			}
		} else if err != nil || got.Reveal() != fmt.Sprint("value ", v) {
			t.Errorf("version %d of %d: %v, or another value", v, written, err)
		}
	}
	for _, v := range []int64{-1, 0, written + 1} {
		if got, err := s.ReadVersion(t.Context(), path, v); !errors.Is(err, desk.ErrNoSecret) || !got.IsZero() {
			t.Errorf("version %d: %v, want %v", v, err, desk.ErrNoSecret)
		}
	}
}

// has says of each version what a read would.
func has(t *testing.T, s desk.Secrets) {
	path := fresh()
	want := func(version int64, wanted error) {
		t.Helper()
		if err := s.Has(t.Context(), path, version); !errors.Is(err, wanted) || wanted == nil && err != nil {
			t.Errorf("version %d: %v, want %v", version, err, wanted)
		}
	}
	want(0, desk.ErrNoSecret)
	want(1, desk.ErrNoSecret)
	const written = Kept + 1
	for v := range int64(written) {
		write(t, s, path, fmt.Sprint("value ", v+1), v)
	}
	want(0, nil)
	want(1, desk.ErrNoSecret)
	want(2, nil)
	want(written, nil)
	want(written+1, desk.ErrNoSecret)
	want(-1, desk.ErrNoSecret)
	if err := s.Delete(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	want(0, desk.ErrNoSecret)
	want(written, desk.ErrNoSecret)
}

func deleted(t *testing.T, s desk.Secrets) {
	path, other := fresh(), fresh()
	write(t, s, other, "another", 0)
	if _, err := s.Write(t.Context(), path, custody.SecretString("first"), 0, map[string]string{"a": "b"}); err != nil {
		t.Fatal(err)
	}
	write(t, s, path, "second", 1)
	if err := s.Delete(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	wantNone(t, s, path)
	for v := int64(1); v <= 2; v++ {
		if _, err := s.ReadVersion(t.Context(), path, v); !errors.Is(err, desk.ErrNoSecret) {
			t.Errorf("version %d: %v, want %v", v, err, desk.ErrNoSecret)
		}
	}
	wantLabels(t, s, path, nil)
	if err := s.Delete(t.Context(), path); err != nil {
		t.Errorf("delete again: %v", err)
	}
	write(t, s, path, "afresh", 0)
	wantCurrent(t, s, path, "afresh", 1)
	wantCurrent(t, s, other, "another", 1)
}

// A store may give rights by kind of path: the desk needs all of them on each.
func everyKindOfPath(t *testing.T, s desk.Secrets) {
	name := strings.ToLower(rand.Text())
	for _, path := range []string{
		desk.CredentialPath(name), desk.StagedPath(name, 1), desk.SeedPath(name), desk.AccountPath(name), desk.KeyPath(name), desk.HistoryPath(name), desk.ThrottlePath,
	} {
		labels := map[string]string{"path": path}
		if err := s.Delete(t.Context(), path); err != nil {
			t.Errorf("%s: delete: %v", path, err)
		}
		if _, err := s.Write(t.Context(), path, custody.SecretString(path), 0, labels); err != nil {
			t.Errorf("%s: write: %v", path, err)
			continue
		}
		write(t, s, path, path, 1)
		wantCurrent(t, s, path, path, 2)
		if err := s.Delete(t.Context(), path); err != nil {
			t.Errorf("%s: delete: %v", path, err)
		}
		wantNone(t, s, path)
	}
}

// What the desk keeps for itself it never deletes. Only the anchor is written
// over, each time it moves, the mail server and the channels in force.
func ownPaths(t *testing.T, s desk.Secrets) {
	for path, moves := range map[string]bool{desk.SentinelPath: false, desk.SealPath: false, desk.SealKeyPath("0123abcd"): false, desk.IdentityPath: false, desk.AnchorPath: true, desk.RelayPath: true, desk.ChannelPath("ops.room-1"): true} {
		before, err := s.Read(t.Context(), path)
		if errors.Is(err, desk.ErrNoSecret) {
			write(t, s, path, path, 0)
			before, err = s.Read(t.Context(), path)
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if moves {
			write(t, s, path, "moved", before.Version)
			wantCurrent(t, s, path, "moved", before.Version+1)
		}
	}
}

// A rotation keeps the old value and the new one until one of them is proved.
func stagedBesideCurrent(t *testing.T, s desk.Secrets) {
	name := strings.ToLower(rand.Text())
	current, staged := desk.CredentialPath(name), desk.StagedPath(name, 1)
	write(t, s, current, "old", 0)
	write(t, s, staged, "new", 0)
	wantCurrent(t, s, current, "old", 1)
	wantCurrent(t, s, staged, "new", 1)

	write(t, s, current, "new", 1)
	if err := s.Delete(t.Context(), staged); err != nil {
		t.Fatal(err)
	}
	wantNone(t, s, staged)
	wantCurrent(t, s, current, "new", 2)
	if old, err := s.ReadVersion(t.Context(), current, 1); err != nil || old.Reveal() != "old" {
		t.Errorf("the value before the promotion: %v, or another value", err)
	}
}

func labels(t *testing.T, s desk.Secrets) {
	path := fresh()
	wantLabels(t, s, path, nil)
	for cas, want := range []map[string]string{
		{"credential": "demo-root", "reason": "onboard"},
		{"credential": "demo-root", "reason": "return"},
		{"credential": "demo-root", "reason": "return"},
		{"other": "归还"},
		nil,
	} {
		if _, err := s.Write(t.Context(), path, custody.SecretString("v"), int64(cas), want); err != nil {
			t.Fatal(err)
		}
		wantLabels(t, s, path, want)
	}
}

func wantLabels(t *testing.T, s desk.Secrets, path string, want map[string]string) {
	t.Helper()
	store, ok := s.(Labelled)
	if !ok {
		t.Fatalf("%T does not implement secretstest.Labelled", s)
	}
	if got, err := store.Labels(t.Context(), path); err != nil || !maps.Equal(got, want) {
		t.Errorf("labels %v, %v; want %v", got, err, want)
	}
}

func values(t *testing.T, s desk.Secrets) {
	everyByte := make([]byte, 256)
	for i := range everyByte {
		everyByte[i] = byte(i)
	}
	large := make([]byte, 64<<10)
	if _, err := rand.Read(large); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string][]byte{
		"one byte":       {'x'},
		"binary":         everyByte,
		"not UTF-8":      []byte("caf\xe9"),
		"UTF-8":          []byte("пароль 密码 🔑 \u2028\ufeff<&>"),
		"control":        []byte("a\x00b\r\n\tc\x7f"),
		"JSON":           []byte(`{"data":{"value":"\""}}`),
		"a PEM":          []byte("-----BEGIN X-----\nAAAA\n-----END X-----\n"),
		"looks encoded":  []byte("c2VjcmV0"),
		"64 KiB of text": []byte(strings.Repeat("0123456789abcdef", 4<<10)),
		"64 KiB":         large,
	} {
		path := fresh()
		if _, err := s.Write(t.Context(), path, custody.NewSecret(value), 0, nil); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := s.Read(t.Context(), path)
		if err != nil || !bytes.Equal(got.Value.Bytes(), value) {
			t.Errorf("%s: %v, or the value came back another", name, err)
		}
		if old, err := s.ReadVersion(t.Context(), path, 1); err != nil || !bytes.Equal(old.Bytes(), value) {
			t.Errorf("%s, by version: %v, or the value came back another", name, err)
		}
	}
}

// Policies are the named password policies that every store under test has: one
// with characters in two classes, one with such as text formats treat specially.
var Policies = map[string]password.Policy{
	"network": {Length: 12, Classes: []password.Class{
		{Chars: "abcdefghijkmnopqrstuvwxyz23456789", Min: 4}, {Chars: "23456789", Min: 2}, {Chars: "xyz", Min: 1}, {Chars: "-._", Min: 1},
	}},
	"awkward": {Length: 100, Classes: []password.Class{
		{Chars: "AB", Min: 1}, {Chars: "01", Min: 1}, {Chars: "${%{}\"\\'`#</*", Min: 3}, {Chars: "Z", Min: 0},
	}},
}

func generate(t *testing.T, s desk.Secrets) {
	for name, policy := range Policies {
		wantMade(t, s, name, policy)
	}
	wantMade(t, s, "", password.Default())
	for _, unknown := range []string{"none", "NETWORK", "network ", "network/generate", "../network", "-network"} {
		if made, err := s.Generate(t.Context(), unknown); !errors.Is(err, desk.ErrNoPolicy) || !made.IsZero() {
			t.Errorf("policy %q: %v, want %v", unknown, err, desk.ErrNoPolicy)
		}
	}
}

// wantMade checks that passwords of a policy are as it says, and use all of its
// characters.
func wantMade(t *testing.T, s desk.Secrets, name string, policy password.Policy) {
	t.Helper()
	var alphabet string
	for _, class := range policy.Classes {
		alphabet += class.Chars
	}
	seen, used := map[string]bool{}, ""
	for range 200 {
		made, err := s.Generate(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		value := made.Reveal()
		if len(value) != policy.Length {
			t.Fatalf("policy %q: %d characters, want %d", name, len(value), policy.Length)
		}
		for _, class := range policy.Classes {
			n := 0
			for _, c := range value {
				n += strings.Count(class.Chars, string(c))
			}
			if n < class.Min {
				t.Errorf("policy %q: %d of %q in a password, want %d", name, n, class.Chars, class.Min)
			}
		}
		if strings.Trim(value, alphabet) != "" {
			t.Errorf("policy %q: a character outside its alphabet", name)
		}
		if seen[value] {
			t.Fatalf("policy %q: the same password twice", name)
		}
		seen[value], used = true, used+value
	}
	if unused := strings.Trim(alphabet, used); unused != "" {
		t.Errorf("policy %q: %q never came up", name, unused)
	}
}

func signature(t *testing.T, s desk.Secrets) {
	key, err := s.PublicKey(t.Context())
	if err != nil || len(key) != ed25519.PublicKeySize {
		t.Fatalf("public key of %d bytes, %v", len(key), err)
	}
	for _, message := range [][]byte{{}, []byte("tandem.example/ledger\n1\n"), bytes.Repeat([]byte{0xff}, 10_000)} {
		signed, err := s.Sign(t.Context(), message)
		if err != nil || !ed25519.Verify(key, message, signed) {
			t.Errorf("signature of %d bytes: %v, or not valid", len(message), err)
		}
		if ed25519.Verify(key, append(message, 'x'), signed) {
			t.Errorf("signature of %d bytes is valid for another message", len(message))
		}
	}
	if again, err := s.PublicKey(t.Context()); err != nil || !again.Equal(key) {
		t.Errorf("public key, asked again: %v, or another one", err)
	}
}

// calls is every operation that waits, on a path that holds version 1.
func calls(s desk.Secrets, path string, value custody.Secret) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Read":        func(ctx context.Context) error { _, err := s.Read(ctx, path); return err },
		"ReadVersion": func(ctx context.Context) error { _, err := s.ReadVersion(ctx, path, 1); return err },
		"Has":         func(ctx context.Context) error { return s.Has(ctx, path, 1) },
		"Write":       func(ctx context.Context) error { _, err := s.Write(ctx, path, value, 1, nil); return err },
		"Delete":      func(ctx context.Context) error { return s.Delete(ctx, path) },
		"Generate":    func(ctx context.Context) error { _, err := s.Generate(ctx, ""); return err },
		"Sign":        func(ctx context.Context) error { _, err := s.Sign(ctx, []byte("m")); return err },
		"PublicKey":   func(ctx context.Context) error { _, err := s.PublicKey(ctx); return err },
		"Ready":       s.Ready,
	}
}

func contextEnded(t *testing.T, s desk.Secrets) {
	path := fresh()
	write(t, s, path, "kept", 0)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, stop := context.WithTimeout(t.Context(), 0)
	defer stop()
	for name, call := range calls(s, path, custody.SecretString("never written")) {
		if err := call(cancelled); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled: %v", name, err)
		}
		if err := call(expired); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s, past its deadline: %v", name, err)
		}
	}
	wantCurrent(t, s, path, "kept", 1)
}

func errorsHoldNoSecret(t *testing.T, s desk.Secrets) {
	path := fresh()
	mark := "canary-" + rand.Text()
	write(t, s, path, mark, 0)
	write(t, s, path, mark, 1)

	var failures []error
	_, err := s.Write(t.Context(), path, custody.SecretString(mark), 1, map[string]string{"l": "v"})
	failures = append(failures, err)
	_, err = s.Write(t.Context(), path, custody.SecretString(mark+"\xff"), 9, nil)
	failures = append(failures, err)
	_, err = s.ReadVersion(t.Context(), path, 3)
	failures = append(failures, err)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, call := range calls(s, path, custody.SecretString(mark)) {
		failures = append(failures, call(cancelled))
	}
	for _, err := range failures {
		if err == nil {
			t.Error("this should have failed")
		} else if text := fmt.Sprintf("%v %+v %#v %q", err, err, err, err); strings.Contains(text, mark) {
			t.Errorf("a secret is in the error %T", err)
		}
	}
}

func ready(t *testing.T, s desk.Secrets) {
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("not ready: %v", err)
	}
}
