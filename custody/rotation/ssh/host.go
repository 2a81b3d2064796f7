package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody/rotation"
)

// connectTimeout bounds a connection from the first packet to the end of the
// log-in; sshd's own LoginGraceTime is two minutes. A password hash that is
// made to be slow takes a good part of a second of it.
const connectTimeout = 20 * time.Second

// host is where to connect, and by which keys it is known.
type host struct {
	address string
	keys    []ssh.PublicKey
	legacy  bool // it knows no better than SHA-1 and CBC
}

// algorithms are those for which the host needs one of the pinned keys. RSA
// with SHA-1 is among them for a legacy host only.
func (h host) algorithms() []string {
	var names []string
	for _, key := range h.keys {
		if key.Type() == ssh.KeyAlgoRSA {
			names = append(names, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
			if h.legacy {
				names = append(names, ssh.KeyAlgoRSA)
			}
			continue
		}
		names = append(names, key.Type())
	}
	return names
}

// others are the algorithms besides: all that the library has and that are not known to
// be weak, which is more than it takes by itself; for a legacy host the weak ones last.
func (h host) others() ssh.Config {
	good, weak := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	config := ssh.Config{KeyExchanges: good.KeyExchanges, Ciphers: good.Ciphers, MACs: good.MACs}
	// The library takes this one by itself, and its protocol is not known to be broken by
	// SHA-1: who reached a host by it still does.
	config.KeyExchanges = append(config.KeyExchanges, ssh.InsecureKeyExchangeDH14SHA1)
	if h.legacy {
		config.KeyExchanges = append(config.KeyExchanges, weak.KeyExchanges...)
		config.Ciphers = append(config.Ciphers, weak.Ciphers...)
		config.MACs = append(config.MACs, weak.MACs...)
	}
	return config
}

func (h host) check(_ string, _ net.Addr, key ssh.PublicKey) error {
	if slices.ContainsFunc(h.keys, func(pinned ssh.PublicKey) bool {
		return bytes.Equal(pinned.Marshal(), key.Marshal())
	}) {
		return nil
	}
	return rotation.ErrHostKey
}

// connect logs a user in. Its errors are rotation.ErrUnreachable,
// rotation.ErrHostKey, rotation.ErrRefused, or say that the host spoke
// otherwise than expected.
func (h host) connect(ctx context.Context, user string, try login) (*ssh.Client, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", h.address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", rotation.ErrUnreachable, err)
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	secured, channels, requests, err := ssh.NewClientConn(conn, h.address, &ssh.ClientConfig{
		Config:            h.others(),
		User:              user,
		HostKeyCallback:   h.check,
		HostKeyAlgorithms: h.algorithms(),
		AuthCallback:      try.choose,
	})
	if err != nil {
		conn.Close()
		return nil, h.explain(ctx, err, try)
	}
	return ssh.NewClient(secured, channels, requests), nil
}

// explain says what it means that a handshake failed, without repeating err:
// that can hold text from the host, like its reason for a disconnect.
func (h host) explain(ctx context.Context, err error, try login) error {
	var algorithms *ssh.AlgorithmNegotiationError
	mismatch := errors.As(err, &algorithms)
	switch {
	case mismatch && (algorithms.What != "host key" || h.signsAsBefore(algorithms.RequestedAlgorithms)):
		return rotation.Because(rotation.AlgorithmNeeded, fmt.Errorf("%w: %s has no %s algorithm in common with us", rotation.ErrUnreachable, h.address, algorithms.What))
	case errors.Is(err, rotation.ErrHostKey), mismatch: // no key of a pinned type
		return fmt.Errorf("%w: %s", rotation.ErrHostKey, h.address)
	case try.refused():
		return fmt.Errorf("%w: %s", rotation.ErrRefused, h.address)
	case errors.Is(err, errNotOffered):
		return rotation.Because(rotation.PasswordOff, fmt.Errorf("%s: %w", h.address, errNotOffered))
	case errors.Is(err, errMoreAsked):
		return rotation.Because(rotation.PasswordOff, fmt.Errorf("%s: %w", h.address, errMoreAsked))
	case ctx.Err() != nil:
		return fmt.Errorf("%w: log-in at %s: %w", rotation.ErrUnreachable, h.address, ctx.Err())
	case try.sent():
		return rotation.Because(rotation.AccountClosed, fmt.Errorf("%w: %s ended the connection in the place of an answer to the log-in", rotation.ErrUnreachable, h.address))
	}
	return fmt.Errorf("%w: %s ended the connection before the log-in", rotation.ErrUnreachable, h.address)
}

// signsAsBefore says that a host may have one of the pinned keys, an RSA one, and can
// sign with it only by SHA-1: it is no other host.
func (h host) signsAsBefore(offered []string) bool {
	return slices.Contains(offered, ssh.KeyAlgoRSA) && slices.ContainsFunc(h.keys, func(key ssh.PublicKey) bool { return key.Type() == ssh.KeyAlgoRSA })
}
