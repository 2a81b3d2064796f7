package store

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gorm.io/gorm/logger"
)

// slow is when a statement is worth a line in the log.
const slow = time.Second

// statementLog logs statements that failed or were slow. One that ended because
// whoever asked has gone, a browser that left its page, is no failure: that is for
// debugging.
type statementLog struct {
	logger.Interface
	log *slog.Logger
}

func newStatementLog(log *slog.Logger) statementLog {
	return statementLog{log: log, Interface: logger.NewSlogLogger(log, logger.Config{
		LogLevel: logger.Warn, SlowThreshold: slow, IgnoreRecordNotFoundError: true,
	})}
}

// LogMode keeps what is particular to this log.
func (l statementLog) LogMode(level logger.LogLevel) logger.Interface {
	l.Interface = l.Interface.LogMode(level)
	return l
}

// Trace logs one statement.
func (l statementLog) Trace(ctx context.Context, begin time.Time, statement func() (string, int64), err error) {
	// SQLite says "interrupted", or the context's error, as it comes.
	if err != nil && (errors.Is(err, context.Canceled) || errors.Is(ctx.Err(), context.Canceled)) {
		sql, _ := statement()
		l.log.DebugContext(ctx, "nobody waits for a statement any more", "sql", sql, "error", err)
		return
	}
	l.Interface.Trace(ctx, begin, statement, err)
}
