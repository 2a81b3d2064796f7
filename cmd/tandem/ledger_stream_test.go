package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/demo"
)

// TestTheConfiguredStreamCarriesEntries: a server that is told to streams what
// happens to a syslog receiver over TLS.
func TestTheConfiguredStreamCarriesEntries(t *testing.T) {
	t.Parallel()
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS()
	certificate, raw := web.TLS.Certificates, web.Certificate().Raw
	web.Close()
	receiver, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certificate})
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()

	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})))
	address := freeAddress(t)
	cfg, err := config.Load(config.Sources{File: file("tandem.yaml", fmt.Sprintf(`
listen: %s
database: sqlite:%s/tandem.db
secrets: embedded
embedded: {path: %[2]s/secrets, key_file: %[2]s/key}
ledger: {origin: stream.test, stream: {address: "%s", ca: %s, format: cef}}
log: {level: error}
`, address, folder, receiver.Addr(), ca))})
	if err != nil {
		t.Fatal(err)
	}
	p, err := openProgram(t.Context(), cfg, newLog(cfg.Log))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := demo.SeedPeople(t.Context(), p.desk, 2); err != nil {
		t.Fatal(err)
	}
	conns := make(chan string, 1)
	go func() {
		conn, err := receiver.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		text, _ := bufio.NewReader(conn).ReadString('}')
		conns <- text
	}()
	ctx, done := context.WithCancel(t.Context())
	defer done()
	listener, _, err := listenAPI(ctx, cfg, newLog(cfg.Log))
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- p.run(ctx, listener, nil) }()
	select {
	case text := <-conns:
		if !strings.Contains(text, " stream.test tandem - policy.adopted - CEF:0|Tandem|Tandem|") {
			t.Errorf("received %q", text)
		}
	case <-time.After(time.Minute):
		t.Error("waited in vain for an entry")
	}
	done()
	<-ran
	if err := p.close(); err != nil {
		t.Error(err)
	}
}
