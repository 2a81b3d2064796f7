package store
import ("testing";"time";"context";"fmt";"github.com/tandem-custody/tandem/custody")
func TestProf(t *testing.T) {
	s := crowd(t)
	prof = map[string]time.Duration{}
	n:=0
	for i:=0;i<600;i++ {
		d := s.draft()
		for k := range 64 { if err:=s.decide(d, step{holder(k), custody.CheckOut{Credential: server(k), Purpose: "ticket 4711: the queue is stuck"}}); err!=nil{t.Fatal(err)} ; n++}
		st:=time.Now()
		if err := s.store.Write(context.Background(), d.write); err!=nil {t.Fatal(err)}
		prof["total"]+=time.Since(st)
		s.state.Merge(d.state); s.frontier=d.frontier
	}
	for k,v:=range prof { fmt.Printf("%-30s %.2f µs/command\n",k,float64(v.Microseconds())/float64(n)) }
}
