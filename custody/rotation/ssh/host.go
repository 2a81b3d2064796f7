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
}

// algorithms are those for which the host needs one of the pinned keys. RSA
// with SHA-1 is not among them.
func (h host) algorithms() []string {
	var names []string
	for _, key := range h.keys {
		if key.Type() == ssh.KeyAlgoRSA {
			names = append(names, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
			continue
		}
		names = append(names, key.Type())
	}
	return names
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
	case errors.Is(err, rotation.ErrHostKey), mismatch && algorithms.What == "host key": // no key of a pinned type
		return fmt.Errorf("%w: %s", rotation.ErrHostKey, h.address)
	case mismatch:
		return fmt.Errorf("%s has no %s algorithm in common with us", h.address, algorithms.What)
	case try.refused():
		return fmt.Errorf("%w: %s", rotation.ErrRefused, h.address)
	case errors.Is(err, errNotOffered):
		return fmt.Errorf("%s: %w", h.address, errNotOffered)
	case errors.Is(err, errMoreAsked):
		return fmt.Errorf("%s: %w", h.address, errMoreAsked)
	case ctx.Err() != nil:
		return fmt.Errorf("%w: log-in at %s: %w", rotation.ErrUnreachable, h.address, ctx.Err())
	}
	return fmt.Errorf("%w: %s ended the connection before the log-in", rotation.ErrUnreachable, h.address)
}
