package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Offboarding is what is to be done for somebody who left or changed post.
type Offboarding struct {
	Person   string    `json:"person"`
	Name     string    `json:"name"`
	Disabled bool      `json:"disabled" doc:"Their access ended; if not, they changed post"`
	Since    time.Time `json:"since"`
	By       string    `json:"by" doc:"Who ended their access, or approved it last"`
	Due      time.Time `json:"due" doc:"Past it, what is left is a serious event"`
	Overdue  bool      `json:"overdue"`
	Ended    time.Time `json:"ended,omitzero" doc:"When everything was done"`
	Done     int       `json:"done" doc:"Of items and checklist together"`
	All      int       `json:"all"`

	Items     []LeftCredential `json:"items" doc:"Passwords that they knew, held or were to hold: each is done by its rotation, or the end of its custody"`
	Checklist []LeftItem       `json:"checklist" doc:"Done by somebody's word"`
}

// LeftCredential is a password that somebody who left knew, held or was to hold.
type LeftCredential struct {
	Item       int           `json:"n"`
	Credential string        `json:"credential"`
	Why        string        `json:"why" enum:"known_or_held"`
	Version    int64         `json:"version" doc:"Of the password that counted when they left"`
	Phase      custody.Phase `json:"phase" doc:"Of the credential, now"`
	Holder     string        `json:"holder" doc:"Who holds it now or will; empty: nobody"`
	Failure    string        `json:"failure,omitzero" doc:"Why its change does not go on"`
	Done       time.Time     `json:"done,omitzero"`
	How        custody.How   `json:"how,omitzero" enum:"rotated,retired"`
	Index      int64         `json:"index,omitzero" doc:"Of the entry that proves it: its verified rotation, or the end of its custody"`
}

// LeftItem is something outside Tandem that was to be done.
type LeftItem struct {
	Item  int              `json:"n"`
	Kind  custody.ItemKind `json:"kind" enum:"unseal_share,backup_key,witness_key,told,envelopes"`
	Ways  []custody.How    `json:"ways" doc:"How it can be done"`
	Done  time.Time        `json:"done,omitzero"`
	By    string           `json:"by,omitzero" doc:"Who says so"`
	How   custody.How      `json:"how,omitzero" enum:"changed,none,email,telephone,in_person,rewritten,destroyed"`
	At    time.Time        `json:"at,omitzero" doc:"When they were told"`
	Index int64            `json:"index,omitzero" doc:"Of the entry that says so"`
}

// Disabling is what ending somebody's access would do.
type Disabling struct {
	Credentials []PassedOn `json:"credentials"`
	Handovers   []string   `json:"handovers" doc:"That come to nothing"`
	Proposals   []string   `json:"proposals" doc:"Of theirs, that are withdrawn"`

	Sole     []custody.Role `json:"sole" doc:"Roles in which nobody could act without them"`
	Warnings []FewerThanTwo `json:"warnings,omitempty" doc:"Where fewer than two could approve then, and did before"`
}

// PassedOn is what would become of a credential.
type PassedOn struct {
	Credential string `json:"credential"`
	Seat       bool   `json:"seat" doc:"They are its custodian: the seat becomes vacant"`
	To         string `json:"to" doc:"Who holds it then; empty: nobody, it is parked"`
	Changes    bool   `json:"changes" doc:"Its password is changed"`
}

// Disabled is the answer to the end of somebody's access.
type Disabled struct {
	Offboarding Offboarding `json:"offboarding"`
}

// SettleItem says that something was done.
type SettleItem struct {
	How  custody.How `json:"how" enum:"changed,none,email,telephone,in_person"`
	At   time.Time   `json:"at,omitzero" doc:"When they were told; now when left out"`
	TOTP Secret      `json:"totp,omitzero" maxLength:"64"`
}

type offboardingFilter struct {
	Status string `query:"status" enum:"open" doc:"Only those that are not done"`
}

type itemOf struct {
	Username string `path:"username" maxLength:"63" pattern:"^[a-z0-9._-]+$"`
	Item     int    `path:"n" minimum:"0"`
	Body     SettleItem
}

func (s *Server) disabling(ctx context.Context, in *ofPerson) (Disabling, error) {
	if err := edge.Of(ctx).Person.LooksAtLeavings(); err != nil {
		return Disabling{}, err
	}
	p, err := s.Desk.Prospect(ctx, in.Username)
	if err != nil {
		return Disabling{}, err
	}
	few, err := s.Desk.ShortagesAfter(ctx, custody.Disable{Person: in.Username})
	return Disabling{
		Warnings:    each(few, viewShortage),
		Credentials: each(p.Credentials, func(c custody.Passing) PassedOn { return PassedOn(c) }),
		Handovers:   append([]string{}, p.Handovers...), Proposals: append([]string{}, p.Proposals...),
		Sole: append([]custody.Role{}, p.Sole...),
	}, err
}

func (s *Server) disablePerson(ctx context.Context, in *personWith[ConfirmedReason]) (Disabled, error) {
	action := custody.Disable{Person: in.Username, Reason: desk.NewNote(in.Body.Reason)}
	if _, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action); err != nil {
		return Disabled{}, err
	}
	left, err := s.offboarding(ctx, in.Username)
	return Disabled{left}, err
}

// proposeDisabling takes the reason for the proposal's and for the entry's own.
func (s *Server) proposeDisabling(ctx context.Context, in *personWith[ConfirmedReason]) (Proposal, error) {
	return s.propose(ctx, custody.Disable{Person: in.Username, Reason: desk.NewNote(in.Body.Reason)}, in.Body.Reason, in.Body.TOTP)
}

func (s *Server) proposeReinstating(ctx context.Context, in *personWith[ConfirmedReason]) (Proposal, error) {
	return s.propose(ctx, custody.Reinstate{Person: in.Username}, in.Body.Reason, in.Body.TOTP)
}

func (s *Server) take(ctx context.Context, in *credentialWith[Confirmation]) (Credential, error) {
	return s.changeCredential(ctx, custody.Take{Credential: in.Name}, in.Body.TOTP)
}

func (s *Server) proposeParking(ctx context.Context, in *credentialWith[ConfirmedReason]) (Proposal, error) {
	return s.propose(ctx, custody.Park{Credential: in.Name}, in.Body.Reason, in.Body.TOTP)
}

func (s *Server) listOffboardings(ctx context.Context, in *offboardingFilter) ([]Offboarding, error) {
	if err := edge.Of(ctx).Person.LooksAtLeavings(); err != nil {
		return nil, err
	}
	people, err := s.Queries.People(ctx)
	if err != nil {
		return nil, err
	}
	return s.viewOffboardings(ctx, Leavings(people, in.Status != "")...)
}

// Leavings gives those who left or changed post: first those for whom something is still
// to be done, of both the latest first.
func Leavings(people []custody.Person, onlyOpen bool) []custody.Person {
	left := slices.DeleteFunc(slices.Clone(people), func(p custody.Person) bool {
		return p.Leaving.Since.IsZero() || onlyOpen && !p.Leaving.Open()
	})
	rank := func(p custody.Person) int {
		if p.Leaving.Open() {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(left, func(a, b custody.Person) int {
		return cmp.Or(rank(a)-rank(b), b.Leaving.Since.Compare(a.Leaving.Since))
	})
	return left
}

func (s *Server) getOffboarding(ctx context.Context, in *ofPerson) (Offboarding, error) {
	if err := edge.Of(ctx).Person.LooksAtLeavings(); err != nil {
		return Offboarding{}, err
	}
	return s.offboarding(ctx, in.Username)
}

func (s *Server) settleItem(ctx context.Context, in *itemOf) (Offboarding, error) {
	action := custody.SettleItem{Person: in.Username, Item: in.Item, How: in.Body.How, At: in.Body.At}
	if _, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action); err != nil {
		return Offboarding{}, err
	}
	return s.offboarding(ctx, in.Username)
}

func (s *Server) offboarding(ctx context.Context, username string) (Offboarding, error) {
	p, err := s.Queries.Person(ctx, username)
	if err != nil {
		return Offboarding{}, err
	}
	if p.Leaving.Since.IsZero() {
		return Offboarding{}, desk.ErrNotFound
	}
	views, err := s.viewOffboardings(ctx, p)
	if err != nil {
		return Offboarding{}, err
	}
	return views[0], nil
}

// viewOffboardings shows leavings beside how their credentials are now.
func (s *Server) viewOffboardings(ctx context.Context, people ...custody.Person) ([]Offboarding, error) {
	credentials, err := LeftCredentials(ctx, s.Queries, people...)
	if err != nil {
		return nil, err
	}
	return each(people, func(p custody.Person) Offboarding { return viewOffboarding(p, credentials) }), nil
}

// LeftCredentials gives, by name, the credentials whose passwords people knew who left, as
// they are now.
func LeftCredentials(ctx context.Context, q interface {
	FindCredentials(ctx context.Context, q desk.CredentialQuery) ([]custody.Credential, error)
}, people ...custody.Person) (map[string]custody.Credential, error) {
	var names []string
	for _, p := range people {
		for _, i := range p.Leaving.Items {
			if i.Kind == custody.ItemCredential {
				names = append(names, i.Credential)
			}
		}
	}
	found := map[string]custody.Credential{}
	if len(names) == 0 {
		return found, nil
	}
	slices.Sort(names)
	credentials, err := q.FindCredentials(ctx, desk.CredentialQuery{Names: slices.Compact(names)})
	for _, c := range credentials {
		found[c.Name] = c
	}
	return found, err
}

func viewOffboarding(p custody.Person, credentials map[string]custody.Credential) Offboarding {
	l := p.Leaving
	v := Offboarding{
		Person: p.Username, Name: p.Name, Disabled: p.Disabled, Since: l.Since, By: l.By, Due: l.Due, Overdue: l.Overdue, Ended: l.Ended,
		Done: l.Progress(), All: len(l.Items), Items: []LeftCredential{}, Checklist: []LeftItem{},
	}
	for n, i := range l.Items {
		if i.Kind == custody.ItemCredential {
			c := credentials[i.Credential]
			v.Items = append(v.Items, LeftCredential{
				Item: n, Credential: i.Credential, Why: "known_or_held", Version: i.Version, Phase: c.Phase, Holder: c.HeldFor(),
				Failure: c.Rotation.Failure, Done: i.Done, How: i.How, Index: i.Entry,
			})
			continue
		}
		v.Checklist = append(v.Checklist, LeftItem{
			Item: n, Kind: i.Kind, Ways: append([]custody.How{}, i.Kind.Ways()...), Done: i.Done, By: i.By, How: i.How, At: i.At, Index: i.Entry,
		})
	}
	return v
}
