package api

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// Witnesses knows what the witnesses of the ledger have said.
type Witnesses interface {
	Witnessing() Witnessing

	// Witnessed gives the greatest checkpoint that enough witnesses have
	// cosigned, with their cosignatures in its text.
	Witnessed() (c audit.Checkpoint, found bool)
}

// Witnessing is how far the ledger is witnessed, and where its checkpoints went.
type Witnessing struct {
	Head       int64      `json:"head" doc:"Entries of the newest checkpoint that was sent out; 0: none was"`
	Witnessed  int64      `json:"witnessed" doc:"Entries of the greatest checkpoint that enough witnesses have cosigned; 0: there is none"`
	By         []string   `json:"by" doc:"The witnesses that have cosigned that one"`
	Need       int        `json:"need" doc:"So many cosignatures are enough; 0: any one"`
	Cosigning  int        `json:"cosigning" doc:"How many of the witnesses cosign now"`
	Witnesses  []Witness  `json:"witnesses"`
	Deliveries []Delivery `json:"deliveries"`
	Alerts     []string   `json:"alerts" doc:"What somebody should look at; custody goes on in spite of it"`
}

// Witness is what is known about one witness.
type Witness struct {
	Name     string    `json:"name"`
	State    string    `json:"state" enum:"waiting,cosigning,slow,lost,refusing,conflict" doc:"conflict: it has cosigned another history than the ledger has, a special event"`
	Since    time.Time `json:"since,omitzero"`
	Size     int64     `json:"size" doc:"Entries of the checkpoint that it cosigned last"`
	Cosigned time.Time `json:"cosigned,omitzero" doc:"When it did, by its own clock"`
	Reason   string    `json:"reason,omitzero" doc:"Of its state"`
}

// Delivery is what became of the last delivery to one place.
type Delivery struct {
	To      string    `json:"to"`
	Size    int64     `json:"size" doc:"Entries of the checkpoint that arrived last"`
	At      time.Time `json:"at,omitzero" doc:"When it did"`
	Failure string    `json:"failure,omitzero" doc:"Of the last try, if it failed"`
}

func (s *Server) witnessing(context.Context, *nothing) (Witnessing, error) {
	if s.Witnesses == nil {
		return Witnessing{By: []string{}, Witnesses: []Witness{}, Deliveries: []Delivery{}, Alerts: []string{}}, nil
	}
	return s.Witnesses.Witnessing(), nil
}

type checkpointOf struct {
	Witnessed bool `query:"witnessed" doc:"The newest that enough witnesses have cosigned, with their cosignatures, instead of the newest"`
}

func (s *Server) checkpoint(ctx context.Context, in *checkpointOf) ([]byte, error) {
	if !in.Witnessed {
		head, err := s.Desk.Checkpoint(ctx)
		return head.Text, err
	}
	if s.Witnesses != nil {
		if c, found := s.Witnesses.Witnessed(); found {
			return c.Text, nil
		}
	}
	return nil, errNotWitnessed
}

var errNotWitnessed = &custody.Refusal{Code: custody.NotFound, Key: "not_witnessed"}
