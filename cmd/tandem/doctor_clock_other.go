//go:build !linux

package main

func (d *doctor) clock() {
	d.add("clock", unasked, "this system does not say whether a time service keeps the clock", "")
}
