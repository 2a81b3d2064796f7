package store
import ("testing";"time";"fmt";"context";"github.com/tandem-custody/tandem/custody")
func TestProf3(t *testing.T) {
	s := crowd(t)
	n:=0
	for i:=0;i<200;i++ {
		d := s.draft()
		for k := range 64 { if err:=s.decide(d, step{holder(k), custody.CheckOut{Credential: server(k), Purpose: "ticket 4711: the queue is stuck"}}); err!=nil{t.Fatal(err)} ; n++}
		if err := s.store.Write(context.Background(), d.write); err!=nil {t.Fatal(err)}
		s.state.Merge(d.state); s.frontier=d.frontier
	}
	db:=s.store.reader
	for range 3 {
	for _,q:=range []string{"SELECT sum(length(type)+length(actor)+length(subject)) FROM ledger_entries","SELECT sum(length(type)) FROM ledger_entries","SELECT sum(length(record)) FROM ledger_entries", "SELECT count(*) FROM ("+namesOf+")"} {
		var x int64
		st:=time.Now()
		var err error
		if q[7]=='c' { err=db.Raw(q,0,n).Scan(&x).Error} else { err=db.Raw(q).Scan(&x).Error }
		if err!=nil {t.Fatal(err)}
		fmt.Printf("%.2f µs  %s\n",float64(time.Since(st).Microseconds())/float64(n),q[:40])
	}}
}
