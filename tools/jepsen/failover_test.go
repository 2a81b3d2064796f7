package jepsen

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody/rotation/postgres/postgrestest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// standby follows the server that decides, by a relay, until it is promoted.
type standby struct {
	*postgrestest.Server
	c     *cluster
	relay *relay
	port  int
}

// newStandby makes a copy of the server that decides, and has it follow. synchronous: no
// commit is one before it is there too.
func (c *cluster) newStandby(synchronous bool) *standby {
	c.t.Helper()
	programs := servertest.Require(c.t, []string{"/usr/lib/postgresql/*/bin"}, "pg_basebackup", "postgres")
	place := servertest.NewPlace(c.t, "postgres")
	s := &standby{c: c, relay: newRelay(c.t, c.postgres.Addr), port: servertest.ReservePort(c.t)}
	host, port, _ := strings.Cut(s.relay.addr, ":")
	copying := place.Command(programs[0], "-d", fmt.Sprintf("host=%s port=%s user=postgres sslmode=disable application_name=standby", host, port),
		"-D", place.Path("data"), "-R", "-X", "stream", "--checkpoint=fast", "--no-sync")
	if out, err := copying.CombinedOutput(); err != nil {
		c.t.Fatalf("pg_basebackup: %v: %s", err, out)
	}
	s.Server = &postgrestest.Server{Addr: "127.0.0.1:" + strconv.Itoa(s.port), Dir: place.Dir, AdminPassword: c.postgres.AdminPassword}
	s.Daemon = servertest.NewDaemon(c.t, servertest.Service{
		Name: "a standby", Log: place.Path("log"), End: syscall.SIGINT,
		Command: func() *exec.Cmd {
			return place.Command(programs[1], "-D", filepath.Join(place.Dir, "data"), "-c", "port="+strconv.Itoa(s.port), "-c", "unix_socket_directories="+place.Dir)
		},
		Answers: func() error { return s.ask("SELECT 1") },
	})
	s.Start()
	if synchronous {
		c.must(c.ask("ALTER SYSTEM SET synchronous_standby_names = 'standby'"))
		c.must(c.ask("SELECT pg_reload_conf()"))
	}
	c.await("the standby to follow", func() error { return s.has(c.size()) })
	return s
}

// ask asks the server itself, as its superuser.
func (s *standby) ask(statement string, into ...any) error {
	return askOf(s.Server, "postgres", statement, into...)
}

// ask asks the server that decides.
func (c *cluster) ask(statement string) error { return askOf(c.postgres, "postgres", statement) }

func askOf(server *postgrestest.Server, name, statement string, into ...any) error {
	_, port, _ := strings.Cut(server.Addr, ":")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	db, err := pgx.Connect(ctx, fmt.Sprintf("host=%s port=%s user=postgres dbname=%s sslmode=disable", server.Dir, port, name))
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	if len(into) == 0 {
		_, err = db.Exec(ctx, statement)
		return err
	}
	return db.QueryRow(ctx, statement).Scan(into...)
}

// size is how many entries there are where it is decided.
func (c *cluster) size() (size int64) {
	c.t.Helper()
	var err error
	size, err = c.store.Size(c.t.Context())
	c.must(err)
	return size
}

// has says whether the standby has so many entries.
func (s *standby) has(size int64) error {
	var got int64
	if err := askOf(s.Server, database, "SELECT size FROM ledger_head", &got); err != nil {
		return err
	}
	if got < size {
		return fmt.Errorf("%d entries of %d", got, size)
	}
	return nil
}

// takeOver has the standby decide, after the other one was killed. Every way to the
// database leads there then, as where an address moves.
func (s *standby) takeOver() {
	s.c.t.Helper()
	s.c.must(s.ask("SELECT pg_promote(true, 120)"))
	for _, r := range s.c.relays {
		r.to.Store(&s.Addr)
		r.cut()
	}
	s.c.postgres = s.Server
	s.c.open()
}

// TestNothingIsLostWhereAStandbyWasWaitedFor: the server that decides is lost, and one that
// has every commit goes on.
func TestNothingIsLostWhereAStandbyWasWaitedFor(t *testing.T) {
	c := newCluster(t, asItIs(t))
	sum := &found{Faults: map[string]int{}}
	s := c.newStandby(true)
	c.history(fault{"fail-over, synchronous", time.Second, func(*cluster, int) func() {
		c.killPostgres()
		return s.takeOver
	}}, sum)
	t.Log(sum)
	for _, v := range sum.Violations {
		t.Error(v)
	}
	c.verify(t.Context())
}

// TestLostCommitsAreNoticed: a standby that was behind takes over, and what people were told
// is not there any more. Every replica stops, also after it was started again, and nothing
// is written on top of what is left.
func TestLostCommitsAreNoticed(t *testing.T) {
	c := newCluster(t, asItIs(t))
	s := c.newStandby(false)
	s.relay.silent.Store(true) // from here on it is behind
	s.relay.cut()
	s.relay.away.Store(true)
	before := c.size()
	r := &run{c: c, most: enough, began: time.Now(), refused: map[string]int{}}
	for range c.pairs {
		r.boxes = append(r.boxes, &offers{})
	}
	var busy sync.WaitGroup
	for n := range c.pairs {
		for browser := range browsers {
			busy.Go(func() { r.browse(t.Context(), n, browser) })
		}
	}
	busy.Wait()
	r.settle(t.Context()) // by which every replica has taken in what there is
	lost := c.size() - before
	if lost < 10 {
		t.Fatalf("%d entries would be lost", lost)
	}
	c.killPostgres()
	s.takeOver()
	left := c.size()
	if left >= before+lost {
		t.Fatal("nothing was lost")
	}
	for _, to := range c.replicas {
		c.await(fmt.Sprintf("replica %d to notice", to.n), func() error { return c.isSuspect(to) })
	}
	c.replicas[0].kill()
	c.replicas[0].start()
	c.await("a replica that was started again to notice", func() error { return c.isSuspect(c.replicas[0]) })
	if got := c.size(); got != left {
		t.Errorf("%d entries were written on top of %d", got-left, left)
	}
	t.Logf("%d entries were lost, and %d replicas of %d stopped", before+lost-left, replicas, replicas)
}

// isSuspect says whether a replica has stopped, and refuses for that.
func (c *cluster) isSuspect(r *replica) error {
	if causes := r.causes(c.t.Context()); !strings.Contains(causes, "ledger_suspect") {
		return fmt.Errorf("its causes are %q", causes)
	}
	who := c.people[c.pairs[0].people[0]]
	server, err := client.New(client.Config{Server: "http://" + r.address, HTTP: browsing, Token: api.Secret(who.token.Reveal())})
	if err != nil {
		return err
	}
	_, err = server.CheckIn(c.t.Context(), c.pairs[0].credentials[0])
	if problem, is := errors.AsType[*edge.Problem](err); !is || problem.Code != "ledger_suspect" {
		return fmt.Errorf("a command got %v", err)
	}
	return nil
}

// TestThroughAPooler: all replicas come by a PgBouncer that gives each transaction another
// connection, and that is killed now and then.
func TestThroughAPooler(t *testing.T) {
	c := newCluster(t, asItIs(t))
	pooler := c.postgres.StartPooler(t, nil)
	for _, r := range c.relays {
		r.to.Store(&pooler.Addr)
		r.cut()
	}
	c.awaitReady()
	sum := &found{Faults: map[string]int{}}
	c.history(fault{"pooler killed", time.Second, func(*cluster, int) func() {
		pooler.Process.End(t, syscall.SIGKILL)
		pooler.Stop()
		return pooler.Start
	}}, sum)
	c.history(fault{"PostgreSQL killed behind the pooler", 500 * time.Millisecond, func(c *cluster, _ int) func() {
		c.killPostgres()
		return c.postgres.Start
	}}, sum)
	t.Log(sum)
	for _, v := range sum.Violations {
		t.Error(v)
	}
	c.verify(t.Context())
}
