// Package packaging makes a release as tools/release.sh does, twice and in two folders, and
// looks at what came of it: that both are the same bytes, what is in the Debian package, in the
// list of parts and in the manual, and that digests and signature are checked by the commands
// in docs/install.md. With the tag package alone: it compiles everything from nothing.
package packaging
