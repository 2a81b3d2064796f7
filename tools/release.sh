#!/bin/sh
# Makes a release in a folder: the programs, manual pages, completions, a Debian package, a list
# of what is in it (CycloneDX), digests, and, with a key, a signature.
#
#   tools/release.sh VERSION FOLDER
#
# From one source and one Go it makes the same bytes each time; the instant in the package is
# SOURCE_DATE_EPOCH, or that of the last commit. TANDEM_RELEASE_KEY names a private SSH key that
# signs, such as one on a token; without it nothing is signed, and that is said.
set -eu
[ $# -eq 2 ] || { echo "usage: tools/release.sh VERSION FOLDER" >&2; exit 2; }
cd "$(dirname "$0")/.."
VERSION=$1
mkdir -p "$2"
OUT=$(cd "$2" && pwd)
NFPM=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2 # the newest whose parts the module proxy serves
CYCLONEDX=github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
TAGS=netgo,osusergo,sqlite_omit_load_extension,nomsgpack,nodemo
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || echo 0)}"
export SOURCE_DATE_EPOCH
ARCH=$(go env GOARCH)
umask 022

# Static, so that it runs on any distribution. No build id: it would differ with the folder.
build() { go build -trimpath -buildvcs=false -ldflags "-s -w -buildid= -X main.version=$VERSION $3" -tags "$TAGS" -o "$1" "$2"; }
CGO_ENABLED=1 build "$OUT/tandem" ./cmd/tandem -extldflags=-static
CGO_ENABLED=0 build "$OUT/envelope" ./cmd/envelope ""

mkdir -p "$OUT/man" "$OUT/completion"
MAN=$(mktemp -d)
trap 'rm -rf "$MAN"' EXIT
go build -trimpath -buildvcs=false -tags "$TAGS,manpages" -ldflags "-X main.version=$VERSION" -o "$MAN/tandem" ./cmd/tandem
HOME=/home/you "$MAN/tandem" man "$OUT/man" # or they would have the home of whoever made them
gzip -9nf "$OUT"/man/*.1
"$OUT/tandem" completion bash > "$OUT/completion/tandem.bash"
"$OUT/tandem" completion zsh > "$OUT/completion/_tandem"
"$OUT/tandem" completion fish > "$OUT/completion/tandem.fish"

export VERSION OUT ARCH
go run "$NFPM" package --config deploy/nfpm.yaml --packager deb --target "$OUT/"
go run "$CYCLONEDX" bin -json -noserial -notimestamp -version "$VERSION" -output "$OUT/tandem.cdx.json" "$OUT/tandem" # of what is in it

cd "$OUT"
sha256sum tandem envelope tandem_*.deb tandem.cdx.json > SHA256SUMS
if [ -n "${TANDEM_RELEASE_KEY:-}" ]; then
	rm -f SHA256SUMS.sig
	ssh-keygen -Y sign -f "$TANDEM_RELEASE_KEY" -n tandem-release SHA256SUMS
else
	echo "SHA256SUMS is not signed: name a private SSH key in TANDEM_RELEASE_KEY" >&2
fi
