//go:build bench

package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// TestTable measures everything and prints the table, also when a part of it
// failed. With TANDEM_BENCH_RATIOS=check it fails where a ratio left its band, and with
// TANDEM_BENCH_RATIOS=keep the ratios of the parts that were measured are those on record.
func TestTable(t *testing.T) {
	var all table
	measured := record{}
	defer func() { all.print(os.Stdout) }()
	binary := buildTandem(t)
	for _, part := range []struct {
		name    string
		measure func(t *testing.T, binary string) table
	}{
		{"check-outs", measureCheckOuts},
		{"commands", measureCommands},
		{"start-up", measureStartUp},
		{"verify", measureVerify},
		{"proofs", measureProofs},
		{"append", measureAppend},
		{"fleet", measureFleet},
		{"directory", measureDirectory},
		{"schedules", measureSchedules},
		{"pages", measurePages},
	} {
		t.Run(part.name, func(t *testing.T) {
			rows := part.measure(t, binary)
			all = append(all, rows...)
			measured[part.name] = rows.ratios(t)
		})
	}
	was, err := readRecord(recordFile)
	if err != nil {
		t.Fatal(err)
	}
	switch os.Getenv("TANDEM_BENCH_RATIOS") {
	case "check":
		for _, left := range was.left(measured) {
			t.Error(left)
		}
	case "keep":
		if err := was.write(recordFile, measured); err != nil {
			t.Error(err)
		}
	}
}

// row is a line of the table.
type row struct {
	what, ours, peer, ratio string
	goal                    goal
}

// goal is what was wanted and whether it was reached. The zero goal: none was set.
type goal struct {
	text string
	met  bool
}

func (g goal) String() string {
	switch {
	case g.text == "":
		return ""
	case g.met:
		return "yes"
	}
	return "NO"
}

func atMost[N int | float64 | time.Duration](got, most N, format string) goal {
	return goal{"<= " + fmt.Sprintf(format, most), got <= most}
}

func atLeast[N int | float64 | time.Duration](got, least N, format string) goal {
	return goal{">= " + fmt.Sprintf(format, least), got >= least}
}

type table []row

// ratios gives those of the rows that have one.
func (rows table) ratios(t *testing.T) map[string]float64 {
	all := map[string]float64{}
	for _, r := range rows {
		if r.ratio == "" {
			continue
		}
		ratio, err := strconv.ParseFloat(strings.TrimSuffix(r.ratio, "x"), 64)
		if err != nil {
			t.Errorf("%s: %v", r.what, err)
		}
		what := named(r.what)
		for n := 2; all[what] != 0; n++ { // some only say "the same"
			what = fmt.Sprintf("%s (%d)", named(r.what), n)
		}
		all[what] = ratio
	}
	return all
}

func (rows table) print(to io.Writer) {
	fmt.Fprintf(to, "\n%s\n\n", machine())
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "WHAT\tOURS\tPEER\tRATIO\tGOAL\tMET")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.what, r.ours, r.peer, r.ratio, r.goal.text, r.goal)
	}
	_ = w.Flush()
	fmt.Fprintln(to, "\nMedians of blocks measured in turns; a ratio is the median of those of neighbouring blocks.")
}

// machine says where this was measured, and how busy it was.
func machine() string {
	cpu := "unknown CPU"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	load := "unknown"
	if now, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(now), " ")
	}
	return fmt.Sprintf("%s, %d processors, %s, %s/%s, load %s at the end, %s", cpu, runtime.NumCPU(),
		runtime.Version(), runtime.GOOS, runtime.GOARCH, load, time.Now().UTC().Format("2006-01-02 15:04 MST"))
}

// buildTandem builds the real program.
func buildTandem(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "tandem")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "../../cmd/tandem")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build tandem: %v\n%s", err, out)
	}
	return binary
}
