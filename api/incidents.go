package api

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Incident is what has to be looked at (clause 4.5).
type Incident struct {
	ID          string                 `json:"id"`
	Status      custody.IncidentStatus `json:"status" enum:"open,acknowledged,assessed,closed"`
	Grade       custody.Grade          `json:"grade" enum:"ordinary,serious,special" doc:"As it stands: as it was assessed, and until then as it came"`
	CameAs      custody.Grade          `json:"came_as" enum:"ordinary,serious,special" doc:"Of the entries, which keep it"`
	Type        string                 `json:"type" doc:"Of the entry that raised it"`
	Subject     string                 `json:"subject" doc:"What that is about"`
	People      []string               `json:"people" doc:"Whom it is about, and who did it: none of them assesses it"`
	Credentials []string               `json:"credentials"`
	Count       int64                  `json:"count" doc:"Entries of the ledger that it has"`
	First       int64                  `json:"first_entry"`
	Last        int64                  `json:"last_entry"`
	OpenedAt    time.Time              `json:"opened_at"`
	LastAt      time.Time              `json:"last_at"`

	Reporter string `json:"reporter,omitzero"`
	Report   string `json:"report,omitzero" doc:"What they saw"`

	Unanswered     bool      `json:"unanswered,omitzero" doc:"It is special, and nobody acknowledged it for a day"`
	AcknowledgedBy string    `json:"acknowledged_by,omitzero"`
	AcknowledgedAt time.Time `json:"acknowledged_at,omitzero"`
	AssessedBy     string    `json:"assessed_by,omitzero"`
	AssessedAt     time.Time `json:"assessed_at,omitzero"`
	Assessment     string    `json:"assessment,omitzero"`
	ClosedBy       string    `json:"closed_by,omitzero"`
	ClosedAt       time.Time `json:"closed_at,omitzero"`
	Closing        string    `json:"closing,omitzero"`
	Alone          bool      `json:"alone,omitzero" doc:"Decided by somebody whom it is about: nobody else was left"`

	Can []string `json:"can,omitempty" doc:"Who can acknowledge, assess and close it; not in lists"`
}

// ReportIncident is what somebody saw.
type ReportIncident struct {
	Credential string        `json:"credential,omitzero" maxLength:"63" doc:"That it is about"`
	Person     string        `json:"person,omitzero" maxLength:"63" doc:"Or whom"`
	Text       string        `json:"text" doc:"What you saw"`
	Grade      custody.Grade `json:"grade" enum:"ordinary,serious,special" doc:"How serious it looks to you"`
	TOTP       Secret        `json:"totp,omitzero" maxLength:"64"`
}

// AssessIncident says how serious an incident is.
type AssessIncident struct {
	Grade custody.Grade `json:"grade" enum:"ordinary,serious,special"`
	Text  string        `json:"text" doc:"Why"`
	TOTP  Secret        `json:"totp,omitzero" maxLength:"64"`
}

// CloseIncident says that nothing is left to do about an incident.
type CloseIncident struct {
	Text string `json:"text" doc:"What was done"`
	TOTP Secret `json:"totp,omitzero" maxLength:"64"`
}

// IncidentCounts are the incidents that are not closed.
type IncidentCounts struct {
	Open  int                   `json:"open"`
	Grade map[custody.Grade]int `json:"grade" doc:"By the grade at which they stand"`
	Waits int                   `json:"unacknowledged"`
}

// Unclosed stands, where a list of incidents is asked for, for any status but closed.
const Unclosed = "unclosed"

type (
	incidentFilter struct {
		Status     string `query:"status" enum:"open,acknowledged,assessed,closed,unclosed" doc:"unclosed: any but closed"`
		Grade      string `query:"grade" enum:"ordinary,serious,special" doc:"As they stand"`
		Credential string `query:"credential" maxLength:"63" doc:"That they are about"`
		Person     string `query:"person" maxLength:"63" doc:"Whom they are about"`
		Before     string `query:"before" maxLength:"63" pattern:"^[a-z0-9._-]+$" doc:"Only older ones than this id"`
		Limit      int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	}
	ofIncident struct {
		ID string `path:"id" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
	}
	incidentWith[B any] struct {
		ID   string `path:"id" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
		Body B
	}
)

func (s *Server) listIncidents(ctx context.Context, in *incidentFilter) ([]Incident, error) {
	q := desk.IncidentQuery{Grade: custody.Grade(in.Grade), Credential: in.Credential, Person: in.Person, Before: in.Before, Limit: in.Limit}
	if q.Open = in.Status == Unclosed; !q.Open {
		q.Status = custody.IncidentStatus(in.Status)
	}
	found, err := s.known(ctx).Incidents(ctx, q)
	return each(found, func(i custody.Incident) Incident { return viewIncident(i, nil) }), err
}

func (s *Server) getIncident(ctx context.Context, in *ofIncident) (Incident, error) {
	return s.incident(ctx, in.ID)
}

func (s *Server) incident(ctx context.Context, id string) (Incident, error) {
	i, err := s.known(ctx).Incident(ctx, id)
	if err != nil {
		return Incident{}, err
	}
	can, err := s.Desk.Assessors(ctx, id)
	return viewIncident(i, can), err
}

func (s *Server) reportIncident(ctx context.Context, in *bodyOnly[ReportIncident]) (Incident, error) {
	action := custody.ReportIncident{Credential: in.Body.Credential, Person: in.Body.Person, Text: desk.NewNote(in.Body.Text), Grade: in.Body.Grade}
	outcome, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action)
	if err != nil {
		return Incident{}, err
	}
	return s.incident(ctx, outcome.Events[0].Fact.Subject())
}

// acknowledgeIncident takes a request without a body as one without a code.
func (s *Server) acknowledgeIncident(ctx context.Context, in *incidentWith[*Confirmation]) (Incident, error) {
	var code Secret
	if in.Body != nil {
		code = in.Body.TOTP
	}
	return s.decideIncident(ctx, custody.AcknowledgeIncident{Incident: in.ID}, code)
}

func (s *Server) assessIncident(ctx context.Context, in *incidentWith[AssessIncident]) (Incident, error) {
	return s.decideIncident(ctx, custody.AssessIncident{Incident: in.ID, Grade: in.Body.Grade, Text: desk.NewNote(in.Body.Text)}, in.Body.TOTP)
}

func (s *Server) closeIncident(ctx context.Context, in *incidentWith[CloseIncident]) (Incident, error) {
	return s.decideIncident(ctx, custody.CloseIncident{Incident: in.ID, Text: desk.NewNote(in.Body.Text)}, in.Body.TOTP)
}

// decideIncident carries out a command about an incident and shows what became of it.
func (s *Server) decideIncident(ctx context.Context, action custody.Action, code Secret) (Incident, error) {
	if _, err := s.Desk.Do(ctx, by(ctx, action, code), action); err != nil {
		return Incident{}, err
	}
	return s.incident(ctx, action.Subject())
}

func viewIncident(i custody.Incident, can []string) Incident {
	return Incident{
		ID: i.ID, Status: i.Status, Grade: i.Stands(), CameAs: i.Grade, Type: i.Type, Subject: i.Subject,
		People: append([]string{}, i.People...), Credentials: append([]string{}, i.Credentials...),
		Count: i.Count, First: i.First, Last: i.Last, OpenedAt: i.OpenedAt, LastAt: i.LastAt,
		Reporter: i.Reporter, Report: i.Report.String(), Unanswered: i.Unanswered,
		AcknowledgedBy: i.AcknowledgedBy, AcknowledgedAt: i.AcknowledgedAt,
		AssessedBy: i.AssessedBy, AssessedAt: i.AssessedAt, Assessment: i.Assessment.String(),
		ClosedBy: i.ClosedBy, ClosedAt: i.ClosedAt, Closing: i.Closing.String(), Alone: i.Alone, Can: can,
	}
}

// incidentCounts are the counts for whoever sees that there are any: nil for others.
func (s *Server) incidentCounts(viewer custody.Person) *IncidentCounts {
	if !viewer.SeesEverything() && !viewer.Is(custody.Admin) {
		return nil
	}
	now := s.Desk.OpenIncidents()
	return &IncidentCounts{Open: now.All(), Grade: now.Grade, Waits: now.Waits}
}

// incidentMetrics are the metrics of what is to be looked at. What nobody has looked at is
// no reason not to be ready.
type incidentMetrics struct{ of Desk }

var (
	openIncidentsDesc   = prometheus.NewDesc("tandem_incidents_open", "Incidents that are not closed, by the grade at which they stand.", []string{"grade"}, nil)
	incidentWaitingDesc = prometheus.NewDesc("tandem_incidents_oldest_unacknowledged_seconds", "For how long the oldest incident that nobody acknowledged has waited; 0 where there is none.", nil, nil)
)

// Describe implements prometheus.Collector.
func (incidentMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- openIncidentsDesc
	to <- incidentWaitingDesc
}

// Collect implements prometheus.Collector.
func (c incidentMetrics) Collect(to chan<- prometheus.Metric) {
	now := c.of.OpenIncidents()
	for grade, n := range now.Grade {
		to <- prometheus.MustNewConstMetric(openIncidentsDesc, prometheus.GaugeValue, float64(n), string(grade))
	}
	age := 0.0
	if !now.Waiting.IsZero() {
		age = max(0, c.of.Time().Sub(now.Waiting).Seconds())
	}
	to <- prometheus.MustNewConstMetric(incidentWaitingDesc, prometheus.GaugeValue, age)
}

// IncidentsAtOnce gives, for a start page, the newest few that are not closed, those that
// are special first.
func IncidentsAtOnce(ctx context.Context, q Queries, most int) ([]custody.Incident, error) {
	special, err := q.Incidents(ctx, desk.IncidentQuery{Open: true, Grade: custody.Special, Limit: most})
	if err != nil || len(special) >= most {
		return special, err
	}
	newest, err := q.Incidents(ctx, desk.IncidentQuery{Open: true, Limit: most})
	for _, i := range newest {
		if len(special) < most && i.Stands() != custody.Special {
			special = append(special, i)
		}
	}
	return special, err
}
