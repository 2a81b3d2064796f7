// Package demo is the office that a demo plays in: its people and what they log in
// with, the folder that keeps it, and a real SSH server whose passwords are in
// custody.
//
// It knows the desk and not the program: what starts a whole Tandem beside that
// server is the composition root's, and what goes through the policy step by step
// is a client of the API (package api/play).
package demo
