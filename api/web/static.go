package web

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
)

// staticFiles serves the embedded scripts and styles. An address carries the
// hash of its content, so a browser may keep it for ever.
type staticFiles struct {
	http.Handler
	hashes map[string]string // by address
}

func loadStatic() (staticFiles, error) {
	s := staticFiles{http.FileServerFS(files), map[string]string{}}
	err := fs.WalkDir(files, "static", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := files.ReadFile(path)
		sum := sha256.Sum256(content)
		s.hashes["/"+path] = hex.EncodeToString(sum[:6])
		return err
	})
	return s, err
}

// at gives the address of a file.
func (s staticFiles) at(name string) string {
	path := "/static/" + name
	return path + "?v=" + s.hashes[path]
}

// ServeHTTP serves files, not lists of them.
func (s staticFiles) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hash, found := s.hashes[r.URL.Path]
	if !found {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.URL.Query().Get("v") == hash {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	s.Handler.ServeHTTP(w, r)
}
