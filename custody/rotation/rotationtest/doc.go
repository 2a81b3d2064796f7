// Package rotationtest has what a rotation worker stands on, in memory: a desk
// that really asks custody.Decide, and a secret store with versions and
// check-and-set. Either can be made to fail before or after the effect.
//
// It knows the custody rules and the ports. It must not know the worker, nor
// any target: it is for the tests of all of them. Only test code may import it.
package rotationtest
