package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSIGHUPReadsAgain: it ended the server, without a line.
func TestSIGHUPReadsAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.writeCertificate(1)
	h.write("passphrase", "a passphrase of the first day\n")
	h.write("smtp", "first\n")
	h.write("hook", "https://first.example/hook\n")
	h.secrets = fmt.Sprintf("secrets: embedded\nembedded: {path: %s, passphrase_file: %s}", h.file("secrets"), h.file("passphrase"))
	h.more = fmt.Sprintf("tls: {cert: %s, key: %s}\nnotify:\n  from: tandem@house.test\n  smtp: {address: '127.0.0.1:1', username: tandem, password_file: %s}",
		h.file("cert"), h.file("tls-key"), h.file("smtp"))
	h.configure()
	h.deliverTo(h.file("hook"))
	h.initialise("ada")
	h.start()
	h.mustServe()
	if got := h.serial(); got != 1 {
		t.Fatalf("the first certificate has serial %d", got)
	}

	// A certificate that was renewed is taken without a signal.
	h.writeCertificate(2)
	h.waitFor("the renewed certificate", func() bool { return h.serial() == 2 })

	// What is good is taken, each with a line.
	h.writeCertificate(3)
	if said := h.hangUp(); strings.Contains(said, "ERROR") || h.serial() != 3 {
		t.Errorf("all was good: serial %d\n%s", h.serial(), said)
	} else {
		for _, key := range []string{"key=tls", "key=configuration", "key=notify.smtp", "key=embedded", "key=ledger.deliveries[0].webhook_file"} {
			if !strings.Contains(said, key) {
				t.Errorf("no line for %s\n%s", key, said)
			}
		}
	}

	// What is bad keeps the old one, and says so.
	h.write("cert", "no certificate")
	h.write("passphrase", "another passphrase, of no use\n")
	must(t, os.Remove(h.file("smtp")))
	h.write("hook", "no URL\n")
	text, err := os.ReadFile(h.file("tandem.yaml"))
	must(t, err)
	h.write("tandem.yaml", string(text)+"\nlog: {level: loud}\n")
	said := h.hangUp()
	for _, key := range []string{"key=tls", "key=configuration", "key=notify.smtp", "key=embedded", "key=ledger.deliveries[0].webhook_file"} {
		if !strings.Contains(said, `counts" part=reload `+key+" error=") {
			t.Errorf("%s was not refused with a line\n%s", key, said)
		}
	}
	if got := h.serial(); got != 3 {
		t.Errorf("the certificate now has serial %d", got)
	}
	if strings.Contains(said, "passphrase, of no use") || strings.Contains(said, "no URL") {
		t.Errorf("what is in a file was logged\n%s", said)
	}

	// The log's level counts at once; what needs a start is named.
	h.write("tandem.yaml", strings.Replace(string(text), "house.test/ledger", "other.test/ledger", 1)+"\nlog: {level: debug}\n")
	if said := h.hangUp(); !strings.Contains(said, "need a new start") || !strings.Contains(said, "ledger.origin") {
		t.Errorf("the change of origin is not named\n%s", said)
	}
	h.stop()
	if !strings.Contains(h.log(), "msg=stopped") {
		t.Errorf("it did not end in order\n%s", h.log())
	}
}

// TestSIGHUPLogsInAtVaultAgain: with the secret_id that is in the file now.
func TestSIGHUPLogsInAtVaultAgain(t *testing.T) {
	t.Parallel()
	h, server := newVaultHouse(t)
	ada := h.initialise("ada")
	h.start()
	h.mustServe()
	good, err := os.ReadFile(h.file("secret-id"))
	must(t, err)
	h.write("secret-id", "00000000-0000-0000-0000-000000000000\n")
	if said := h.hangUp(); !strings.Contains(said, `counts" part=reload key=vault.auth error=`) {
		t.Errorf("a secret_id of no use\n%s", said)
	}
	h.wantReady() // with the log-in from before
	must(t, os.Remove(h.file("secret-id")))
	h.setUpVault(server)
	if said := h.hangUp(); !strings.Contains(said, `again" part=reload key=vault.auth`) {
		t.Errorf("a new secret_id\n%s", said)
	}
	_, err = server.Client(t).Logical().WriteWithContext(t.Context(), "auth/approle/role/tandem/secret-id/destroy",
		map[string]any{"secret_id": strings.TrimSpace(string(good))})
	must(t, err)
	h.wantReady()
	must(t, h.signIn(ada))
}

// hangUp sends SIGHUP, waits until all has been read, and gives what was logged.
func (h *house) hangUp() string {
	h.t.Helper()
	before := len(h.log())
	must(h.t, h.serving.command.Process.Signal(syscall.SIGHUP))
	h.waitFor("the end of reading again", func() bool {
		return h.hasEnded() || strings.Contains(h.log()[before:], "reading again has ended")
	})
	if h.hasEnded() {
		h.t.Fatalf("SIGHUP ended it\n%s", h.log())
	}
	return h.log()[before:]
}

// deliverTo adds a delivery of checkpoints to the configuration.
func (h *house) deliverTo(hook string) {
	h.t.Helper()
	text, err := os.ReadFile(h.file("tandem.yaml"))
	must(h.t, err)
	h.write("tandem.yaml", strings.Replace(string(text), "ledger: {origin: "+h.origin+"}",
		fmt.Sprintf("ledger:\n  origin: %s\n  deliveries: [{webhook_file: %s, every: 1d}]", h.origin, hook), 1))
}

// writeCertificate makes a certificate for the API, and its key.
func (h *house) writeCertificate(serial int64) {
	h.t.Helper()
	h.writeCertificateUntil(serial, time.Now().Add(time.Hour))
}

func (h *house) writeCertificateUntil(serial int64, until time.Time) {
	h.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(h.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(h.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(h.t, err)
	h.write("cert", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	h.write("tls-key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

// serial is that of the certificate that the API shows now, 0 for none.
func (h *house) serial() int64 {
	h.t.Helper()
	connection, err := tls.Dial("tcp", h.listen, &tls.Config{InsecureSkipVerify: true}) // it is looked at, and not trusted
	if err != nil {
		return 0
	}
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// TestADemoWhoseTerminalIsClosedLeavesNothing: SIGHUP left its folder, with
// passwords in clear.
func TestADemoWhoseTerminalIsClosedLeavesNothing(t *testing.T) {
	t.Parallel()
	left := t.TempDir()
	command := exec.Command("tandem", "demo", "--json", "--listen=:0", "--ssh-listen=:0")
	command.Env = append(os.Environ(), "TMPDIR="+left)
	said, err := command.StdoutPipe()
	must(t, err)
	must(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill() })
	if _, err := bufio.NewReader(said).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(left); err != nil || len(entries) == 0 {
		t.Fatalf("it has no folder: %v", err)
	}
	must(t, command.Process.Signal(syscall.SIGHUP))
	must(t, command.Wait())
	if entries, err := os.ReadDir(left); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
