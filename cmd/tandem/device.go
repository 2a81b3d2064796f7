package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/tandem-custody/tandem/api"
)

// deviceFile is where the tokens are by which servers know this terminal again.
// It is apart from the log-in: a log-out does not forget them.
func (c *cli) deviceFile() string {
	return strings.TrimSuffix(c.tokenFile, ".json") + "-device.json"
}

// devices gives the token for each server. What cannot be read is none: a log-in
// goes without it.
func (c *cli) devices() map[string]api.Secret {
	known := map[string]api.Secret{}
	if text, err := os.ReadFile(c.deviceFile()); err == nil {
		_ = json.Unmarshal(text, &known)
	}
	return known
}

// remember keeps the token that a log-in gave, if it gave one.
func (c *cli) remember(device api.Secret) error {
	if device == "" {
		return nil
	}
	known := c.devices()
	known[c.server] = device
	text, err := json.Marshal(known)
	if err != nil {
		return err
	}
	return writeDurably(c.deviceFile(), text)
}

// canSave says, before anything is sent, whether a log-in could be kept: one that
// could not be would be lost with the recovery codes that come only once.
func (c *cli) canSave() error {
	if c.tokenFile == "" {
		return usagef("there is no home folder: say with --token-file where the log-in is to be kept")
	}
	folder := filepath.Dir(c.tokenFile)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return cannotSave(err)
	}
	if info, err := os.Stat(c.tokenFile); err == nil && info.IsDir() {
		return usagef("the log-in cannot be kept: %s is a folder; name a file with --token-file", c.tokenFile)
	}
	try, err := os.CreateTemp(folder, ".tandem-*")
	if err != nil {
		return cannotSave(err)
	}
	_ = try.Close()
	if err := os.Remove(try.Name()); err != nil {
		return cannotSave(err)
	}
	return nil
}

func cannotSave(err error) error {
	return usagef("the log-in cannot be kept, so nothing was sent: %w; name another file with --token-file or %s", err, tokenFileVariable)
}
