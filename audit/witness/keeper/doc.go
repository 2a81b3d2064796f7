// Package keeper keeps what a witness must not lose on its machine: its key, and what it
// has cosigned and refused (witness.Store, in a SQLite file of its own).
package keeper
