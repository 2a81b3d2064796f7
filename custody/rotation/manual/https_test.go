package manual_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/manual"
)

const right = "correct horse: battery %40 staple"

// serve starts a TLS server with a certificate that it made itself.
func serve(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(answer)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are to fail
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// controller answers as a server's management controller does.
func controller(w http.ResponseWriter, r *http.Request) {
	account, password, given := r.BasicAuth()
	switch {
	case r.URL.Path != "/redfish/v1/Systems":
		http.NotFound(w, r)
	case !given || account != "root" || password != right:
		w.Header().Set("WWW-Authenticate", `Basic realm="controller"`)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		fmt.Fprintln(w, "{}")
	}
}

// openHTTPS describes a server by the fingerprint of its certificate.
func openHTTPS(t *testing.T, server *httptest.Server, settings ...string) rotation.Target {
	t.Helper()
	sum := sha256.Sum256(server.Certificate().Raw)
	return openAs(t, server, append([]string{"sha256", hex.EncodeToString(sum[:])}, settings...)...)
}

func openAs(t *testing.T, server *httptest.Server, settings ...string) rotation.Target {
	t.Helper()
	settings = append([]string{"probe", "https", "path", "/redfish/v1/Systems"}, settings...)
	target, err := manual.Opener(nil)(describe(server.Listener.Addr().String(), settings...), custody.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func TestProbeOverHTTPS(t *testing.T) {
	server := serve(t, controller)
	ca := strings.ReplaceAll(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})), "\n", " ")
	for name, target := range map[string]rotation.Target{
		"by fingerprint": openHTTPS(t, server),
		"by certificate": openAs(t, server, "ca", ca),
	} {
		want(t, name+", right", target.Verify(t.Context(), custody.SecretString(right)), nil)
		want(t, name+", wrong", target.Verify(t.Context(), custody.SecretString("wrong")), rotation.ErrRefused)
	}
	wantUnknown(t, "a page that is not there", openHTTPS(t, server, "path", "/other").Verify(t.Context(), custody.SecretString(right)))
}

// Nothing is told to a server that is not the right one.
func TestAnotherServer(t *testing.T) {
	asked := false
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { asked = true; controller(w, r) })
	other := strings.Repeat("00", sha256.Size)
	for name, target := range map[string]rotation.Target{
		"another fingerprint": openAs(t, server, "sha256", other),
		"the system's roots":  openAs(t, server),
	} {
		want(t, name, target.Verify(t.Context(), custody.SecretString(right)), rotation.ErrHostKey)
	}
	if asked {
		t.Error("a request was sent")
	}
}

// What is not a refusal of this password must never be taken for one, nor what
// is no log-in for one.
func TestAnswersThatProveNothing(t *testing.T) {
	for name, status := range map[string]int{
		"a redirect":           http.StatusFound,
		"too few rights":       http.StatusForbidden,
		"too many tries":       http.StatusTooManyRequests,
		"an internal error":    http.StatusInternalServerError,
		"nothing there":        http.StatusNotFound,
		"something unheard of": 799,
	} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if _, _, given := r.BasicAuth(); !given {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.Header().Set("Location", "/redfish/v1/Systems")
			w.WriteHeader(status)
		})
		wantUnknown(t, name, openHTTPS(t, server).Verify(t.Context(), custody.SecretString(right)))
	}

	sent := false
	public := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if _, _, given := r.BasicAuth(); given {
			sent = true
		}
	})
	wantUnknown(t, "a page for everybody", openHTTPS(t, public).Verify(t.Context(), custody.SecretString(right)))
	if sent {
		t.Error("the password was sent to a page for everybody")
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Error("somebody came with", r.Header) })
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if _, _, given := r.BasicAuth(); !given {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	wantUnknown(t, "verify", openHTTPS(t, server).Verify(t.Context(), custody.SecretString(right)))
}

func TestServerThatDoesNotAnswer(t *testing.T) {
	t.Run("down", func(t *testing.T) {
		server := serve(t, controller)
		target := openHTTPS(t, server)
		server.Close()
		want(t, "verify", target.Verify(t.Context(), custody.SecretString(right)), rotation.ErrUnreachable)
	})
	t.Run("asleep", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		// Until the one who asks has gone: an answer at the end of the time could be there first.
		server := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		want(t, "verify", openHTTPS(t, server).Verify(ctx, custody.SecretString(right)), context.DeadlineExceeded)
	})
	t.Run("endless", func(t *testing.T) { // a body is not waited for
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if _, _, given := r.BasicAuth(); !given {
				w.WriteHeader(http.StatusUnauthorized)
			}
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		want(t, "verify", openHTTPS(t, server).Verify(t.Context(), custody.SecretString(right)), nil)
	})
}

// Nothing of what a server says, and no secret, is in an error.
func TestErrorsAreClean(t *testing.T) {
	for name, answer := range map[string]string{
		"not HTTP":        "from-the-server",
		"an odd status":   "HTTP/1.1 401 from-the-server\r\nContent-Length: 0\r\n\r\n",
		"an odd header":   "HTTP/1.1 200 OK\r\nfrom-the-server\r\n\r\n",
		"an odd encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: from-the-server\r\n\r\n",
	} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			io.WriteString(conn, answer)
		})
		err := openHTTPS(t, server).Verify(t.Context(), custody.SecretString(right))
		if err == nil {
			t.Errorf("%s: verified", name)
			continue
		}
		for _, text := range []string{"from-the-server", right, "Basic"} {
			if strings.Contains(err.Error(), text) {
				t.Errorf("%s: the error holds %q: %v", name, text, err)
			}
		}
	}
}
