// Package unseen asks on a terminal for what nobody may see there.
//
// It knows terminals. It must not know what the answer opens.
package unseen
