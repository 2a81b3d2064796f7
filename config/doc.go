// Package config knows what an installation can be told: the keys, their
// defaults, and what is wrong with a value. It is a leaf: it must not know what
// the rest of Tandem does with them, and only cmd/tandem imports it.
//
// The sources, each over the one before: the defaults, one YAML file, the
// environment, flags. The key vault.auth.role_id is the member role_id of auth
// of vault in the file, and TANDEM_VAULT_AUTH_ROLE_ID in the environment. A list,
// such as ledger.witnesses, can only stand in the file.
//
// No value is a secret. What is secret stands in a file of its own, and the key
// ends in _file: so a configuration can be printed, mailed and committed.
package config
