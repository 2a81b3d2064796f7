// Package embedded keeps the secrets of one machine in one encrypted file. It
// implements desk.Secrets where there is no Vault.
//
// It knows files, keys and versions. It does not know what a secret is for, and
// nothing of credentials, people or rotations.
//
// # The file
//
// One line of JSON, then one line with its seal:
//
//	{"format":"tandem-secrets-1",
//	 "kdf":     {"name":"argon2id","salt":…,"time":3,"memory_kib":65536,"threads":4},
//	 "keyset":  a Tink keyset (AES-256-GCM), encrypted by the key that kdf gives,
//	 "signing": the seed of the ledger's Ed25519 key (RFC 8032), encrypted by the keyset,
//	 "secrets": {path: {"current":7, "labels":{…}, "versions":[oldest … newest, each encrypted]}}}
//	AES-256-GCM tag over the line above, by the keyset, in base64
//
// Paths, version numbers and labels are readable. Each value is bound to its
// path and version, so that none can be put in another's place, and the seal
// covers everything: what was altered, cut off or damaged does not open. A copy
// of the whole file made earlier does open; it is the ledger that notices.
//
// # What it withstands
//
// Each change writes a new file beside the old, syncs it, renames it over the
// old and syncs the folder: a crash at any point leaves one or the other whole.
// PATH.lock is held while the store is open, so that no two processes write;
// the system lets go of it however the process ends. This takes a Unix system.
//
// In memory values stay encrypted and are decrypted for one call at a time. The
// keys that decrypt them are in memory: root on this machine can read
// everything, which a Vault elsewhere would not allow.
//
// The newest 10 versions of a secret are kept, as by Vault's default. Every
// change writes the whole file, which suits some hundreds of credentials.
package embedded
