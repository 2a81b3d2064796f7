// Package clipboard lends a password to the clipboard of the machine, for as long as
// somebody needs to paste it.
//
// It knows the clipboard and time. It must not know what the password opens, nor how
// anything is printed.
package clipboard
