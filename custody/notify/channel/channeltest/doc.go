// Package channeltest has rooms of every kind on loopback, over TLS with a certificate that
// no system knows, for tests: they look at token, signature, time and form as the services
// do, limit as they do, answer with their codes, and can be told to fail.
package channeltest
