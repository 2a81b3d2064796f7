package witness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tandem-custody/tandem/audit"
)

// path is where a witness takes checkpoints, below its prefix.
const path = "/add-checkpoint"

// sizeType is the type of the answer that says which size was cosigned last.
const sizeType = "text/x.tlog.size"

// requestTimeout bounds what one request may take.
const requestTimeout = 10 * time.Second

// Handler serves POST /add-checkpoint. Anybody may ask: what a request can do is
// bounded by the log's signature.
func (w *Witness) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+path, w.addCheckpoint)
	return mux
}

func (w *Witness) addCheckpoint(out http.ResponseWriter, q *http.Request) {
	ctx, cancel := context.WithTimeout(q.Context(), requestTimeout)
	defer cancel()
	body, err := io.ReadAll(http.MaxBytesReader(out, q.Body, maxRequest))
	if err != nil {
		http.Error(out, ErrRequest.Error(), http.StatusBadRequest)
		return
	}
	r, err := ParseRequest(body)
	var made audit.Cosignature
	if err == nil {
		made, err = w.Add(ctx, r)
	}
	if err != nil {
		w.refuse(ctx, out, err)
		return
	}
	out.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = out.Write(made.Line)
}

// refuse answers with the status that tlog-witness gives an error.
func (w *Witness) refuse(ctx context.Context, out http.ResponseWriter, err error) {
	if size, ok := errors.AsType[*SizeError](err); ok {
		out.Header().Set("Content-Type", sizeType)
		out.WriteHeader(http.StatusConflict)
		fmt.Fprintf(out, "%d\n", size.Size)
		return
	}
	for _, known := range []struct {
		err    error
		status int
	}{
		{ErrRequest, http.StatusBadRequest},
		{audit.ErrSignature, http.StatusForbidden},
		{ErrOrigin, http.StatusNotFound},
		{ErrContradiction, http.StatusConflict},
		{audit.ErrProof, http.StatusUnprocessableEntity},
	} {
		if errors.Is(err, known.err) {
			http.Error(out, known.err.Error(), known.status)
			return
		}
	}
	w.Log.ErrorContext(ctx, "cannot cosign", "error", err)
	http.Error(out, "witness: cannot cosign now", http.StatusInternalServerError)
}
