// Package mysql changes the password of an account of a MariaDB or MySQL
// server, by a second account that may do that or by the account itself.
//
// It knows the log-in of these servers, the hashes that MariaDB stores, and
// what the servers' error numbers say for certain. It knows nothing of custody,
// of when to rotate, nor of where secrets are kept.
//
// A credential's target has the kind "mysql", the address host:port, the user
// name as the account, those settings of package endpoint, and these:
//
//	host   the host part of the account 'user'@'host'. Default: %. An account
//	       of these servers is both; another with the same user name is
//	       another account, with a password of its own.
//	admin  the user that changes the password, by the password at the key of
//	       the credential; another than the account. Without it the account
//	       changes its own with the one that it has, and what is lost then
//	       cannot be reconciled.
//
// With an admin it is always the admin that changes it: then it does not matter
// which of several values the account has at that moment.
//
// # What the server is told
//
// MariaDB writes a statement as it came into its general, slow and binary logs
// and into that of its plug-in sql_errlog; an ALTER USER … IDENTIFIED BY
// 'password' is in all four in clear. So MariaDB gets no password but the hash that it would have
// computed of it, by
//
//	SET PASSWORD FOR 'user'@'host' = /*M! 'hash' */
//
// for mysql_native_password, or for ed25519 if it says that the account has
// none of the other: it checks the form of a hash by the account's plug-in. To
// MySQL, where what stands there would be a password in clear, that comment is
// a comment, and the statement wrong: it cannot take a hash for a password.
//
// For MySQL's caching_sha2_password there is no library that computes the hash.
// MySQL gets ALTER USER … IDENTIFIED BY 'password', over TLS, and masks it in
// its own logs (MySQL 8.4 Reference Manual, 8.1.2.3). That was not tried on a
// real MySQL, only the statement and its quoting on MariaDB.
//
// No text that the server sends is put into an error or a log, and the driver
// logs nothing.
package mysql
