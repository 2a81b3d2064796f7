package client

import (
	"context"
	"net/url"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Incidents gives a page of them, the newest first. Incident gives one.
func (c *Client) Incidents(ctx context.Context, q desk.IncidentQuery) ([]api.Incident, error) {
	v := url.Values{}
	setString(v, "status", string(q.Status))
	if q.Open {
		v.Set("status", api.Unclosed)
	}
	setString(v, "grade", string(q.Grade))
	setString(v, "credential", q.Credential)
	setString(v, "person", q.Person)
	setString(v, "before", q.Before)
	setInt(v, "limit", int64(q.Limit))
	return call[[]api.Incident](ctx, c, "GET", nil, v, "incidents")
}

func (c *Client) Incident(ctx context.Context, id string) (api.Incident, error) {
	return call[api.Incident](ctx, c, "GET", nil, nil, "incidents", id)
}

// ReportIncident says what somebody saw. The assessment group acknowledges it
// (AcknowledgeIncident, which takes no code), assesses it and closes it.
func (c *Client) ReportIncident(ctx context.Context, in api.ReportIncident) (api.Incident, error) {
	return call[api.Incident](ctx, c, "POST", in, nil, "incidents")
}

func (c *Client) AcknowledgeIncident(ctx context.Context, id string) (api.Incident, error) {
	return call[api.Incident](ctx, c, "POST", nil, nil, "incidents", id, "ack")
}

func (c *Client) AssessIncident(ctx context.Context, id string, in api.AssessIncident) (api.Incident, error) {
	return call[api.Incident](ctx, c, "POST", in, nil, "incidents", id, "assess")
}

func (c *Client) CloseIncident(ctx context.Context, id string, in api.CloseIncident) (api.Incident, error) {
	return call[api.Incident](ctx, c, "POST", in, nil, "incidents", id, "close")
}
