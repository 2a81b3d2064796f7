package store

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm/logger"
)

// TestWhoLeavesIsNoFailure: a statement whose caller has gone is for debugging
// only, one that took too long is still a failure; neither line shows its values.
func TestWhoLeavesIsNoFailure(t *testing.T) {
	s := newScribe(t)
	var text bytes.Buffer
	s.store.reader.Logger = newStatementLog(slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})))
	gone, leave := context.WithCancel(t.Context())
	leave()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	for _, test := range []struct {
		ctx  context.Context
		want string
	}{{gone, "level=DEBUG"}, {late, "level=ERROR"}} {
		text.Reset()
		if _, err := s.store.Place(test.ctx, "canary"); err == nil {
			t.Fatal("an answer after the end")
		}
		if got := text.String(); strings.Count(got, "level=") != 1 || !strings.Contains(got, test.want) ||
			!strings.Contains(got, "followers") || strings.Contains(got, "canary") {
			t.Errorf("logged %q, want one line with %s", got, test.want)
		}
	}
}

// TestInterruptedInTheMiddle: SQLite is stopped while it works.
func TestInterruptedInTheMiddle(t *testing.T) {
	s := newScribe(t)
	var text bytes.Buffer
	s.store.reader.Logger = newStatementLog(slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))).LogMode(logger.Warn)
	ctx, leave := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, leave)
	var n int64
	err := s.store.reader.WithContext(ctx).Raw(
		"WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c").Scan(&n).Error
	if err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if got := text.String(); strings.Contains(got, "level=ERROR") || !strings.Contains(got, "level=DEBUG") {
		t.Errorf("logged %q", got)
	}
}
