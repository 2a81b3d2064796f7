package witness

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/audit"
)

const (
	maxProof      = 63 // lines
	maxCheckpoint = 128 << 10
	maxRequest    = maxCheckpoint + (maxProof+1)*64 // bytes; a line of a proof has 45
)

// ErrRequest means that a body is not what add-checkpoint asks for.
var ErrRequest = errors.New("witness: not an add-checkpoint request")

// Request is the body of add-checkpoint.
type Request struct {
	Old        int64       // size of the checkpoint that the witness cosigned last; 0 if none
	Proof      audit.Proof // that the new one goes on there
	Checkpoint []byte      // signed note
}

// Format writes the body.
func (r Request) Format() []byte {
	text := fmt.Appendf(nil, "old %d\n", r.Old)
	for _, hash := range r.Proof {
		text = fmt.Appendf(text, "%s\n", hash)
	}
	return append(append(text, '\n'), r.Checkpoint...)
}

// ParseRequest reads a body, in the one form that Format writes. The checkpoint
// is not looked at. The error is ErrRequest.
func ParseRequest(body []byte) (Request, error) {
	head, checkpoint, found := bytes.Cut(body, []byte("\n\n"))
	lines := bytes.Split(head, []byte("\n"))
	switch {
	case len(body) > maxRequest:
		return Request{}, fmt.Errorf("%w: more than %d bytes", ErrRequest, maxRequest)
	case !found:
		return Request{}, fmt.Errorf("%w: no empty line", ErrRequest)
	case len(lines) > 1+maxProof:
		return Request{}, fmt.Errorf("%w: more than %d lines of proof", ErrRequest, maxProof)
	}
	old, found := bytes.CutPrefix(lines[0], []byte("old "))
	size, err := strconv.ParseInt(string(old), 10, 64)
	if !found || err != nil || size < 0 {
		return Request{}, fmt.Errorf("%w: the first line is no old size", ErrRequest)
	}
	r := Request{Old: size, Checkpoint: checkpoint}
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(string(line))
		if err != nil {
			return Request{}, fmt.Errorf("%w: a line of the proof is no hash", ErrRequest)
		}
		r.Proof = append(r.Proof, hash)
	}
	// The libraries read more than one spelling of a number and of a hash.
	if !bytes.Equal(r.Format(), body) {
		return Request{}, fmt.Errorf("%w: text is not in the one form that it has", ErrRequest)
	}
	return r, nil
}
