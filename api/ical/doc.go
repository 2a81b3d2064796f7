// Package ical reads the files that calendars export and writes the feeds that they
// subscribe to (iCalendar, RFC 5545).
//
// It knows how Outlook, Exchange, Google and Apple really write such files: zones by
// the names of Windows, dates without a time, rules of recurrence, changed and
// cancelled instances. What it reads is proposed to a person, who says which of it is
// an absence; an event that cannot be read is named with the reason, and takes no other
// one with it.
//
// It must not know what an absence is, who may plan one, or how a zone's rules become
// a decision: it gives the instants, and beside them the wall times that were meant.
package ical
