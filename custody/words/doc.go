// Package words is the catalogue of everything that Tandem says to people, in every
// language that it speaks: why something was refused, what a fact is called, the
// pages, the mails, the paper. It is the only place with sentences; the rules give
// keys and named values (custody.Refusal), and the sentence is made where it is read.
//
// The catalogue is in files SUBJECT.LANGUAGE.toml: what a subject's facts are called,
// why its commands are refused, what its pages, forms and mails say, and the paper.
// What all of them have round them is in frame, what any request can be refused for in
// request. Below [refusal.KEY] is what happened and what can be done next; below
// [invalid] why a field is refused, which ends the sentence [refusal.field]; below
// [term.LIST] the words of a closed list; below [field] what the fields of requests are
// called on forms; below [mail] the mails. All other sections are the pages'.
//
// A sentence takes its values as {{.name}} (text/template, golang.org/x/text plural
// forms by go-i18n); what may be missing stands between {{if}} and {{end}}. A key that a
// language does not have, or a value that a sentence needs and was not given, is an
// error, never a hole. What the program says and what the catalogue has is compared by
// the tests of this package, which read the source and the templates of the whole
// module: each key, with exactly the values that it takes.
//
// To add a refusal: give it a key and Args where it is decided, and its what and next in
// the two files of its subject. To add a fact, its command and its page: their words in
// the same two files.
package words
