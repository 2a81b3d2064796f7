package jepsen

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// fault is something that goes wrong, and is right again when the second function, which
// may be nil, was called.
type fault struct {
	name  string
	lasts time.Duration
	begin func(c *cluster, n int) (heal func()) // n: a replica
}

// faults are all that histories have by turns.
var faults = []fault{
	{"replica killed", 800 * time.Millisecond, func(c *cluster, n int) func() {
		c.replicas[n].kill()
		return c.replicas[n].start
	}},
	{"PostgreSQL killed", 500 * time.Millisecond, func(c *cluster, _ int) func() {
		c.killPostgres()
		return c.postgres.Start
	}},
	{"replica stopped", 2 * time.Second, func(c *cluster, n int) func() {
		c.replicas[n].signal(syscall.SIGSTOP)
		return func() { c.replicas[n].signal(syscall.SIGCONT) }
	}},
	{"network slow", 2 * time.Second, func(c *cluster, n int) func() {
		c.relays[n].delay.Store(int64(60 * time.Millisecond))
		return c.relays[n].heal
	}},
	{"answers late", 2 * time.Second, func(c *cluster, n int) func() {
		c.relays[n].late.Store(int64(400 * time.Millisecond))
		return c.relays[n].heal
	}},
	{"network cut", 1500 * time.Millisecond, func(c *cluster, n int) func() {
		return c.again(150*time.Millisecond, c.relays[n].cut)
	}},
	{"connections half open", 2 * time.Second, func(c *cluster, n int) func() {
		c.relays[n].silent.Store(true)
		return c.relays[n].heal
	}},
	{"Vault away", 1500 * time.Millisecond, func(c *cluster, _ int) func() {
		c.toVault.away.Store(true)
		c.toVault.cut()
		return c.toVault.heal
	}},
	{"clock 1.5 s ahead", 2 * time.Second, func(c *cluster, n int) func() {
		c.replicas[n].setClock(1500 * time.Millisecond)
		return func() { c.replicas[n].setClock(0) }
	}},
	{"clock 5 s behind", 3 * time.Second, func(c *cluster, n int) func() {
		c.replicas[n].setClock(-5 * time.Second)
		return func() { c.replicas[n].setClock(0) }
	}},
	{"everything at once", 1500 * time.Millisecond, func(c *cluster, n int) func() {
		stopped, cut := c.replicas[(n+1)%replicas], c.relays[(n+2)%replicas]
		c.replicas[n].kill()
		stopped.signal(syscall.SIGSTOP)
		healed := c.again(200*time.Millisecond, cut.cut)
		return func() {
			healed()
			stopped.signal(syscall.SIGCONT)
			c.replicas[n].start()
		}
	}},
}

// again does something every so often until it is healed.
func (c *cluster) again(every time.Duration, do func()) (heal func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			do()
			select {
			case <-stop:
				return
			case <-time.After(every):
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

// killPostgres is as a power cut of its machine would be: no process of it goes on.
func (c *cluster) killPostgres() {
	server := c.postgres.Process
	children := childrenOf(server.PID())
	_ = syscall.Kill(server.PID(), syscall.SIGKILL)
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	c.postgres.Stop() // waits for its end
	for _, pid := range append(children, server.PID()) {
		c.await("PostgreSQL to be gone", func() error {
			if err := syscall.Kill(pid, 0); err == nil {
				return syscall.EBUSY
			}
			return nil
		})
	}
}

// childrenOf gives the processes that a process has started: see proc(5).
func childrenOf(parent int) (pids []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is a constant
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil { // it has ended
			continue
		}
		_, rest, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')'):]), " ")
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file))) // a number, by the pattern
			pids = append(pids, pid)
		}
	}
	return pids
}
