package endpoint_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/endpoint"
)

// TestFingerprintsAreThoseOfTheCertificatesThatWerePinned, as openssl x509 -fingerprint
// -sha256 prints them; without any there is nothing to compare.
func TestFingerprintsAreThoseOfTheCertificatesThatWerePinned(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	for text, n := range map[string]int{"": 0, ca: 1, ca + ca: 2} {
		described := custody.Target{Address: "db01.example:5432", Settings: map[string]string{"ca": text}}
		if text == "" {
			described.Settings = nil
		}
		e, err := endpoint.Open(described)
		if err != nil || len(e.Fingerprints) != n {
			t.Errorf("%d of %d: %v", len(e.Fingerprints), n, err)
		}
		sum := sha256.Sum256(der)
		for _, f := range e.Fingerprints {
			plain := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(f, "SHA-256 "), ":", ""))
			if plain != hex.EncodeToString(sum[:]) || strings.Count(f, ":") != 31 {
				t.Errorf("%q", f)
			}
		}
	}
}
