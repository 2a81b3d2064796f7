package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/notify"
	"github.com/tandem-custody/tandem/custody/notify/channel"
)

// room is a channel with all that it takes to send by it, as the secret store keeps that of
// one in force: whoever changes the configuration may take away the files.
type room struct {
	Kind    string   `json:"kind"`
	URL     string   `json:"url"`
	Secret  string   `json:"secret,omitzero"`
	CA      string   `json:"ca,omitzero"` // PEM
	Grades  []string `json:"grades"`
	Reaches []string `json:"reaches"`
	Links   string   `json:"links,omitzero"` // public_url
}

// roomOf reads what is configured. The error names the key, and quotes nothing.
func roomOf(cfg config.Config, c config.Channel) (r room, err error) {
	r = room{Kind: c.Kind, Grades: sortedOf(c.ToldOf()), Reaches: sortedOf(c.Reaches), Links: cfg.PublicURL}
	at := "notify.channels, " + c.Name + ": "
	address, err := secretFile(c.URLFile)
	if err != nil {
		return r, fmt.Errorf("%surl_file: %w", at, err)
	}
	if r.URL = address.Reveal(); !config.SecureURL(r.URL) {
		return r, errors.New(at + "url_file must hold a URL that starts with https://")
	}
	if c.SecretFile != "" {
		secret, err := secretFile(c.SecretFile)
		if err != nil {
			return r, fmt.Errorf("%ssecret_file: %w", at, err)
		}
		r.Secret = secret.Reveal()
	}
	if c.CA != "" {
		if _, err := authorities(c.CA); err != nil {
			return r, fmt.Errorf("%sca: %w", at, err)
		}
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return r, fmt.Errorf("%sca: %w", at, err)
		}
		r.CA = string(pem)
	}
	return r, nil
}

// sortedOf gives texts in an order that does not depend on how they were written down.
func sortedOf(all []string) []string {
	sorted := append([]string{}, all...)
	slices.Sort(sorted)
	return sorted
}

// onRecord has everything that decides where a message goes, whom it reaches, and what is
// told there. Of the token and the secret it has digests, which stand inside a keyed one.
func (r room) onRecord(name string) desk.Setting {
	host := "nowhere that could be read"
	if at, err := url.Parse(r.URL); err == nil && at.Host != "" {
		host = at.Host
	}
	said := fmt.Sprintf("%s at %s, told of %s, read by %s", r.Kind, host, strings.Join(r.Grades, " and "), cmp.Or(strings.Join(r.Reaches, ", "), "nobody by name"))
	return setting(custody.ChannelSetting(name), said, r.Kind, digestOf(r.URL), digestOf(r.Secret), digestOf(r.CA), r.Grades, r.Reaches, r.Links)
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// channelOnRecord is onRecord of what the files say now; of those that cannot be read, that
// they cannot.
func channelOnRecord(cfg config.Config, c config.Channel) desk.Setting {
	r, err := roomOf(cfg, c)
	if err != nil {
		r.URL, r.Secret = "unreadable", ""
	}
	return r.onRecord(c.Name)
}

// kept is the room as the secret store keeps it.
func (r room) kept() (custody.Secret, error) {
	text, err := json.Marshal(r, json.Deterministic(true))
	return custody.NewSecret(text), err
}

// roomBy reads what was kept; false: nothing was.
func roomBy(kept custody.Secret) (r room, there bool, err error) {
	if kept.IsZero() {
		return r, false, nil
	}
	if err := json.Unmarshal(kept.Bytes(), &r); err != nil {
		return r, false, errors.New("what was kept of a channel in force cannot be read") // err would quote it
	}
	return r, true, nil
}

// sender makes what sends to the room.
func (r room) sender() (*channel.Sender, error) {
	c := channel.Config{Kind: channel.Kind(r.Kind), URL: custody.SecretString(r.URL), Secret: custody.SecretString(r.Secret)}
	if r.CA != "" {
		c.Roots = x509.NewCertPool()
		c.Roots.AppendCertsFromPEM([]byte(r.CA))
	}
	return channel.New(c)
}

// grades are those that the room is told of.
func (r room) grades() (all []custody.Grade) {
	for _, grade := range r.Grades {
		all = append(all, custody.Grade(grade))
	}
	return all
}

// openChannels makes what tells groups: of every channel that is configured, and of every
// one that is in force and was taken out.
func (p *program) openChannels(ctx context.Context, cfg config.Config) error {
	for _, c := range cfg.Notify.Channels {
		w := &way{name: c.Name, language: cmp.Or(c.Language, cfg.Notify.Language), desk: p.desk}
		load := func(context.Context) error {
			r, err := roomOf(cfg, c)
			if err == nil {
				err = p.apart(w, r)
			}
			if err == nil {
				err = w.load(r)
			}
			return err
		}
		p.again.add("notify.channels."+c.Name, load)
		if err := load(ctx); err != nil {
			return err
		}
		p.addChannel(cfg, w)
	}
	if p.desk.Settings == nil {
		return nil
	}
	for _, s := range p.desk.Configuration().InForce {
		name := custody.ChannelOf(s.Key)
		if name == "" || slices.ContainsFunc(p.channels, func(w *way) bool { return w.name == name }) {
			continue
		}
		w := &way{name: name, language: cfg.Notify.Language, desk: p.desk}
		limited, cancel := context.WithTimeout(ctx, reloadTimeout)
		err := w.look(limited)
		cancel()
		if err != nil {
			p.log.Warn("a channel was taken out, and whether it can still be used cannot be told now: if it can, nobody is told by it", "channel", name, "error", err)
		}
		if w.previousRoom() != nil {
			p.addChannel(cfg, w)
		}
	}
	return nil
}

// apart refuses a room that is another channel already: what is told there reaches people by
// one way, and not by two.
func (p *program) apart(w *way, r room) error {
	for _, other := range p.channels {
		if now := other.now.Load(); other != w && now != nil && now.room.URL == r.URL {
			return fmt.Errorf("notify.channels, %s: its URL is that of %s: one room is one channel", w.name, other.name)
		}
	}
	return nil
}

func (p *program) addChannel(cfg config.Config, w *way) {
	w.log = p.log.With("part", "channel", "channel", w.name)
	kind := w.kind()
	limit, burst := kind.Limit()
	p.channels = append(p.channels, w)
	p.rooms = append(p.rooms, notify.NewRoom(notify.RoomConfig{
		Name: w.name, Ledger: p.store, Places: p.leases, Owner: p.owner, Directory: directory{p.store, p.desk}, Follow: p.desk.Follow, Suspect: p.desk.Suspect(),
		Terms: w.terms, Send: w.Send, Paged: p.reportPaged, Limit: limit, Burst: burst,
		Origin: cfg.Ledger.Origin, URL: strings.TrimSuffix(cfg.URL(), "/"), Zone: time.Local, Now: p.desk.SharedTime, Log: w.log,
	}))
}

// runChannels tells groups, and keeps the channels that are in force, until ctx ends.
func (p *program) runChannels(ctx context.Context) error {
	done := make(chan error)
	for i, w := range p.channels {
		go func() { done <- p.rooms[i].Run(ctx) }()
		go func() { done <- w.run(ctx) }()
	}
	var errs []error
	for range 2 * len(p.channels) {
		errs = append(errs, <-done)
	}
	return errors.Join(errs...)
}

func (p *program) roomMetrics() (all []prometheus.Collector) {
	for _, r := range p.rooms {
		all = append(all, r)
	}
	return all
}
