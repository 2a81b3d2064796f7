package store

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/custody/desk"
)

// arrivalRow is a row of arrivals.
type arrivalRow struct {
	Request string
	At      string
}

func (arrivalRow) TableName() string { return "arrivals" }

// BeginArrival, Arrivals and EndArrival are as desk.Store has them.
func (s *Store) BeginArrival(ctx context.Context, request string, at time.Time) error {
	return s.write(ctx, "begin an arrival", "INSERT INTO arrivals (request, at) VALUES (?, ?)", request, formatInstant(at))
}

// Arrivals gives those that were begun and not ended, the oldest first.
func (s *Store) Arrivals(ctx context.Context) ([]desk.Arrival, error) {
	var rows []arrivalRow
	if err := s.reader.WithContext(ctx).Order("at, request").Find(&rows).Error; err != nil {
		return nil, unavailable("read the arrivals", err)
	}
	arrivals := make([]desk.Arrival, len(rows))
	for i, r := range rows {
		at, err := parseInstant(r.At)
		if err != nil {
			return nil, err
		}
		arrivals[i] = desk.Arrival{Request: r.Request, At: at}
	}
	return arrivals, nil
}

// EndArrival forgets one; no error when there is none.
func (s *Store) EndArrival(ctx context.Context, request string) error {
	return s.write(ctx, "end an arrival", "DELETE FROM arrivals WHERE request = ?", request)
}
