// Command guards takes one check at a time away from a package and says which no test
// misses.
//
// All changes are in one test binary: each place of a package's sources that can be
// changed is written so that a number in the environment changes it, and notes that a
// test came by where the change would have told (of a guard: that its condition was
// true). Each test runs once by itself without a change, which gives the tests that
// can notice each, and then each change is tried against those only, the quickest
// first, until one fails. Hanging is failing. The sources are not touched: the compiler
// is given others in their place (go help build, -overlay).
//
// What is changed:
//
//   - guard: what an if asks is not so;
//   - operand: one side of an && or || is left out;
//   - case: a case of a switch without a tag does not apply;
//   - call: a call whose result nobody uses is not made. Locks, lines of the log and
//     panics are left out: they are not what tests are for;
//   - passed on: a guard that only hands an error on. They are listed, and tried only
//     where -passed-on asks for it.
//
// Results stay in dist/guards, by the text of the function and the place in it. What
// was noticed stays so while that function is the same; what was not is tried again by
// tests that are new, or whose text is another, or that of a function of the tests which
// they come to. A change of a method that they share is not seen: remove the file to
// begin anew. What somebody looked at and judged
// stands in judged.txt, by the same keys.
//
// It knows Go's syntax and the go command, and nothing of Tandem.
package main
