package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tandem-custody/tandem/custody"
)

// Setting is a part of what this process was configured with that stands on record.
type Setting struct {
	Key   string // as custody.Setting has it
	Said  string // for people; it may hold no secret
	Whole []byte // all that counts of it: only a keyed digest of it goes on record, as it may hold the secret part of a URL
}

// ErrUnacknowledged: what a password would be given to is another thing than a manager
// has acknowledged.
var ErrUnacknowledged = errors.New("its configuration is not in force: a manager has to acknowledge it")

// configured is what this process has said of its configuration.
type configured struct {
	mu  sync.Mutex
	own []custody.Setting // as last reported; nil: nothing yet
}

// settingPurpose is what digests of settings are marks for. They are of the
// installation's first key, also after another one seals the ledger: one configuration
// has one digest, in every replica and for ever.
const settingPurpose = "configuration"

// underConfiguration enters with what this process runs, where it is not what it ran
// with before. Of two replicas that differ each says so once: neither takes back what the
// other said.
func (d *Desk) underConfiguration(ctx context.Context) error {
	if d.Settings == nil {
		return nil
	}
	if err := d.ClockWrong(); err != nil {
		return err
	}
	own, err := d.ownSettings(ctx)
	if err != nil {
		return err
	}
	d.configured.mu.Lock()
	defer d.configured.mu.Unlock()
	if slices.EqualFunc(own, d.configured.own, func(a, b custody.Setting) bool { return a.Key == b.Key && a.Digest == b.Digest }) {
		return nil
	}
	if _, err := d.send(&call{
		ctx: ctx, answer: make(chan answer, 1),
		command: custody.Command{Actor: custody.System, Action: custody.ReportConfiguration{Settings: own}},
	}); err != nil {
		return fmt.Errorf("enter the configuration: %w", err)
	}
	d.configured.own = own
	if changed := d.notInForce(own); len(changed) > 0 {
		d.Log.Error("the configuration is not the one in force: until a manager has acknowledged it, what was changed is given no password",
			"keys", strings.Join(changed, ", "), "alarm", true)
	}
	return nil
}

// ownSettings gives what this process runs with, as the ledger has it.
func (d *Desk) ownSettings(ctx context.Context) ([]custody.Setting, error) {
	var own []custody.Setting
	for _, s := range d.Settings() {
		one, err := d.ownSetting(ctx, s)
		if err != nil {
			return nil, err
		}
		own = append(own, one)
	}
	slices.SortFunc(own, func(a, b custody.Setting) int { return strings.Compare(a.Key, b.Key) })
	return own, nil
}

// ownSetting gives one of them.
func (d *Desk) ownSetting(ctx context.Context, s Setting) (custody.Setting, error) {
	mark, err := d.macWith(ctx, "", settingPurpose+"\n"+s.Key, s.Whole)
	_, digest, _ := strings.Cut(mark, ".")
	return custody.Setting{Key: s.Key, Digest: digest, Said: NewNote(shortened(s.Said))}, err
}

// shortened gives a text as long as a note can be, on one line.
func shortened(text string) string {
	runes := []rune(custody.OneLine(text))
	if len(runes) > custody.MaxText {
		return string(runes[:custody.MaxText-1]) + "…"
	}
	return string(runes)
}

// notInForce gives the keys of settings that are not in force.
func (d *Desk) notInForce(own []custody.Setting) (keys []string) {
	d.mu.RLock()
	onRecord := d.state.Configuration()
	d.mu.RUnlock()
	for _, s := range own {
		if !onRecord.InForceAs(s.Key, s.Digest) {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// MayTell says whether a dependent may be given a password: that what it is now, the
// content of what is run included, is in force. The error is ErrUnacknowledged, or says
// why that cannot be told.
func (d *Desk) MayTell(ctx context.Context, dependent string) error {
	key := custody.DependentSetting(dependent)
	if in, err := d.inForce(ctx, key); err != nil || in {
		return err
	}
	return fmt.Errorf("dependent %s: %w", dependent, ErrUnacknowledged)
}

// inForce says whether a setting of this process is in force.
func (d *Desk) inForce(ctx context.Context, key string) (bool, error) {
	return d.byRecord(ctx, func(onRecord custody.Configuration) (bool, error) {
		d.configured.mu.Lock()
		defer d.configured.mu.Unlock()
		return slices.ContainsFunc(d.configured.own, func(s custody.Setting) bool {
			return s.Key == key && onRecord.InForceAs(key, s.Digest)
		}), nil
	})
}

// byRecord asks by what is on record, once this process has all of it. One without settings
// of its own is asked nothing where none are on record.
func (d *Desk) byRecord(ctx context.Context, by func(onRecord custody.Configuration) (bool, error)) (bool, error) {
	if err := d.underConfiguration(ctx); err != nil {
		return false, err
	}
	if err := d.catchUpNow(ctx); err != nil { // another process may have taken in an acknowledgement
		return false, err
	}
	d.mu.RLock()
	onRecord := d.state.Configuration()
	d.mu.RUnlock()
	if d.Settings == nil {
		return len(onRecord.Seen) == 0, nil
	}
	return by(onRecord)
}

// Configuration is what is on record, and how this process differs from it.
type Configuration struct {
	custody.Configuration
	Here []string // keys of what this process runs with and is not in force
	By   []string // who can acknowledge what was seen, by username
}

// Pending says that a manager has something to look at.
func (c Configuration) Pending() bool { return len(c.Waiting()) > 0 }

// Waiting gives the keys of all that is not in force, on record or in this process.
func (c Configuration) Waiting() []string {
	all := append(slices.Clone(c.Changed()), c.Here...)
	slices.Sort(all)
	return slices.Compact(all)
}

// Elsewhere gives the keys in which this process differs and nothing on record says so:
// another replica has another configuration.
func (c Configuration) Elsewhere() []string {
	changed := c.Changed()
	return slices.DeleteFunc(slices.Clone(c.Here), func(key string) bool { return slices.Contains(changed, key) })
}

// Configuration gives it as this process knows it, without texts: it asks nobody.
func (d *Desk) Configuration() Configuration {
	d.configured.mu.Lock()
	own := d.configured.own
	d.configured.mu.Unlock()
	here := d.notInForce(own)
	d.mu.RLock()
	defer d.mu.RUnlock()
	return Configuration{d.state.Configuration(), here, d.state.Acknowledgers()}
}

// ConfigurationSaid is Configuration as the ledger has it now, with what people are shown
// of each setting. Where things are is not for those who are technicians alone.
func (d *Desk) ConfigurationSaid(ctx context.Context, reader custody.Person) (Configuration, error) {
	if err := d.catchUpNow(ctx); err != nil {
		return Configuration{}, err
	}
	c := d.Configuration()
	if !slices.ContainsFunc([]custody.Role{custody.Manager, custody.Director, custody.Admin, custody.Auditor}, reader.Is) {
		return c, nil
	}
	c.Seen, c.InForce = slices.Clone(c.Seen), slices.Clone(c.InForce) // whose texts are filled in
	return known(ctx, d, c)
}

// Relay gives what was kept of the mail server in force, and whether this process sends
// by another one; the zero secret: nothing was kept, as nobody was told by mail. With an
// error, which says why it is not known which one is in force, comes what was kept.
func (d *Desk) Relay(ctx context.Context, key string) (kept custody.Secret, other bool, err error) {
	if kept, err = d.keptWay(ctx, RelayPath); err != nil {
		return custody.Secret{}, false, err
	}
	in, err := d.inForce(ctx, key)
	return kept, err == nil && !in, err
}

// KeepRelay keeps what sends mails while its setting is in force, so that notices can go
// the same way after somebody changed it.
func (d *Desk) KeepRelay(ctx context.Context, relay custody.Secret) error {
	return d.keepWay(ctx, RelayPath, relay)
}

// Channel gives what was kept of a channel while it was in force; the zero secret: nothing.
func (d *Desk) Channel(ctx context.Context, name string) (kept custody.Secret, err error) {
	return d.keptWay(ctx, ChannelPath(name))
}

// KeepChannel is KeepRelay for a channel.
func (d *Desk) KeepChannel(ctx context.Context, name string, channel custody.Secret) error {
	return d.keepWay(ctx, ChannelPath(name), channel)
}

// keptWay reads it; the zero secret: nothing was kept.
func (d *Desk) keptWay(ctx context.Context, path string) (custody.Secret, error) {
	v, err := d.Secrets.Read(ctx, path)
	if errors.Is(err, ErrNoSecret) {
		return custody.Secret{}, nil
	}
	return v.Value, err
}

// keepWay writes nothing where it is kept already.
func (d *Desk) keepWay(ctx context.Context, path string, way custody.Secret) error {
	v, err := d.Secrets.Read(ctx, path)
	switch {
	case errors.Is(err, ErrNoSecret):
	case err != nil:
		return err
	case v.Value.Equal(way):
		return nil
	}
	_, err = d.Secrets.Write(ctx, path, way, v.Version, nil)
	if errors.Is(err, ErrVersion) { // another replica keeps the same
		return nil
	}
	return err
}

// InForce says whether a setting is in force as it is given here: what was read from files
// and is used may be another thing than what stands in them now.
func (d *Desk) InForce(ctx context.Context, s Setting) (bool, error) {
	return d.byRecord(ctx, func(onRecord custody.Configuration) (bool, error) {
		own, err := d.ownSetting(ctx, s)
		return err == nil && onRecord.InForceAs(own.Key, own.Digest), err
	})
}
