# syntax=docker/dockerfile:1
# Two stages: the first has Go and a C compiler (SQLite is C), the second has
# the one static binary, CA certificates and an ordinary user.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
# Static, so that the second stage needs no C library. Names are resolved by Go.
RUN CGO_ENABLED=1 go build -trimpath \
      -tags 'netgo,osusergo,sqlite_omit_load_extension,nomsgpack,nodemo' \
      -ldflags "-s -w -X main.version=${VERSION} -extldflags=-static" \
      -o /out/tandem ./cmd/tandem \
 && mkdir /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/tandem /usr/local/bin/tandem
COPY --from=build --chown=nonroot:nonroot /out/data /var/lib/tandem
USER nonroot
WORKDIR /var/lib/tandem
VOLUME /var/lib/tandem
EXPOSE 8700 8701
ENTRYPOINT ["/usr/local/bin/tandem"]
CMD ["serve", "--config", "/etc/tandem/tandem.yaml"]
