package main

import "golang.org/x/sys/unix"

// clock asks the kernel, and changes nothing.
func (d *doctor) clock() {
	var t unix.Timex
	if _, err := unix.Adjtimex(&t); err != nil {
		d.add("clock", unasked, "the kernel does not say whether a time service keeps the clock: "+err.Error(), "")
		return
	}
	if t.Status&unix.STA_UNSYNC != 0 {
		d.add("clock", warned, "nothing keeps the clock of this machine: codes are refused once it is half a minute off", "start chrony or systemd-timesyncd; in a container, on the host")
		return
	}
	d.add("clock", sound, "a time service keeps the clock", "")
}
