// Package enveloping has envelopes made: it looks which passwords lack one, enters that it
// reads them, closes each for its keyholders, writes the file and enters that it is there.
// Once a day it looks whether the files in force are what was written.
//
// It knows the desk, the secret store and the folder (package envelope). It must not decide
// who is a keyholder or what lacks an envelope: that is the ledger's. Nothing of custody
// waits for it, and whatever goes wrong here keeps no password from being changed.
package enveloping
