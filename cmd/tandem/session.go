package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/config"
)

// savedSession is what a log-in leaves for the next command. The token goes to
// the server that gave it and to no other.
type savedSession struct {
	Server   string    `json:"server"`
	Username string    `json:"username"`
	Token    string    `json:"token"`
	Expires  time.Time `json:"expires_at"`
}

// errNoLogin: nobody is logged in as far as this machine knows.
var errNoLogin = errors.New("you are not logged in; use tandem login")

func defaultTokenFile() string {
	folder, err := os.UserConfigDir()
	if err != nil {
		return "" // no home: --token-file has to say where
	}
	return filepath.Join(folder, "tandem", "session.json")
}

// saved reads the session file; errNoLogin when there is none.
func (c *cli) saved() (savedSession, error) {
	info, err := os.Stat(c.tokenFile)
	if errors.Is(err, fs.ErrNotExist) || c.tokenFile == "" {
		return savedSession{}, errNoLogin
	}
	if err != nil {
		return savedSession{}, err
	}
	if info.Mode().Type()&fs.ModeDevice != 0 { // which keeps nothing
		return savedSession{}, errNoLogin
	}
	if info.Mode().Perm()&0o077 != 0 {
		return savedSession{}, fmt.Errorf("%s can be read by others than you; delete it and log in again", c.tokenFile)
	}
	text, err := os.ReadFile(c.tokenFile)
	if err != nil {
		return savedSession{}, err
	}
	var s savedSession
	if err := json.Unmarshal(text, &s); err != nil {
		return savedSession{}, fmt.Errorf("%s is not a log-in; delete it and log in again", c.tokenFile)
	}
	return s, nil
}

func (c *cli) save(s savedSession) error {
	if c.tokenFile == "" {
		return usagef("there is no home folder: say with --token-file where the log-in is to be kept")
	}
	if err := os.MkdirAll(filepath.Dir(c.tokenFile), 0o700); err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return writeDurably(c.tokenFile, text)
}

// forget takes the session file away: no link that leads to it, and nothing that
// is no file.
func (c *cli) forget() error {
	info, err := os.Stat(c.tokenFile)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil
	}
	if err != nil {
		return err
	}
	target, err := follow(c.tokenFile)
	if err != nil {
		return err
	}
	return os.Remove(target)
}

// dial makes a client without a log-in, for the server that was named, that of
// the log-in, or the default one.
func (c *cli) dial() (*client.Client, error) {
	if c.server == "" {
		c.server = defaultServer
		if s, err := c.saved(); err == nil {
			c.server = s.Server
		}
	}
	var err error
	if c.server, err = serverURL(c.server); err != nil {
		return nil, err
	}
	if inClear(c.server) {
		return nil, usagef("a server that is not this machine must be named with https://: passwords and codes would go in clear")
	}
	made, err := client.New(client.Config{Server: c.server})
	if err != nil {
		return nil, usageError{err}
	}
	return made, nil
}

// serverURL gives a server's URL in one form, whether it was typed, or copied from
// a browser with a slash or a page behind it: Tandem is at the root of its host.
func serverURL(typed string) (string, error) {
	typed = strings.TrimSpace(typed)
	if !strings.Contains(typed, "://") {
		host, _, _ := strings.Cut(typed, "/")
		u := url.URL{Scheme: "https", Host: host}
		switch {
		case host == "" || strings.ContainsFunc(host, unicode.IsSpace):
			u.Host = "tandem.example:8700"
		case config.Loopback(u.Hostname()):
			u.Scheme = "http"
		}
		return "", usagef("--server is a URL: write %s", u.String())
	}
	u, err := url.Parse(typed)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", usagef("--server is a URL with https:// (or, for this machine, http://)")
	case u.User != nil:
		return "", usagef("--server has no user name in it: the log-in is tandem login USERNAME")
	}
	host := strings.ToLower(u.Host)
	for scheme, port := range map[string]string{"http": ":80", "https": ":443"} {
		if u.Scheme == scheme {
			host = strings.TrimSuffix(host, port)
		}
	}
	return u.Scheme + "://" + host, nil
}

// inClear says whether what is sent to a URL could be read on the way.
func inClear(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "http" && !config.Loopback(u.Hostname())
}

// connect makes a client with the log-in that was saved.
func (c *cli) connect() (*client.Client, error) {
	s, err := c.saved()
	if err != nil {
		return nil, err
	}
	made, err := c.dial()
	if err != nil {
		return nil, err
	}
	if saved, err := serverURL(s.Server); err != nil || saved != c.server {
		return nil, fmt.Errorf("your log-in is for %s; use tandem login for %s", s.Server, c.server)
	}
	if !time.Now().Before(s.Expires) {
		return nil, fmt.Errorf("your log-in ended at %s; use tandem login", moment(s.Expires))
	}
	made.SetToken(api.Secret(s.Token))
	return made, nil
}
