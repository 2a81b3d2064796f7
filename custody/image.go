package custody

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Image is a whole state, taken at one moment: what State has that does not follow
// from the rest. It shares nothing that a later event changes.
type Image struct {
	Size      int64
	Time      time.Time
	Handovers int64
	Leases    int64
	Proposals int64
	Incidents int64
	Policy    PolicyInForce
	SealKeys  []SealKey

	Configuration Configuration
	Envelopes     Envelopes

	Sessions map[string][]Session // open log-ins, by username

	People        []Person // by username
	Credentials   []Credential
	OpenHandovers []Handover
	OpenProposals []Proposal
	OpenIncidents []Incident
}

// Image takes one of a root.
func (s *State) Image() Image {
	i := Image{Size: s.Size, Time: s.Time, Handovers: s.Handovers, Leases: s.Leases, Proposals: s.Proposals, Incidents: s.Incidents, Policy: s.Policy(), SealKeys: s.SealKeys(), Configuration: s.Configuration(), Envelopes: s.Envelopes(), Sessions: maps.Clone(s.sessions)}
	i.People, i.Credentials, i.OpenHandovers = s.Changes()
	i.OpenProposals = s.ProposalsChanged()
	i.OpenIncidents = s.IncidentsChanged()
	return i
}

// Digest gives the SHA-256 of the image in a form that two programs of one
// revision write alike. Another revision may write it in another form.
func (i Image) Digest() ([sha256.Size]byte, error) {
	text, err := json.Marshal(i, json.Deterministic(true), json.WithMarshalers(
		// Any instant, also one that no calendar of JSON's has, in any zone alike.
		json.MarshalToFunc(func(to *jsontext.Encoder, t time.Time) error {
			return to.WriteToken(jsontext.String(fmt.Sprint(t.Unix(), t.Nanosecond())))
		})))
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("custody: image of the state: %w", err)
	}
	return sha256.Sum256(text), nil
}
