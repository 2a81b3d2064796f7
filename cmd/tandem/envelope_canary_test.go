package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/envelope"
)

// TestSecretsOfEnvelopesCanary has envelopes made, fail, opened, drilled and guessed at, and
// then looks for every password, key and token that was in it where none may be: in what the
// server left, in the files themselves, and in what the program that opens them says.
func TestSecretsOfEnvelopesCanary(t *testing.T) {
	t.Parallel()
	folder, desktop := t.TempDir(), t.TempDir()
	in := newInstallation(t, "envelopes: {folder: "+folder+"}")
	ctx := t.Context()
	marks := &marks{}
	marks.add("password before custody", in.first.Reveal())
	keys, files := map[string]age.Identity{}, map[string]string{}
	var holders []api.Keyholder
	for _, name := range []string{"director", "tech-b"} {
		key, err := age.GenerateX25519Identity()
		must(t, err)
		keys[name], files[name] = key, filepath.Join(desktop, name+".key")
		must(t, os.WriteFile(files[name], []byte(key.String()+"\n"), 0o600))
		marks.add("key of "+name, key.String())
		holders = append(holders, api.Keyholder{Person: name, Recipient: key.Recipient().String()})
	}

	// A private key where a public one is asked for is refused without being repeated.
	admin := in.people["admin"].Server
	now, err := admin.Policy(ctx)
	must(t, err)
	wrong := now.Values
	wrong.Keyholders = []api.Keyholder{holders[0], {Person: "tech-b", Recipient: keys["tech-b"].(*age.X25519Identity).String()}}
	if err := in.as("admin", func(who *client.Client, code api.Secret) error {
		_, err := who.AdoptPolicy(ctx, api.AdoptPolicy{Values: wrong, ReviewBy: time.Now().AddDate(0, 6, 0), Reason: "keys", TOTP: code})
		return err
	}); err == nil {
		t.Error("a private key was taken for a public one")
	}
	agreed(t, in.people, func(who *client.Client, code api.Secret) (api.Proposal, error) {
		values := now.Values
		values.Keyholders = holders
		return who.AdoptPolicy(ctx, api.AdoptPolicy{Values: values, ReviewBy: time.Now().AddDate(0, 6, 0), Reason: "keys", TOTP: code})
	})

	// opened waits for the envelope of a version, marks its password and gives its letter.
	opened := func(version int64) (path string, letter envelope.Letter) {
		t.Helper()
		in.waitFor("an envelope to be in force", func() bool {
			all, err := in.people["auditor"].Server.Envelopes(ctx)
			if err != nil || len(all.Envelopes) != 1 || all.Envelopes[0].State != api.EnvelopeInForce || all.Envelopes[0].Version < version {
				return false
			}
			path = filepath.Join(folder, all.Envelopes[0].File)
			return true
		})
		content, err := os.ReadFile(path)
		must(t, err)
		closed, err := envelope.Read(content)
		must(t, err)
		letter, _, err = closed.Open(keys["director"], keys["tech-b"])
		must(t, err)
		marks.add("password in an envelope", letter.Password.Reveal())
		return path, letter
	}
	by := []string{"director", "tech-b"}
	first, letter := opened(1)
	marks.add("token of an envelope that was never drilled", letter.Proof.Reveal())
	if err := in.as("tech-a", func(who *client.Client, code api.Secret) error { // who has found the file open
		_, err := who.EnvelopeDrill(ctx, installed, api.DrilledEnvelope{By: by, Proof: api.Secret(letter.Proof.Reveal()), TOTP: code})
		return err
	}); err == nil {
		t.Error("tech-a, who holds no key, drilled")
	}
	guess := "guessed-Token-of-an-envelope-7"
	marks.add("guessed token", guess)
	if err := in.as("tech-b", func(who *client.Client, code api.Secret) error {
		_, err := who.EnvelopeDrill(ctx, installed, api.DrilledEnvelope{By: by, Proof: api.Secret(guess), TOTP: code})
		return err
	}); err == nil {
		t.Error("a guess passed for a token")
	}
	version := in.credential().Version
	in.must("director", func(who *client.Client, code api.Secret) error {
		_, err := who.EnvelopeOpened(ctx, installed, api.OpenedEnvelope{By: by, Reason: "Tandem was down", TOTP: code})
		return err
	})
	_, letter = opened(version + 1)
	in.must("tech-b", func(who *client.Client, code api.Secret) error {
		_, err := who.EnvelopeDrill(ctx, installed, api.DrilledEnvelope{By: by, Proof: api.Secret(letter.Proof.Reveal()), TOTP: code})
		return err
	})
	opened(version + 2)

	// The folder is gone when the next one is to be written.
	must(t, os.Rename(folder, folder+".elsewhere"))
	in.must("tech-a", func(who *client.Client, code api.Secret) error {
		_, err := who.Rotate(ctx, installed, api.ConfirmedReason{Reason: "worn", TOTP: code})
		return err
	})
	in.waitFor("the folder to be missed", func() bool {
		all, err := in.people["auditor"].Server.Envelopes(ctx)
		return err == nil && len(all.Failing) > 0 && all.Failing[0].Why == custody.WhyFolderMissing
	})
	must(t, os.Rename(folder+".elsewhere", folder))
	last, _ := opened(version + 3)

	// What the program that opens them says when it is given one key, the wrong file, or both.
	places := map[string][]byte{}
	for said, arguments := range map[string][]string{
		"what is said with one key":          {first, "-i", files["director"], "--reveal"},
		"what is said of no envelope":        {files["director"], "-i", files["director"], "-i", files["tech-b"], "--reveal"},
		"what is said without keys":          {last, "-i", last, "-i", first, "--reveal"},
		"what is said without a way to show": {last, "-i", files["director"], "-i", files["tech-b"]},
	} {
		out, err := exec.CommandContext(ctx, "tandem", append([]string{"envelope", "open"}, arguments...)...).CombinedOutput()
		if places[said] = out; err == nil {
			t.Errorf("%s: it went well: %s", said, out)
		}
	}
	if out, err := exec.CommandContext(ctx, "tandem", "envelope", "open", last, "-i", files["director"], "-i", files["tech-b"], "--reveal").Output(); err != nil || !in.opens(api.Secret(bytes.TrimSpace(out))) {
		t.Errorf("what is revealed does not open the server: %v", err)
	}
	for _, value := range in.secretsAt("credentials") {
		marks.add("value in Vault below credentials", value)
	}
	written, err := os.ReadDir(folder)
	must(t, err)
	for _, file := range written {
		places["the file "+file.Name()], err = os.ReadFile(filepath.Join(folder, file.Name()))
		must(t, err)
	}
	if len(written) < 5 {
		t.Errorf("%d files in the folder", len(written))
	}
	in.noneIsFound(marks, places)
}
