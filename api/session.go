package api

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Session is a log-in that was accepted. The token is shown once.
type Session struct {
	Token     Secret    `json:"token" doc:"For Authorization: Bearer"`
	ExpiresAt time.Time `json:"expires_at"`
	Person    Person    `json:"person"`
	Device    Secret    `json:"device,omitzero" doc:"Only where remember_device asked for one: for the field device of later log-ins. Keep it apart from the token; it opens nothing by itself"`

	RecoveryCodes []Secret `json:"recovery_codes,omitempty" doc:"Only when this log-in proved a new TOTP seed: shown once, for the day on which the authenticator is lost. Older ones count no more"`
}

// Login is what the log-in of the first admin starts with. It is shown once.
type Login struct {
	Person   Person `json:"person"`
	Password Secret `json:"password"`
	OTPAuth  Secret `json:"otpauth_uri" doc:"For an authenticator; counts after the first log-in with a code of it"`
}

// SignIn asks for a session.
type SignIn struct {
	Username string `json:"username" maxLength:"255"`
	Password Secret `json:"password" maxLength:"1024"`
	TOTP     Secret `json:"totp" maxLength:"64"`

	Device         Secret `json:"device,omitzero" maxLength:"64" doc:"From an earlier log-in: what strangers do wrong with this name does not lock it here"`
	RememberDevice bool   `json:"remember_device,omitzero" doc:"Give a device if the one that came is none"`
}

// OpenSession is a place where I am logged in.
type OpenSession struct {
	ID        string    `json:"id"`
	Device    string    `json:"device" doc:"What it says of itself, such as \"Firefox, Windows\"; empty: nothing"`
	Address   string    `json:"address" doc:"From where I logged in"`
	OpenedAt  time.Time `json:"opened_at"`
	LastUsed  time.Time `json:"last_used" doc:"To the minute; it ends when nobody has used it for as long as the policy says"`
	ExpiresAt time.Time `json:"expires_at"`
	Here      bool      `json:"here" doc:"It is the one that asks"`
}

func (s *Server) signIn(ctx context.Context, in *bodyOnly[SignIn]) (Session, error) {
	r := edge.Of(ctx)
	r.Verb = custody.SignIn{}.Verb()
	signed, err := s.Desk.SignIn(ctx, desk.SignInRequest{
		Username: in.Body.Username, Password: custody.SecretString(string(in.Body.Password)),
		Code: string(in.Body.TOTP), Request: r.ID,
		From: r.Place(secretOf(in.Body.Device)), Remember: in.Body.RememberDevice,
	})
	if err != nil {
		return Session{}, err
	}
	r.Person = signed.Person
	return Session{
		Token: Secret(signed.Token.Reveal()), ExpiresAt: signed.Expires, Person: viewPerson(signed.Person), Device: Secret(signed.Device.Reveal()),
		RecoveryCodes: each(signed.RecoveryCodes, func(code custody.Secret) Secret { return Secret(code.Reveal()) }),
	}, nil
}

// secretOf gives the zero secret for "".
func secretOf(s Secret) custody.Secret {
	if s == "" {
		return custody.Secret{}
	}
	return custody.SecretString(string(s))
}

func (s *Server) recover(ctx context.Context, in *bodyOnly[Recover]) (Recovered, error) {
	r := edge.Of(ctx)
	r.Verb = custody.RecoverEnrolment{}.Verb()
	shown, err := s.Desk.Recover(ctx, desk.RecoverRequest{
		Username: in.Body.Username, Password: custody.SecretString(string(in.Body.Password)),
		Code: custody.SecretString(string(in.Body.RecoveryCode)), Request: r.ID,
		From: r.Place(secretOf(in.Body.Device)),
	})
	return Recovered{OTPAuth: Secret(shown.OTPAuth.Reveal())}, err
}

func (s *Server) signOut(ctx context.Context, _ *nothing) (*nothing, error) {
	r := edge.Of(ctx)
	r.Verb = custody.SignOut{}.Verb()
	return &nothing{}, s.Desk.SignOut(ctx, r.Token, r.ID)
}

func (s *Server) me(ctx context.Context, _ *nothing) (Me, error) {
	person := edge.Of(ctx).Person
	credentials, err := s.known(ctx).Credentials(ctx)
	if err != nil {
		return Me{}, err
	}
	offers, err := AllHandovers(ctx, s.known(ctx), desk.HandoverQuery{
		Status: []custody.HandoverStatus{custody.Offered, custody.HandoverPrepared}, Person: person.Username,
	})
	if err != nil {
		return Me{}, err
	}
	me := Me{Person: viewPerson(person), Presence: viewPresence(person), Holdings: []Credential{}, Changing: []Credential{}, Inbox: []InboxItem{}, Maintenance: s.Maintenance, ReviewDue: s.Desk.ReviewDue(), Incidents: s.incidentCounts(person)}
	if person.LooksAtLeavings() == nil {
		me.FewApprovers = each(s.Desk.Approving().Few, viewShortage)
	}
	if c := s.Desk.Configuration(); c.Pending() {
		me.Configuration = &Unacknowledged{c.Waiting(), append([]string{}, c.By...)}
	}
	for _, c := range credentials {
		switch person.Username {
		case c.Holder:
			me.Holdings = append(me.Holdings, viewCredential(c))
		case c.Successor():
			me.Changing = append(me.Changing, viewCredential(c))
		}
	}
	for _, h := range offers {
		if h.To == person.Username {
			me.Inbox = append(me.Inbox, InboxItem{Kind: "handover", Handover: viewHandover(h)})
		}
	}
	return me, nil
}

func (s *Server) setPresence(ctx context.Context, in *bodyOnly[SetPresence]) (PresenceChange, error) {
	r := edge.Of(ctx)
	action, err := in.Body.action()
	if err != nil {
		return PresenceChange{}, err
	}
	outcome, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action)
	if err != nil {
		return PresenceChange{}, err
	}
	handovers, err := s.concerned(ctx, outcome)
	if err != nil {
		return PresenceChange{}, err
	}
	person, err := s.known(ctx).Person(ctx, r.Person.Username)
	return PresenceChange{Person: viewPerson(person), Handovers: handovers}, err
}

// action refuses what belongs to the other state: who sends it means something
// else than what would be done.
func (p SetPresence) action() (custody.Action, error) {
	if p.State == Away {
		if p.TakeBack {
			return nil, custody.Invalid("take_back", "only_with_present")
		}
		return custody.GoAway{Until: p.Until, Reason: desk.NewNote(p.Reason)}, nil
	}
	if !p.Until.IsZero() || p.Reason != "" {
		return nil, custody.Invalid("state", "present_alone")
	}
	return custody.ComeBack{TakeBack: p.TakeBack}, nil
}
