package main

import (
	"context"
	"crypto/tls"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

// liveCertificate is a TLS certificate that is read again when its files have changed
// on the disk: whoever renews it need not know about Tandem.
type liveCertificate struct {
	cert, key string // paths
	log       *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	files   [2]fs.FileInfo // as they were when they were read last, of use or not
	looked  time.Time
}

// lookPause is how long nobody looks at the files again.
const lookPause = time.Second

// openCertificate reads a certificate that must be of use now.
func openCertificate(cert, key string, log *slog.Logger) (*liveCertificate, error) {
	c := &liveCertificate{cert: cert, key: key, log: log}
	return c, c.load(context.Background())
}

// load reads the files; what was there before still counts when they are of no use.
func (c *liveCertificate) load(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read(c.stat())
}

func (c *liveCertificate) stat() (files [2]fs.FileInfo) {
	for i, path := range []string{c.cert, c.key} {
		files[i], _ = os.Stat(path) // one that is gone is another one than before
	}
	return files
}

func (c *liveCertificate) read(files [2]fs.FileInfo) error {
	c.files, c.looked = files, time.Now()
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err == nil {
		c.current = &pair
	}
	return err
}

// now gives the certificate for a handshake.
func (c *liveCertificate) now() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < lookPause {
		return c.current
	}
	c.looked = time.Now()
	files := c.stat()
	if same(files[0], c.files[0]) && same(files[1], c.files[1]) {
		return c.current
	}
	if err := c.read(files); err != nil {
		c.log.Error("the TLS certificate changed on the disk and cannot be used: the one before still counts", "file", c.cert, "error", err)
	} else {
		c.log.Info("the TLS certificate changed on the disk and is in use now", "file", c.cert, "until", c.current.Leaf.NotAfter)
	}
	return c.current
}

func same(a, b fs.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// forServer and forClient are what tls.Config asks.
func (c *liveCertificate) forServer(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.now(), nil
}

func (c *liveCertificate) forClient(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return c.now(), nil
}
