package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/audit"
)

const (
	maxAnswer  = 64 << 10 // bytes
	maxTries   = 4
	firstPause = 250 * time.Millisecond
	tryTimeout = 10 * time.Second
)

// ErrAnswer means that a witness answered something that tlog-witness does not
// know, or a cosignature that is not its own.
var ErrAnswer = errors.New("witness: answer makes no sense")

// StatusError is a witness's refusal, for which trying again is no use: it does
// not know the log (404) or its key (403), or finds no sense in the request (400)
// or the proof (422).
type StatusError struct{ Status int }

func (e *StatusError) Error() string {
	return fmt.Sprintf("witness: refused with status %d (%s)", e.Status, http.StatusText(e.Status))
}

// Client asks one witness for cosignatures. It is safe for use by several
// goroutines.
type Client struct {
	url   string
	key   string
	http  http.Client
	pause time.Duration // before the second try

	mu  sync.Mutex
	old int64 // what the witness cosigned last, as far as is known
}

// NewClient asks the witness below prefix, an http or https URL, whose verifier
// key is vkey. Its connections are those of transport; nil: net/http's. The error
// is audit.ErrKey or one about the URL.
func NewClient(prefix, vkey string, transport http.RoundTripper) (*Client, error) {
	at, err := url.Parse(prefix)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return nil, errors.New("witness: the URL must be as in https://witness.example")
	}
	if err := (audit.Quorum{Need: 1, Keys: []string{vkey}}).Validate(); err != nil {
		return nil, err
	}
	return &Client{
		url: at.JoinPath(path).String(), key: vkey, pause: firstPause,
		http: http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// Key is the verifier key of the witness.
func (c *Client) Key() string { return c.key }

// Submit gives the witness's cosignature of a checkpoint, which an Open has
// checked, of the log that has these nodes. It tries again, with a growing pause,
// when the witness cannot be reached or has a fault; how long is for ctx to say.
//
// The errors that are the witness's last word are *StatusError, ErrContradiction,
// ErrAnswer and *SizeError: the witness has cosigned more entries than the
// checkpoint has.
func (c *Client) Submit(ctx context.Context, head audit.Checkpoint, nodes tlog.HashReader) (audit.Cosignature, error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = c.pause
	return backoff.Retry(ctx, func() (audit.Cosignature, error) { return c.try(ctx, head, nodes) },
		backoff.WithBackOff(pause), backoff.WithMaxTries(maxTries), backoff.WithMaxElapsedTime(0))
}

// try submits the checkpoint on top of what the witness is thought to have and,
// when it says that it has another size, once more on top of that.
func (c *Client) try(ctx context.Context, head audit.Checkpoint, nodes tlog.HashReader) (audit.Cosignature, error) {
	c.mu.Lock()
	old := min(c.old, head.Size)
	c.mu.Unlock()
	made, err := c.send(ctx, old, head, nodes)
	if size, ok := errors.AsType[*SizeError](err); ok && size.Size <= head.Size && size.Size != old {
		made, err = c.send(ctx, size.Size, head, nodes)
	}
	if size, ok := errors.AsType[*SizeError](err); ok && size.Size > head.Size {
		return made, backoff.Permanent(err)
	}
	return made, err // a SizeError: somebody else submits too; once more, a little later
}

// Cosigned is the size of the checkpoint that the witness has cosigned last, as
// far as it has said; 0 if it has not.
func (c *Client) Cosigned() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.old
}

// learn takes note of what the witness has said that it cosigned last.
func (c *Client) learn(head audit.Checkpoint, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil || errors.Is(err, ErrContradiction) {
		c.old = head.Size
	} else if size, ok := errors.AsType[*SizeError](err); ok {
		c.old = size.Size
	}
}

func (c *Client) send(ctx context.Context, old int64, head audit.Checkpoint, nodes tlog.HashReader) (audit.Cosignature, error) {
	proof, err := audit.ConsistencyProof(head.Size, old, nodes)
	if err != nil {
		return audit.Cosignature{}, fmt.Errorf("witness: prove that %d entries follow on %d: %w", head.Size, old, err)
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	body := Request{old, proof, head.Text}.Format()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return audit.Cosignature{}, backoff.Permanent(err)
	}
	answer, err := c.http.Do(q)
	if err != nil {
		return audit.Cosignature{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return audit.Cosignature{}, err
	}
	made, err := readAnswer(answer.StatusCode, answer.Header.Get("Content-Type"), text, head, c.key)
	c.learn(head, err)
	if isFinal(err) {
		err = backoff.Permanent(err)
	}
	return made, err
}

// isFinal says whether asking again cannot help.
func isFinal(err error) bool {
	_, status := errors.AsType[*StatusError](err)
	return status || errors.Is(err, ErrAnswer) || errors.Is(err, ErrContradiction)
}

// readAnswer makes a cosignature, or an error, of an answer.
func readAnswer(status int, contentType string, text []byte, head audit.Checkpoint, key string) (audit.Cosignature, error) {
	switch {
	case len(text) > maxAnswer:
		return audit.Cosignature{}, fmt.Errorf("%w: more than %d bytes", ErrAnswer, maxAnswer)
	case status == http.StatusOK:
		return readCosignature(text, head, key)
	case status == http.StatusConflict && contentType == sizeType:
		digits, ended := strings.CutSuffix(string(text), "\n")
		size, err := strconv.ParseInt(digits, 10, 64)
		if !ended || err != nil || size < 0 || strconv.FormatInt(size, 10) != digits {
			return audit.Cosignature{}, fmt.Errorf("%w: no size in a %s", ErrAnswer, sizeType)
		}
		return audit.Cosignature{}, &SizeError{size}
	case status == http.StatusConflict:
		return audit.Cosignature{}, ErrContradiction
	case status == http.StatusTooManyRequests || status >= 500:
		return audit.Cosignature{}, fmt.Errorf("witness: status %d (%s)", status, http.StatusText(status))
	default:
		return audit.Cosignature{}, &StatusError{status}
	}
}

// readCosignature finds the one by key among the signature lines of an answer.
func readCosignature(lines []byte, head audit.Checkpoint, key string) (audit.Cosignature, error) {
	// Behind the log's text alone, so that nothing but the answer counts.
	end := bytes.Index(head.Text, []byte("\n\n"))
	if end < 0 {
		return audit.Cosignature{}, audit.ErrCheckpoint
	}
	cosigned := audit.Checkpoint{Text: append(bytes.Clone(head.Text[:end+2]), lines...)}
	made, err := cosigned.Cosignatures(key)
	if err != nil {
		return audit.Cosignature{}, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	if len(made) == 0 {
		return audit.Cosignature{}, fmt.Errorf("%w: no cosignature by its key", ErrAnswer)
	}
	return made[0], nil
}
