package store
import ("testing";"time";"sync";"path/filepath";"context";"database/sql";"fmt")
func TestTmp(t *testing.T) {
	for i := range 30 {
		path := filepath.Join(t.TempDir(), "x.db")
		var both sync.WaitGroup
		for k := range 2 { both.Go(func(){
			st:=time.Now()
			w, err := sqliteWriter(path)
			if err!=nil {t.Error(err);return}
			t1:=time.Since(st)
			pool,_ := w.DB()
			p,_ := migrator(pool)
			ctx:=context.Background()
			c,tg,err0 := p.GetVersions(ctx)
			t2:=time.Since(st)
			_, err1 := p.Up(ctx)
			t3:=time.Since(st)
			if t3>time.Second { fmt.Println(i,k,t1,t2,c,tg,err0,t3,err1) }
			pool.Close()
		})}
		both.Wait()
	}
	_ = sql.ErrNoRows
}
