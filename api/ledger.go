package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2/negotiation"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/words"
)

// Entry is one entry of the ledger.
type Entry struct {
	Index   int64           `json:"index"`
	V       int             `json:"v"`
	Time    time.Time       `json:"time"`
	Clock   string          `json:"clock,omitzero"`
	Type    string          `json:"type"`
	Grade   string          `json:"grade"`
	Actor   string          `json:"actor"`
	Subject string          `json:"subject"`
	Command json.RawMessage `json:"command,omitzero" doc:"What was asked for, in the first entry of a command: verb, args, what of the code was looked at"`
	Data    json.RawMessage `json:"data"`
	Confirm *audit.Confirm  `json:"confirm,omitzero" doc:"Who confirmed it and with which TOTP step"`
	Request string          `json:"request,omitzero"`

	Texts map[string]custody.Words `json:"texts,omitempty" doc:"What people wrote, by what the entry has in its place: base64url of SHA-256(salt, text). One that was taken out is not here."`
}

// Event gives what the entry says, with the texts that match what it commits to.
func (e Entry) Event() (custody.Event, error) {
	record, err := e.Record()
	if err != nil {
		return custody.Event{}, err
	}
	event, err := custody.ReadRecord(record)
	return event.Filled(e.Texts), err
}

// Record gives the canonical bytes that the ledger's tree commits to, so that a
// proof can be checked with nothing but what the API gave.
func (e Entry) Record() ([]byte, error) {
	return audit.Entry{
		V: e.V, Time: e.Time, Clock: e.Clock, Type: e.Type, Grade: e.Grade, Actor: e.Actor,
		Subject: e.Subject, Command: []byte(e.Command), Data: []byte(e.Data), Confirm: e.Confirm, Request: e.Request,
	}.Encode()
}

// Redact takes the texts out of an entry.
type Redact struct {
	Reason string `json:"reason"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

// Redacted is what was taken out.
type Redacted struct {
	Index int64    `json:"index" doc:"Of the entry that says so"`
	Texts int      `json:"texts" doc:"How many were taken out"`
	Next  Sentence `json:"next" doc:"What still has them"`
}

// Sentence is one in both languages.
type Sentence struct {
	En string `json:"en"`
	Zh string `json:"zh"`
}

// EntryProof proves that an entry is in the ledger that the checkpoint states
// (RFC 6962, section 2.1.1). Hashes are base64.
type EntryProof struct {
	Index      int64    `json:"index"`
	Size       int64    `json:"size"`
	Root       string   `json:"root"`
	Hashes     []string `json:"hashes"`
	Checkpoint string   `json:"checkpoint" doc:"Signed note (C2SP tlog-checkpoint)"`
}

type entryPage struct {
	Name   string `path:"name" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
	From   int64  `query:"from" minimum:"0" doc:"First index to look at"`
	Newest bool   `query:"newest" doc:"The newest first; the next page is before the index of the last one"`
	Before int64  `query:"before" minimum:"1" doc:"Only indexes below this one"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"A page that holds as many may not be the last"`
}

func (s *Server) history(ctx context.Context, in *entryPage) ([]Entry, error) {
	if _, err := s.known(ctx).Credential(ctx, in.Name); err != nil {
		return nil, err
	}
	return s.entries(ctx, desk.EntryQuery{From: in.From, Newest: in.Newest, Before: in.Before, Limit: in.Limit, Credential: in.Name})
}

type entryFilter struct {
	From       int64  `query:"from" minimum:"0" doc:"First index to look at"`
	Newest     bool   `query:"newest" doc:"The newest first; the next page is before the index of the last one"`
	Before     int64  `query:"before" minimum:"1" doc:"Only indexes below this one"`
	Limit      int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"A page that holds as many may not be the last"`
	Actor      string `query:"actor" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
	Subject    string `query:"subject" maxLength:"63" pattern:"^[a-z0-9._-]+$" doc:"The person, credential or handover it is about"`
	Credential string `query:"credential" maxLength:"63" pattern:"^[a-z0-9._-]+$" doc:"Also entries of handovers with it"`
	Type       string `query:"type" maxLength:"63" pattern:"^[a-z._]+$" doc:"Such as handover.accepted"`
	Whole      bool   `query:"whole" doc:"Refuse rather than leave out what is not for whoever asks: for who verifies the ledger"`
}

func (s *Server) listEntries(ctx context.Context, in *entryFilter) ([]Entry, error) {
	if in.Whole {
		if err := WholeLedger(edge.Of(ctx).Person); err != nil {
			return nil, err
		}
	}
	return s.entries(ctx, desk.EntryQuery{
		From: in.From, Newest: in.Newest, Before: in.Before, Limit: in.Limit,
		Actor: in.Actor, Subject: in.Subject, Credential: in.Credential, Type: in.Type,
	})
}

func (s *Server) entries(ctx context.Context, q desk.EntryQuery) ([]Entry, error) {
	stored, err := s.known(ctx).Entries(ctx, q)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(stored))
	for i := range stored {
		if entries[i], err = viewEntry(stored[i]); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

func (s *Server) getEntry(ctx context.Context, in *ofEntry) (Entry, error) {
	stored, err := s.known(ctx).Entry(ctx, in.Index)
	if err != nil {
		return Entry{}, err
	}
	return viewEntry(stored)
}

type redaction struct {
	Index int64 `path:"index" minimum:"0"`
	Body  Redact
}

// redactEntry takes out what this entry shows, wherever else it stands.
func (s *Server) redactEntry(ctx context.Context, in *redaction) (Redacted, error) {
	stored, err := s.known(ctx).Entry(ctx, in.Index)
	if err != nil {
		return Redacted{}, err
	}
	action, err := stored.Redaction(in.Body.Reason)
	if err != nil {
		return Redacted{}, err
	}
	outcome, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action)
	if err != nil {
		return Redacted{}, err
	}
	said := Redacted{Index: outcome.Events[0].Index, Texts: len(action.Commitments)}
	if said.Next.En, err = words.In(words.English).Say("note.still_there", nil); err == nil {
		said.Next.Zh, err = words.In(words.Chinese).Say("note.still_there", nil)
	}
	return said, err
}

type proofOf struct {
	Index  int64  `path:"index" minimum:"0"`
	Accept string `header:"Accept"`
}

// proveEntry proves against the checkpoint that is current.
func (s *Server) proveEntry(ctx context.Context, in *proofOf) (*textReply, error) {
	head, err := s.Desk.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	if in.Index >= head.Size {
		return nil, desk.ErrNotFound
	}
	if err := Provable(ctx, s.known(ctx), in.Index); err != nil {
		return nil, err
	}
	proof, err := ProveBy(ctx, s.Queries, head, in.Index)
	if err != nil {
		return nil, err
	}
	if negotiation.SelectQValue(in.Accept, []string{"application/json", "text/plain"}) == "text/plain" {
		body, err := audit.FormatProof(proof)
		return &textReply{plainText, body}, err
	}
	body, err := json.Marshal(EntryProof{
		Index: in.Index, Size: head.Size, Root: head.Root.String(),
		Hashes: each(proof.Hashes, audit.Hash.String), Checkpoint: string(head.Text),
	})
	return &textReply{"application/json", body}, err
}

// ProveBy proves an entry by a checkpoint that it came before.
func ProveBy(ctx context.Context, q Queries, head audit.Checkpoint, index int64) (audit.EntryProof, error) {
	hashes, err := audit.InclusionProof(head.Size, index, q.HashReader(ctx))
	return audit.EntryProof{Index: index, Hashes: hashes, Checkpoint: head.Text}, err
}

func (s *Server) ledgerKey(ctx context.Context, _ *nothing) ([]byte, error) {
	key, err := s.Desk.LedgerKey(ctx)
	return []byte(key + "\n"), err
}
