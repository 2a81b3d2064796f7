package config

import (
	"net/url"
	"strings"
)

const sqlitePrefix = "sqlite:"

// SQLitePath is the path in database; "" where that is a server.
func (c Config) SQLitePath() string {
	if c.OnServer() {
		return ""
	}
	return strings.TrimPrefix(c.Database, sqlitePrefix)
}

// OnServer says whether the database is on a PostgreSQL server, and no file.
func (c Config) OnServer() bool { return onServer(c.Database) }

func onServer(database string) bool {
	return strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://")
}

// DatabaseAddress is the address that package store takes: with the name of the file
// that has the password, and never with a password.
func (c Config) DatabaseAddress() string { return WithPasswordFile(c.Database, c.DatabasePasswordFile) }

// WithPasswordFile gives the address of a server the file that has its password, if it
// names none itself. It leaves the address of a file as it is.
func WithPasswordFile(database, file string) string {
	if file == "" || !onServer(database) || strings.Contains(database, "password_file=") {
		return database
	}
	and := "?"
	if strings.Contains(database, "?") {
		and = "&"
	}
	return database + and + "password_file=" + url.PathEscape(file)
}

func (v *validation) database(c Config) {
	switch {
	case c.OnServer():
		v.serverAddress(c.Database)
	case !strings.HasPrefix(c.Database, sqlitePrefix), c.Database == sqlitePrefix:
		v.add("database", "must be sqlite:PATH, or postgres://USER@HOST/NAME")
	case strings.ContainsAny(c.Database, "?#"):
		v.add("database", "must be a plain path behind sqlite:, without ? and #")
	}
	if c.DatabasePasswordFile != "" && !c.OnServer() {
		v.add("database_password_file", "is for a PostgreSQL server: a file has no password")
	}
}

// serverAddress looks at the address of a PostgreSQL server.
func (v *validation) serverAddress(database string) {
	u, err := url.Parse(database)
	if err != nil {
		v.add("database", "must be written as postgres://USER@HOST/NAME")
		return
	}
	options := u.Query()
	if _, has := u.User.Password(); has || options.Has("password") {
		v.add("database", "has a password in it, where anybody may read it: write it into a file and name that in database_password_file")
	}
	if u.User.Username() == "" && !options.Has("user") {
		v.add("database", "names no user: postgres://USER@HOST/NAME")
	}
	if strings.Trim(u.Path, "/") == "" && !options.Has("dbname") {
		v.add("database", "names no database: postgres://USER@HOST/NAME")
	}
	hosts := []string{u.Hostname()}
	if options.Has("host") {
		hosts = strings.Split(options.Get("host"), ",")
	}
	for _, host := range hosts {
		if host != "" && !strings.HasPrefix(host, "/") && !Loopback(host) && options.Get("sslmode") != "verify-full" {
			v.add("database", "would send what the database holds to whoever answers: add ?sslmode=verify-full, and sslrootcert=FILE for a certificate of your own")
			return
		}
	}
}

// databaseFiles looks at the files of the database, on this machine.
func (v *validation) databaseFiles(c Config) {
	if !c.OnServer() {
		v.toBeMade("database", c.SQLitePath())
		return
	}
	v.secretFile("database_password_file", c.DatabasePasswordFile)
	u, err := url.Parse(c.Database)
	if err != nil {
		return // Validate has said so
	}
	v.authorities("database", u.Query().Get("sslrootcert"))
	v.secretFile("database", u.Query().Get("password_file"))
}
