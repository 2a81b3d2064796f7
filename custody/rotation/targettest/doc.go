// Package targettest is the conformance suite of rotation.Target: whoever
// implements the port passes it against the real system, so that the worker can
// rely on each of them alike. Conform is about the port; Journal takes accounts
// through whole rotations by the real worker, which it kills at every step.
//
// It knows the port, the worker and what a description says of TLS. It must know
// no system: that comes as a System, with log-ins by a client of its own. Only
// test code may import it.
package targettest
