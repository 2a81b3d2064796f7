package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// TestARestoredCopyDoesNothingByItself: it rotated the passwords of real servers,
// and mailed, beside the installation that it was a copy of.
func TestARestoredCopyDoesNothingByItself(t *testing.T) {
	t.Parallel()
	// Nothing has been delivered here yet: it is due from the first moment on.
	var delivered atomic.Int64
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { delivered.Add(1) }))
	defer hook.Close()

	h := newHouse(t)
	ada := h.initialise("ada")
	if _, said, code := h.tandem("backup", h.file("backup")); code != 0 {
		t.Fatalf("backup: exit %d\n%s", code, said)
	}

	// The copy is where nothing was: only the key is kept elsewhere.
	left, err := filepath.Glob(h.file("tandem.db*"))
	must(t, err)
	for _, path := range append(left, h.file("secrets")) {
		must(t, os.Rename(path, filepath.Join(h.folder, "original-"+filepath.Base(path))))
	}
	if _, said, code := h.tandem("restore", h.file("backup")); code != 0 || !strings.Contains(said, "tandem maintenance end") {
		t.Fatalf("restore: exit %d\n%s", code, said)
	}
	h.write("hook", hook.URL+"\n")
	h.deliverTo(h.file("hook"))
	h.start()
	h.mustServe()
	h.wantInMaintenance("restored from a backup")
	h.wantReady()
	must(t, h.signIn(ada))
	if me, err := ada.Server.Me(t.Context()); err != nil || me.Maintenance == "" {
		t.Errorf("the API does not say it: %+v, %v", me, err)
	}
	if page := h.page("/login"); !strings.Contains(page, "This server is in maintenance") {
		t.Errorf("the page does not say it: %s", page)
	}
	h.stop()
	if delivered.Load() != 0 {
		t.Error("a checkpoint was delivered in maintenance")
	}
	if out, said, code := h.tandem("maintenance", "show", "-o", "json"); code != 0 || !strings.Contains(out, "restored from a backup") {
		t.Errorf("maintenance show: exit %d\n%s%s", code, out, said)
	}

	// Somebody says otherwise, and the log keeps who and why.
	if _, said, code := h.tandem("maintenance", "end", "--reason", "the old machine is scrapped"); code != 0 ||
		!strings.Contains(said, "maintenance was ended") || !strings.Contains(said, "the old machine is scrapped") {
		t.Fatalf("maintenance end: exit %d\n%s", code, said)
	}
	h.start()
	h.mustServe()
	h.wantInMaintenance("")
	h.waitFor("a checkpoint to be delivered", func() bool { return delivered.Load() > 0 })
	h.stop()

	// And anybody can ask for it.
	h.start("--maintenance")
	h.mustServe()
	h.wantInMaintenance("asked for with --maintenance")
}

func (h *house) wantInMaintenance(why string) {
	h.t.Helper()
	var answer struct {
		Maintenance string   `json:"maintenance"`
		Warnings    []string `json:"warnings"`
	}
	_, body := h.operations("/readyz")
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Maintenance != why ||
		(why != "") != strings.Contains(strings.Join(answer.Warnings, " "), "in maintenance") {
		h.t.Errorf("readyz: %s, %v; want %q", body, err, why)
	}
}

func (h *house) page(path string) string {
	h.t.Helper()
	response, err := http.Get("http://" + h.listen + path)
	must(h.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(h.t, err)
	return string(text)
}
