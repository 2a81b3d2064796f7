package api

import (
	"context"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Emergency passes passwords on whose holder cannot be reached.
type Emergency struct {
	ID          string                    `json:"id"`
	Status      custody.EmergencyStatus   `json:"status" enum:"pending,granted,ended,reviewed,rejected,withdrawn,lapsed"`
	Requester   string                    `json:"requester"`
	For         string                    `json:"for" doc:"Who holds the passwords while it lasts"`
	Custodian   bool                      `json:"custodian" doc:"They are the other custodian"`
	Absent      []string                  `json:"absent" doc:"Who cannot be reached"`
	Holder      string                    `json:"holder" doc:"Who held the first of them when it was asked for"`
	Reason      string                    `json:"reason"`
	Credentials []string                  `json:"credentials"`
	Items       []EmergencyItem           `json:"items" doc:"Each of its credentials, as it stands"`
	Needs       []custody.Role            `json:"needs" doc:"Levels at which nobody has approved it yet"`
	Can         map[custody.Role][]string `json:"can,omitempty" doc:"Who can, by level, while it waits"`
	Approvals   []Approval                `json:"approvals"`
	Beside      []string                  `json:"same_device,omitempty" doc:"While it waits: who asked for it, or approved it, in the device of the log-in that asks. An approval there is serious"`
	Paged       []Paged                   `json:"paged" doc:"Whom messages about it reached, while it waited"`
	AskedAt     time.Time                 `json:"asked_at"`
	ExpiresAt   time.Time                 `json:"expires_at" doc:"When it lapses unless it was approved"`
	MaySilence  bool                      `json:"may_be_silent" doc:"The policy of all its credentials allows that it is granted when nobody answers"`
	SilenceAt   time.Time                 `json:"silence_at,omitzero" doc:"When it is granted if nobody answers: the holder and an approver were told, each by two channels"`
	GrantedAt   time.Time                 `json:"granted_at,omitzero"`
	Silent      bool                      `json:"silent,omitzero" doc:"It was granted because nobody answered"`
	UseBy       time.Time                 `json:"use_by,omitzero" doc:"It lapses unless it was used by then"`
	Until       time.Time                 `json:"until,omitzero" doc:"It ends at the latest"`
	UsedAt      time.Time                 `json:"used_at,omitzero"`
	BackAt      time.Time                 `json:"back_at,omitzero" doc:"One of the absent is back since: it ends a quarter of an hour later"`
	EndedAt     time.Time                 `json:"ended_at,omitzero"`
	EndedBy     string                    `json:"ended_by,omitzero"`
	How         custody.EmergencyEnd      `json:"how,omitzero" enum:"given_back,time,back,unused,access_ended"`
	ReviewBy    time.Time                 `json:"review_by,omitzero"`
	Overdue     bool                      `json:"overdue,omitzero" doc:"Nobody has looked at it in time"`
	Reviewers   []string                  `json:"reviewers,omitempty" doc:"Who can review it"`
	ReviewedAt  time.Time                 `json:"reviewed_at,omitzero"`
	Reviewer    string                    `json:"reviewer,omitzero"`
	Verdict     custody.Verdict           `json:"verdict,omitzero" enum:"justified,unjustified"`
	Review      string                    `json:"review,omitzero"`
}

// EmergencyItem is one credential of an emergency.
type EmergencyItem struct {
	Credential string                  `json:"credential"`
	Status     custody.EmergencyStatus `json:"status"`
	Phase      custody.Phase           `json:"phase" doc:"Of the credential, now"`
	Holder     string                  `json:"holder" doc:"Who holds it now, or will"`
}

// Paged is a message that a channel has taken.
type Paged struct {
	Person  string    `json:"person"`
	Channel string    `json:"channel"`
	At      time.Time `json:"at"`
}

// RequestEmergency asks for passwords whose holder cannot be reached.
type RequestEmergency struct {
	Credentials []string `json:"credentials,omitzero" maxItems:"20" doc:"By name"`
	Person      string   `json:"person,omitzero" maxLength:"63" doc:"Instead: all that this person holds"`
	For         string   `json:"for,omitzero" maxLength:"63" doc:"A substitute, by a manager or a director; else whoever asks"`
	Reason      string   `json:"reason"`
	TOTP        Secret   `json:"totp,omitzero" maxLength:"64"`
}

// ReviewEmergency says what somebody thinks of one that has ended.
type ReviewEmergency struct {
	Verdict custody.Verdict `json:"verdict" enum:"justified,unjustified"`
	Text    string          `json:"text" doc:"What they found"`
	TOTP    Secret          `json:"totp,omitzero" maxLength:"64"`
}

// Veto stops an emergency that waits.
type Veto struct {
	Reason string `json:"reason,omitzero"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

type (
	emergencyFilter struct {
		Status string `query:"status" enum:"open" doc:"Only those that wait, last, or are to be reviewed"`
	}
	ofEmergency struct {
		ID string `path:"id" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
	}
	emergencyWith[B any] struct {
		ID   string `path:"id" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
		Body B
	}
)

func (s *Server) listEmergencies(ctx context.Context, in *emergencyFilter) ([]Emergency, error) {
	all, err := SeenEmergencies(ctx, s.Desk, edge.Of(ctx).Person)
	if err != nil {
		return nil, err
	}
	if in.Status != "" {
		all = slices.DeleteFunc(all, func(e desk.Emergency) bool { return !e.Status.Open() && e.Status != custody.EmergencyOver })
	}
	return each(all, viewEmergency), nil
}

// SeenEmergencies gives those that somebody may know of.
func SeenEmergencies(ctx context.Context, d interface {
	Emergencies(ctx context.Context) ([]desk.Emergency, error)
}, viewer custody.Person) ([]desk.Emergency, error) {
	all, err := d.Emergencies(ctx)
	seen := []desk.Emergency{}
	for _, e := range all {
		switch viewer.SightOfEmergency(e.Emergency, e.Of) {
		case custody.SeesAll:
			seen = append(seen, e)
		case custody.SeesFrame:
			e.Reason, e.Review = custody.Note{}, custody.Note{}
			seen = append(seen, e)
		}
	}
	return seen, err
}

// SeenEmergency gives one that somebody may know of.
func SeenEmergency(ctx context.Context, d interface {
	Emergencies(ctx context.Context) ([]desk.Emergency, error)
}, viewer custody.Person, id string) (desk.Emergency, error) {
	seen, err := SeenEmergencies(ctx, d, viewer)
	if err != nil {
		return desk.Emergency{}, err
	}
	if at := slices.IndexFunc(seen, func(e desk.Emergency) bool { return e.ID == id }); at >= 0 {
		return seen[at], nil
	}
	all, err := d.Emergencies(ctx)
	if slices.ContainsFunc(all, func(e desk.Emergency) bool { return e.ID == id }) {
		return desk.Emergency{}, custody.RefuseUnknown()
	}
	if err == nil {
		err = desk.ErrNotFound
	}
	return desk.Emergency{}, err
}

func (s *Server) getEmergency(ctx context.Context, in *ofEmergency) (Emergency, error) {
	return s.emergency(ctx, in.ID)
}

func (s *Server) emergency(ctx context.Context, id string) (Emergency, error) {
	e, err := SeenEmergency(ctx, s.Desk, edge.Of(ctx).Person, id)
	if err != nil {
		return Emergency{}, err
	}
	v := viewEmergency(e)
	if e.Status == custody.EmergencyPending {
		v.Beside, err = s.Desk.SameDeviceOf(ctx, edge.Of(ctx).Asks(), id)
	}
	return v, err
}

func (s *Server) requestEmergency(ctx context.Context, in *bodyOnly[RequestEmergency]) (Emergency, error) {
	action := custody.RequestEmergency{Credentials: in.Body.Credentials, Person: in.Body.Person, For: in.Body.For, Reason: desk.NewNote(in.Body.Reason)}
	outcome, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action)
	if err != nil {
		return Emergency{}, err
	}
	asked, _ := outcome.Events[0].Fact.(custody.EmergencyRequested)
	return s.emergency(ctx, asked.Emergency)
}

func (s *Server) approveEmergency(ctx context.Context, in *emergencyWith[Confirmation]) (Emergency, error) {
	return s.changeEmergency(ctx, custody.ApproveEmergency{Emergency: in.ID}, in.Body.TOTP)
}

func (s *Server) rejectEmergency(ctx context.Context, in *emergencyWith[Veto]) (Emergency, error) {
	return s.changeEmergency(ctx, custody.RejectEmergency{Emergency: in.ID, Reason: desk.NewNote(in.Body.Reason)}, in.Body.TOTP)
}

func (s *Server) withdrawEmergency(ctx context.Context, in *ofEmergency) (Emergency, error) {
	return s.changeEmergency(ctx, custody.WithdrawEmergency{Emergency: in.ID}, "")
}

func (s *Server) endEmergency(ctx context.Context, in *emergencyWith[Confirmation]) (Emergency, error) {
	return s.changeEmergency(ctx, custody.EndEmergency{Emergency: in.ID}, in.Body.TOTP)
}

func (s *Server) reviewEmergency(ctx context.Context, in *emergencyWith[ReviewEmergency]) (Emergency, error) {
	return s.changeEmergency(ctx, custody.ReviewEmergency{Emergency: in.ID, Verdict: in.Body.Verdict, Text: desk.NewNote(in.Body.Text)}, in.Body.TOTP)
}

// changeEmergency carries out a command about an emergency and shows what became of it.
func (s *Server) changeEmergency(ctx context.Context, action custody.Action, code Secret) (Emergency, error) {
	if _, err := s.Desk.Do(ctx, by(ctx, action, code), action); err != nil {
		return Emergency{}, err
	}
	return s.emergency(ctx, action.Subject())
}

func viewEmergency(e desk.Emergency) Emergency {
	v := Emergency{
		ID: e.ID, Status: e.Status, Requester: e.Requester, For: e.For, Custodian: e.Custodian, Absent: append([]string{}, e.Absent...), Holder: e.Holder,
		Reason: e.Reason.String(), Credentials: each(e.Of, func(c custody.Credential) string { return c.Name }),
		Items: each(e.Of, func(c custody.Credential) EmergencyItem {
			return EmergencyItem{c.Name, e.At(c).Status, c.Phase, c.HeldFor()}
		}),
		Needs: []custody.Role{}, Can: e.Can,
		Approvals: each(e.Approvals, viewApproval),
		Paged:     each(e.Paged, func(p custody.Paged) Paged { return Paged(p) }),
		AskedAt:   e.AskedAt, ExpiresAt: e.Expires, MaySilence: e.MaySilence(), SilenceAt: e.Silence,
		GrantedAt: e.GrantedAt, Silent: e.Silent, UseBy: e.UseBy, Until: e.Until, UsedAt: e.UsedAt, BackAt: e.BackAt,
		EndedAt: e.EndedAt, EndedBy: e.EndedBy, How: e.How, ReviewBy: e.ReviewBy, Overdue: e.Overdue, Reviewers: e.Reviewers,
		ReviewedAt: e.ReviewedAt, Reviewer: e.Reviewer, Verdict: e.Verdict, Review: e.Review.String(),
	}
	for _, level := range e.Needs {
		if _, missing := e.Can[level]; missing {
			v.Needs = append(v.Needs, level)
		}
	}
	return v
}
