package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// supervised tells systemd, where that asked to be told, when the server is ready, reloads and
// stops, and, as long as it is alive, that it is. Without systemd nobody is told.
type supervised struct {
	log   *slog.Logger
	alive func() // comes back while the server is alive: a lock that is never given back holds it
}

func (s supervised) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.log.Warn("systemd could not be told", "error", err)
	}
}

func (s supervised) ready(url string) {
	s.tell(daemon.SdNotifyReady + "\nSTATUS=serving " + url)
}

// reloading says that a reload has begun; what it gives is called when it has ended. systemd
// compares the instant with those of its own (Type=notify-reload).
func (s supervised) reloading() (done func()) {
	s.tell(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", daemon.SdNotifyReloading, monotonic().Microseconds()))
	return func() { s.tell(daemon.SdNotifyReady) }
}

func (s supervised) stopping() { s.tell(daemon.SdNotifyStopping) }

// watch says that it is alive, twice as often as systemd asks for, until ctx ends. A server
// whose database or Vault is away is alive: to start it again would help nobody.
func (s supervised) watch(ctx context.Context) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.log.Warn("systemd's watchdog is set to what cannot be read", "error", err)
	}
	if err != nil || every <= 0 {
		return
	}
	tick := time.NewTicker(every / 2)
	defer tick.Stop()
	for {
		s.alive()
		s.tell(daemon.SdNotifyWatchdog)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
