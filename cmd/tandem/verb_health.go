package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/config"
)

// healthTimeout is a little more than what /readyz takes at most.
const healthTimeout = 10 * time.Second

// health is what tandem health shows.
type health struct {
	Server   string   `json:"server"`             // of the operations listener
	Answers  bool     `json:"answers"`            // the process does
	Ready    bool     `json:"ready"`              // all that it needs is there; not asked with --alive
	Causes   []string `json:"causes,omitempty"`   // codes of /readyz
	Reasons  []string `json:"reasons,omitempty"`  // the same in words
	Warnings []string `json:"warnings,omitempty"` // what is not well and keeps it from nothing
	Error    string   `json:"error,omitzero"`     // why nobody answers
}

func healthVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "health",
		Short: "Ask the server on this machine whether it does its work",
		Long: `Asks the operations listener (metrics_listen) whether the process answers and is
ready, as /readyz says, and names what it lacks. It needs no log-in. With --alive it only
asks whether the process answers: for what starts it again when it does not. A server that
is not ready is not made ready by starting it again.

Exit code 0: it is; 1: it is not, or nobody answers; 2: metrics_listen is not set.`,
		Args: cobra.NoArgs,
	}
	alive := verb.Flags().Bool("alive", false, "only whether the process answers")
	configured(verb, func(cmd *cobra.Command, _ []string, cfg config.Config) error {
		at, err := opsURL(cfg)
		if err != nil {
			return err
		}
		h := askHealth(cmd.Context(), at, *alive)
		if err := c.show(h, []string{"SERVER", "ANSWERS", "READY", "WHAT IS WRONG"}, h.row(*alive)); err != nil {
			return err
		}
		for _, warning := range h.Warnings {
			c.note("Warning: %s", warning)
		}
		switch {
		case !h.Answers:
			return fmt.Errorf("no answer from %s: %s", at, h.Error)
		case !*alive && !h.Ready:
			return fmt.Errorf("not ready: %s. docs/operating.md says of each cause what to do", strings.Join(h.Causes, ", "))
		}
		return nil
	})
	return verb
}

func (h health) row(alive bool) []string {
	ready := yesNo(h.Ready)
	if alive {
		ready = "not asked"
	}
	return []string{h.Server, yesNo(h.Answers), ready, cmp.Or(strings.Join(h.Reasons, "; "), h.Error)}
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// opsURL is where the operations listener is reached from this machine.
func opsURL(cfg config.Config) (string, error) {
	if cfg.MetricsListen == "" {
		return "", usagef("metrics_listen is not set, so the server answers nobody about itself: set it, to 127.0.0.1:8701 or another address that only your monitoring reaches")
	}
	host, port, err := net.SplitHostPort(cfg.MetricsListen)
	if err != nil {
		return "", usagef("metrics_listen: %v", err)
	}
	switch at, err := netip.ParseAddr(host); {
	case host == "", err == nil && at == netip.IPv4Unspecified():
		host = "127.0.0.1"
	case err == nil && at == netip.IPv6Unspecified():
		host = "::1"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// askHealth asks a server how it is.
func askHealth(ctx context.Context, at string, alive bool) health {
	h := health{Server: at}
	path := "/readyz"
	if alive {
		path = "/healthz"
	}
	status, body, err := askOps(ctx, at+path, healthTimeout)
	if err != nil {
		h.Error = err.Error()
		return h
	}
	h.Answers = alive && status == http.StatusOK || !alive && (status == http.StatusOK || status == http.StatusServiceUnavailable)
	if !h.Answers {
		h.Error = fmt.Sprintf("it answers %d to %s, and is no Tandem", status, path)
		return h
	}
	if alive {
		return h
	}
	h.Ready = status == http.StatusOK
	var said struct {
		Causes   []string `json:"causes"`
		Reasons  []string `json:"reasons"`
		Warnings []string `json:"warnings"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return health{Server: at, Error: "its answer cannot be read, and is no Tandem's"}
	}
	h.Causes, h.Reasons, h.Warnings = said.Causes, said.Reasons, said.Warnings
	return h
}

// mostOps is more than the operations listener answers, in bytes.
const mostOps = 8 << 20

// askOps makes one request of the operations listener. It follows no redirect and no proxy.
func askOps(ctx context.Context, url string, patience time.Duration) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	client := http.Client{
		Transport:     &http.Transport{Proxy: nil, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(request)
	if err != nil {
		if inner := errors.Unwrap(err); inner != nil { // without the address, which is said already
			err = inner
		}
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, mostOps))
	return answer.StatusCode, body, err
}
