// Package vault keeps secrets in HashiCorp Vault (tested with 1.21). It implements
// desk.Secrets: values in a KV v2 engine, the ledger's key in Transit, passwords
// from Vault's password policies. It also prepares a Vault for Tandem
// (Setup), states what rights that takes (PolicyHCL) and says what is missing (Check).
//
// It knows Vault's API, its tokens and their ends. It does not know what a
// secret is for, and nothing of credentials, people or rotations.
//
// # Log-in
//
// One goroutine logs in, renews the token, and logs in again whenever that ends,
// for whatever reason; Vault may be sealed or down at any time, the start
// included. Meanwhile calls fail with desk.ErrSecretsUnavailable and the cause. A call that finds its token refused waits for one new log-in.
//
// # Requests
//
// Reads are retried twice, briefly. Writes are never: Vault may have done what
// it did not answer. Each write says which version it replaces (check-and-set),
// and Setup makes the engine insist on that.
//
// Nothing here puts a value, a token or a secret_id into an error or a log, and
// what a proxy between says in its own words is left out too.
package vault
