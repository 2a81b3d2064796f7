//go:build bench
package bench
import ("context";"sync/atomic";"github.com/tandem-custody/tandem/custody/desk";"testing";"fmt";"os";"strconv";"syscall";"time")
func cpu() time.Duration { var r syscall.Rusage; syscall.Getrusage(0,&r); return time.Duration(r.Utime.Nano()+r.Stime.Nano()) }
func TestZZ(t *testing.T) {
	n,_ := strconv.Atoi(os.Getenv("N")); k,_ := strconv.Atoi(os.Getenv("K"))
	r := newRoutine(t, onDisk(t))
	r.goRound(t.Context(), n, 1)
	zzWrites.Store(0); zzNanos.Store(0)
	c0 := cpu()
	b, err := r.goRound(t.Context(), n, k)
	if err != nil { t.Fatal(err) }
	c := cpu()-c0
	size,_ := r.store.Size(t.Context())
	fmt.Println(n, b.calls, "commands", b.perSecond, "/s cpu/command", c/time.Duration(b.calls), "size", size, "writes", zzWrites.Load(), "batch", float64(b.calls)/float64(zzWrites.Load()), "in write µs/command", zzNanos.Load()/1000/int64(b.calls))
	dir := onDisk(t)
	ins := bareInserts(t, dir)
	c0 = cpu()
	bb,_ := callers(1, 6000, ins)
	fmt.Println("bare", bb.perSecond, (cpu()-c0)/6000)
}

type zz struct { desk.Store }
var zzWrites, zzNanos atomic.Int64
func (z zz) Write(ctx context.Context, fn func(desk.Tx) error) error { zzWrites.Add(1); st:=time.Now(); defer func(){zzNanos.Add(int64(time.Since(st)))}(); return z.Store.Write(ctx, fn) }
func wrapZZ(s desk.Store) desk.Store { return zz{s} }
