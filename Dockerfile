# syntax=docker/dockerfile:1
# Two stages: the first has Go and a C compiler (SQLite is C), the second has
# the one static binary, CA certificates and an ordinary user.
#
# A tag can become another image; a digest cannot. Whoever builds for others gives both
# images by digest: --build-arg GO_IMAGE=golang:1.26-bookworm@sha256:… and BASE_IMAGE likewise
# (docker buildx imagetools inspect IMAGE prints it).
ARG GO_IMAGE=golang:1.26-bookworm
ARG BASE_IMAGE=gcr.io/distroless/static-debian12:nonroot
FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
# Static, so that the second stage needs no C library. Names are resolved by Go.
RUN CGO_ENABLED=1 go build -trimpath \
      -tags 'netgo,osusergo,sqlite_omit_load_extension,nomsgpack,nodemo' \
      -ldflags "-s -w -buildid= -X main.version=${VERSION} -extldflags=-static" \
      -o /out/tandem ./cmd/tandem \
 && mkdir /out/data

FROM ${BASE_IMAGE}
COPY --from=build /out/tandem /usr/local/bin/tandem
COPY --from=build --chown=nonroot:nonroot /out/data /var/lib/tandem
USER nonroot
WORKDIR /var/lib/tandem
VOLUME /var/lib/tandem
EXPOSE 8700 8701
ENV TANDEM_CONFIG=/etc/tandem/tandem.yaml
# By the operations listener (metrics_listen). To start one again that is not ready helps
# nobody, so what starts it again should ask with --alive.
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 CMD ["/usr/local/bin/tandem", "health"]
ENTRYPOINT ["/usr/local/bin/tandem"]
CMD ["serve"]
