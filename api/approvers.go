package api

import (
	"context"
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-custody/tandem/custody"
)

// Approving says who can approve what others propose, in general.
type Approving struct {
	Levels []LevelOf      `json:"levels" doc:"Those that the policy in force has; where one yes is enough, manager stands for both"`
	Few    []FewerThanTwo `json:"few" doc:"Where fewer than two could"`
}

// LevelOf is who could approve at a level.
type LevelOf struct {
	Level custody.Role `json:"level"`
	Able  []string     `json:"able" doc:"Usernames: they have the role and an authenticator in use"`
}

// FewerThanTwo is a level at which one person's illness stops everything, or nobody could
// approve at all.
type FewerThanTwo struct {
	Level      custody.Role `json:"level"`
	Able       []string     `json:"able" doc:"Who still could"`
	Credential string       `json:"credential,omitzero" doc:"Of which that is so, because others who could approve are its custodians; absent: of anything"`
}

func viewShortage(s custody.Shortage) FewerThanTwo {
	return FewerThanTwo{s.Level, append([]string{}, s.Able...), s.Credential}
}

func (s *Server) approving(context.Context, *nothing) (Approving, error) {
	now := s.Desk.Approving()
	v := Approving{Levels: []LevelOf{}, Few: each(now.Few, viewShortage)}
	for _, level := range []custody.Role{custody.Manager, custody.Director} {
		if able, has := now.Able[level]; has {
			v.Levels = append(v.Levels, LevelOf{level, append([]string{}, able...)})
		}
	}
	return v, nil
}

// fewApprovers are the warnings of a readiness: those of no credential in particular.
func (s *Server) fewApprovers() (warnings []string) {
	for _, f := range s.Desk.Approving().Few {
		if f.Credential == "" {
			who := "nobody"
			if len(f.Able) > 0 {
				who = "only " + strings.Join(f.Able, ", ")
			}
			warnings = append(warnings, fmt.Sprintf("few_approvers: as %s %s can approve", f.Level, who))
		}
	}
	return warnings
}

// approverCounts are the metrics of who can approve.
type approverCounts struct{ of Desk }

var (
	ableDesc = prometheus.NewDesc("tandem_approvers", "People who could approve at a level that the policy has; fewer than two is a warning.", []string{"level"}, nil)
	fewDesc  = prometheus.NewDesc("tandem_credentials_short_of_approvers", "Credentials of which fewer than two could approve a change at some level, as others are their custodians.", nil, nil)
)

// Describe implements prometheus.Collector.
func (approverCounts) Describe(to chan<- *prometheus.Desc) { to <- ableDesc; to <- fewDesc }

// Collect implements prometheus.Collector.
func (c approverCounts) Collect(to chan<- prometheus.Metric) {
	now := c.of.Approving()
	for level, able := range now.Able {
		to <- prometheus.MustNewConstMetric(ableDesc, prometheus.GaugeValue, float64(len(able)), string(level))
	}
	names := map[string]bool{}
	for _, f := range now.Few {
		if f.Credential != "" {
			names[f.Credential] = true
		}
	}
	to <- prometheus.MustNewConstMetric(fewDesc, prometheus.GaugeValue, float64(len(names)))
}
