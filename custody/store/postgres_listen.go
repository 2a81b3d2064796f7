package store

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// channel is what PostgreSQL is listened to and told by. What is said on it is nothing:
// whoever hears it looks for himself.
const channel = "tandem_ledger"

// hearing is how long a connection that listens may be silent before it is asked whether
// it is still there.
const hearing = 30 * time.Second

func postgresAnnounce(db *gorm.DB) error {
	return execute(db, "say that there is more", "SELECT pg_notify('"+channel+"', '')")
}

func postgresTime(db *gorm.DB) (now time.Time, err error) {
	row := db.Statement.ConnPool.QueryRowContext(db.Statement.Context, "SELECT clock_timestamp()")
	return now, row.Scan(&now)
}

// postgresListen listens over a connection of its own. A pooler that gives each
// transaction another connection takes LISTEN and says nothing afterwards: that is no
// error, and nobody relies on it.
func postgresListen(ctx context.Context, at string, heard func()) error {
	config, passwordFile, err := parsePostgres(at)
	if err != nil {
		return err
	}
	if err := withPassword(config, passwordFile); err != nil {
		return err
	}
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = c.Close(ctx)
	}()
	if _, err := c.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	for {
		waiting, cancel := context.WithTimeout(ctx, hearing)
		_, err := c.WaitForNotification(waiting)
		cancel()
		switch {
		case err == nil:
			heard()
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, context.DeadlineExceeded):
			return err
		default:
			asking, cancel := context.WithTimeout(ctx, hearing)
			err := c.Ping(asking)
			cancel()
			if err != nil {
				return err
			}
		}
	}
}

// withPassword reads the password of a connection from its file, if there is one.
func withPassword(c *pgx.ConnConfig, file string) error {
	if file == "" {
		return nil
	}
	password, err := os.ReadFile(file)
	c.Password = strings.TrimSuffix(strings.TrimSuffix(string(password), "\n"), "\r")
	return err
}
