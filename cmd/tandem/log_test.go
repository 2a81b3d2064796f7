package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"
	"time"
)

// TestALengthOfTimeInTheLogHasItsUnit: 1500000000 of what?
func TestALengthOfTimeInTheLogHasItsUnit(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(logHandler(&out, "json", slog.LevelInfo)).With("part", "x", "every", 2*time.Minute)
	log.Info("m", "took", 1500*time.Millisecond, slog.Group("in", slog.Duration("next", time.Millisecond)), "n", 7)
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	in, _ := got["in"].(map[string]any)
	for name, pair := range map[string][2]any{
		"took_seconds": {got["took_seconds"], 1.5}, "every_seconds": {got["every_seconds"], 120.0}, "in.next_seconds": {in["next_seconds"], 0.001},
		"took": {got["took"], nil}, "n": {got["n"], 7.0}, "part": {got["part"], "x"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v, want %v in %s", name, pair[0], pair[1], out.String())
		}
	}
	out.Reset()
	slog.New(logHandler(&out, "text", slog.LevelInfo)).Info("m", "took", 1500*time.Millisecond)
	if !bytes.Contains(out.Bytes(), []byte("took=1.5s")) {
		t.Error(out.String())
	}
}
