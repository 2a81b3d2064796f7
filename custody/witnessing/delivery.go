package witnessing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody/follow"
)

// Recipient is somewhere else, where a checkpoint is kept.
type Recipient interface {
	// Deliver hands a signed note over.
	Deliver(ctx context.Context, note []byte) error
	// String names the recipient, without anything secret.
	String() string
}

// Delivery is a recipient's schedule: each time Every has passed since the last
// delivery, whenever the process was started, and sooner again after a failure.
type Delivery struct {
	To    Recipient
	Every time.Duration
}

// maxRetry is the longest pause after a delivery that failed.
const maxRetry = time.Hour

// deliver serves one recipient until ctx ends. Of its place, Next is the size of
// the last checkpoint that arrived, and At is when.
func (f *Follower) deliver(ctx context.Context, i int, d Delivery) {
	var witnessed int64 // size of the last witnessed checkpoint that arrived
	follower := follow.New(follow.Config{
		Name: f.deliveryName(i), Owner: f.Owner, Places: f.Places, Follow: func() <-chan struct{} { return nil }, // it goes by time
		Now: f.Now, Log: f.Log, MinPause: min(f.Retry, d.Every), MaxPause: min(maxRetry, d.Every),
		Outcome: func(err error) { f.outcome(i, err) },
	})
	follower.Run(ctx, func(ctx context.Context, at follow.Place) (time.Time, error) {
		if !at.At.IsZero() {
			f.arrived(i, at.Next, at.At)
		}
		// A time that is yet to come was written by a clock that was wrong.
		if passed := f.Now().Sub(at.At); passed >= 0 && passed < d.Every {
			return at.At.Add(d.Every), nil
		}
		c, isWitnessed, err := f.toDeliver(ctx, witnessed)
		if err == nil {
			err = f.hand(ctx, d.To, c)
		}
		if err == nil {
			err = follower.Advance(ctx, c.Size) // or it is delivered once more
		}
		if err != nil {
			return time.Time{}, err
		}
		if isWitnessed {
			witnessed = c.Size
		}
		f.arrived(i, c.Size, f.Now())
		return f.Now().Add(d.Every), nil
	})
}

// arrived notes in a recipient's status what arrived there last.
func (f *Follower) arrived(i int, size int64, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deliveries[i].Size, f.deliveries[i].At = size, at
}

// outcome notes what is in the way of a delivery.
func (f *Follower) outcome(i int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deliveries[i].Failure = ""
	if err != nil {
		f.deliveries[i].Failure = err.Error()
	}
}

// deliveryName names the place of a recipient. Two webhooks on one host are told
// the same: they are counted.
func (f *Follower) deliveryName(i int) string {
	to, n := f.Deliveries[i].To.String(), 1
	for _, before := range f.Deliveries[:i] {
		if before.To.String() == to {
			n++
		}
	}
	return fmt.Sprintf("checkpoint %d %s", n, to)
}

// toDeliver gives the witnessed checkpoint if it is newer than the last one that
// arrived, or the head's; else the head.
func (f *Follower) toDeliver(ctx context.Context, arrived int64) (c audit.Checkpoint, isWitnessed bool, err error) {
	head, err := f.takeHead(ctx)
	if err != nil {
		return head, false, err
	}
	if c, found := f.Witnessed(); found && (c.Size > arrived || c.Size == head.Size) {
		return c, true, nil
	}
	return head, false, nil
}

func (f *Follower) hand(ctx context.Context, to Recipient, c audit.Checkpoint) error {
	ctx, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	return to.Deliver(ctx, c.Text)
}

// File is a Recipient: a file to which checkpoints are appended, an empty line
// behind each. audit.SplitCheckpoints reads it. It should be on storage of its
// own.
type File string

func (f File) String() string { return "file " + string(f) }

// Deliver appends the note. What is there after it returns is there after a power
// cut; a note that was cut off before is left as it is, and apart.
func (f File) Deliver(_ context.Context, note []byte) (err error) {
	_, statErr := os.Stat(string(f))
	file, err := os.OpenFile(string(f), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() { // a pipe or a device, which has no end to look at and nothing to sync
		_, err := file.Write(append(bytes.Clone(note), '\n'))
		return err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	end := make([]byte, 2)
	if size > 1 {
		if _, err := file.ReadAt(end, size-2); err != nil {
			return err
		}
	}
	text := append(bytes.Clone(note), '\n')
	if size > 0 && string(end) != "\n\n" {
		text = append([]byte("\n\n"), text...)
	}
	if _, err := file.Write(text); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if errors.Is(statErr, fs.ErrNotExist) {
		return syncFolder(filepath.Dir(string(f)))
	}
	return nil
}

// syncFolder makes a new file's name last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Webhook is a Recipient: an address to which checkpoints are posted as text.
type Webhook struct {
	url   *url.URL
	http  http.Client
	pause time.Duration // before the second try
}

const (
	webhookTries   = 4
	webhookPause   = time.Second
	webhookTimeout = 10 * time.Second
)

// NewWebhook posts to an http or https URL, which may have a secret in it: nothing
// but its host is ever told.
func NewWebhook(address string, transport http.RoundTripper) (*Webhook, error) {
	at, err := url.Parse(address)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return nil, errors.New("witnessing: a webhook's URL must be as in https://hook.example/path")
	}
	return &Webhook{url: at, pause: webhookPause, http: http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func (w *Webhook) String() string { return "webhook " + w.url.Host }

// Deliver posts the note and wants a 2xx. It tries again, with a growing pause,
// when nobody answers or the answer is a fault.
func (w *Webhook) Deliver(ctx context.Context, note []byte) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = w.pause
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, w.post(ctx, note) },
		backoff.WithBackOff(pause), backoff.WithMaxTries(webhookTries), backoff.WithMaxElapsedTime(0))
	return err
}

func (w *Webhook) post(ctx context.Context, note []byte) error {
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url.String(), bytes.NewReader(note))
	if err != nil {
		return backoff.Permanent(errors.New("witnessing: no such request can be made"))
	}
	q.Header.Set("Content-Type", "text/plain; charset=utf-8")
	answer, err := w.http.Do(q)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err // without the URL
	}
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	switch status := answer.StatusCode; {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusTooManyRequests || status >= 500:
		return fmt.Errorf("status %s", answer.Status)
	default:
		return backoff.Permanent(fmt.Errorf("status %s", answer.Status))
	}
}
