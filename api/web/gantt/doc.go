// Package gantt draws who held what over time: one row for each credential, as
// SVG, and the same facts for a table.
//
// It knows the events of the domain, calendars and SVG. It must not know where
// the events come from, nor HTML pages: words and styles are the caller's. What
// it draws has no style attribute, so that it can stand under a strict
// Content-Security-Policy; the classes that it uses all begin with "g-".
package gantt
