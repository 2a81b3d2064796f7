package channel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
)

// failure says why there is no answer. It repeats nothing that it is given: an error of
// net/http quotes the URL, and parts of what the other side sent.
func failure(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("no answer in time: %w", cause)
	}
	var timeout net.Error
	var unknown *net.DNSError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &untrusted):
		return errors.New("its certificate is not trusted: an authority of your own belongs into ca")
	case errors.As(err, &unknown):
		return errors.New("the name of its host is not known")
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("nobody listens there")
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("no answer in time")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the connection was cut off")
	}
	return errors.New("the request failed on its way")
}

// The bounds of a pause that a service may ask for: it stops every message.
const (
	minPause = time.Second
	maxPause = 15 * time.Minute

	unsaidPause = 30 * time.Second // where it does not say
)

func later(after time.Duration, format string, args ...any) error {
	return &Later{After: min(max(after, minPause), maxPause), code: fmt.Errorf(format, args...)}
}

// retryAfter reads what a service says of when to come back (RFC 9110, 10.2.3); 0: nothing.
func retryAfter(h http.Header, now time.Time) time.Duration {
	said := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(said, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(said); err == nil {
		return at.Sub(now)
	}
	return 0
}

// coded is an answer with a number that says what became of the message: 200 says only
// that the request arrived.
type coded struct {
	ErrCode    *int   `json:"errcode"`    // DingTalk, WeCom
	Code       *int   `json:"code"`       // Feishu
	StatusCode *int   `json:"StatusCode"` // Feishu of before
	Msg        string `json:"msg"`        // Feishu
}

// errNoAnswer: what answers is not the service.
var errNoAnswer = errors.New("what answers there is not this service")

func readCoded(a answer) (c coded, err error) {
	if json.Unmarshal(a.body, &c) != nil {
		return c, errNoAnswer
	}
	return c, nil
}

// saidErrCode sorts an answer of DingTalk or WeCom; nil: the message was taken.
func saidErrCode(a answer, denied, refused, busy []int, after time.Duration) error {
	c, err := readCoded(a)
	switch {
	case err != nil || c.ErrCode == nil:
		return errNoAnswer
	case *c.ErrCode == 0:
		return nil
	}
	return sorted("errcode", *c.ErrCode, denied, refused, busy, after)
}

// sorted gives what a code means: it is among those that let nobody in, that refuse a
// message, or that ask for a pause; any other is a service that cannot be used.
func sorted(name string, code int, denied, refused, busy []int, after time.Duration) error {
	switch {
	case slices.Contains(denied, code):
		return fmt.Errorf("%w: %s %d", ErrDenied, name, code)
	case slices.Contains(refused, code):
		return fmt.Errorf("%w: %s %d", ErrRefused, name, code)
	case slices.Contains(busy, code):
		return later(after, "%s %d", name, code)
	}
	return fmt.Errorf("%s %d", name, code)
}
