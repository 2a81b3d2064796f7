#!/usr/bin/env bash
# Changes one operator at a time in the packages that hold the checks, runs their tests, and names every change that
# no test noticed (docs/testing.md says what became of each). Takes hours; one package after the other, the quick ones
# first. Arguments: packages, such as custody/siem; none: all of them. Results stay in dist/mutate.
set -euo pipefail

# The newest release that the module proxy served when this line was written.
GREMLINS=github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0
ALL=(custody/siem custody/notify custody/embedded api custody/desk api/web custody/store custody)

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
results=$root/dist/mutate
mkdir -p "$results" "$work/bin" "$work/tmp"
GOBIN=$work/bin "${GO:-go}" install "$GREMLINS"

(($#)) || set -- "${ALL[@]}"
for package; do
    # A copy, because the tool takes a package with all that is below it: of these packages, only what is their own.
    rm -rf "$work/tandem"
    mkdir "$work/tandem"
    (cd "$root" && git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -T - -cf -) | tar -xf - -C "$work/tandem"
    if [[ $package == custody ]]; then
        find "$work/tandem/custody" -mindepth 1 -maxdepth 1 -type d ! -name testdata -exec rm -rf {} +
    fi
    name=${package//\//-}
    (cd "$work/tandem" && TMPDIR=$work/tmp nice -n 19 "$work/bin/gremlins" unleash "./$package" -o "$results/$name.json") \
        >"$results/$name.log" 2>&1 || echo "mutate: $package was not run to its end, see $results/$name.log" >&2
    printf '%-18s ' "$package"
    grep -hE '^(Killed|Timed out):' "$results/$name.log" | paste -sd, || echo "no result"
    grep -hE '^ *(LIVED|TIMED OUT)' "$results/$name.log" || true
done
