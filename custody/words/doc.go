// Package words is the catalogue of everything that Tandem says to people, in every
// language that it speaks: why something was refused, what a fact is called, the
// pages, the mails, the paper. It is the only place with sentences; the rules give
// keys and named values (custody.Refusal), and the sentence is made where it is read.
//
// The catalogue is in the files NAME.LANGUAGE.toml. A sentence takes its values as
// {{.name}} (text/template, golang.org/x/text plural forms by go-i18n). A key that a
// language does not have, or a value that a sentence needs and was not given, is an
// error, never a hole. What the rules and the catalogue know of each other is
// compared by the tests of this package, which read the source of the whole module.
//
// To add a refusal: give it a key and Args where it is decided, and its what and
// next under [refusal.KEY] in refusals.en.toml and refusals.zh.toml; one about a
// field of a request has only its reason, under [invalid]. To add a fact: its name
// under [fact], in facts.en.toml and facts.zh.toml.
package words
