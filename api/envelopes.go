package api

import (
	"context"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Keyholder is one of those of whom any two can open an envelope.
type Keyholder struct {
	Person    string `json:"person" maxLength:"63"`
	Recipient string `json:"recipient" maxLength:"2404" doc:"Public key of age: age1…, or age1name1… of a plug-in"`
}

// Envelopes are all of them, and who opens them.
type Envelopes struct {
	Keyholders []KeyholderState `json:"keyholders"`
	Few        bool             `json:"few,omitzero" doc:"Fewer than two of them have access: none can be made"`
	Failing    []EnvelopeFault  `json:"failing" doc:"Why none can be made now"`
	Envelopes  []Envelope       `json:"envelopes" doc:"Of the credentials that you may know of, by name"`
	Superseded []string         `json:"superseded" doc:"Files in the folder that are not in force: destroy them. For who sees everything, and keyholders"`
}

// KeyholderState is a keyholder, and when their key last opened something.
type KeyholderState struct {
	Keyholder
	Access  bool      `json:"access" doc:"Their access has not ended"`
	Since   time.Time `json:"since,omitzero" doc:"Since when they have this key"`
	Drilled time.Time `json:"drilled,omitzero" doc:"When they last took part in a drill"`
	Due     time.Time `json:"due,omitzero" doc:"When they have to, again"`
	Overdue bool      `json:"overdue,omitzero"`
}

// EnvelopeFault is why no envelope can be made, since when.
type EnvelopeFault struct {
	Why   custody.Why `json:"why" enum:"folder_missing,folder_link,folder_full,not_writable,recipient_bad,disk"`
	Since time.Time   `json:"since"`
}

// Envelope is how that of one credential stands.
type Envelope struct {
	Credential string        `json:"credential"`
	State      EnvelopeState `json:"state" enum:"none,intended,in_force,stale,lost" doc:"stale: there is one of another password, or for others"`
	Lost       custody.Why   `json:"lost,omitzero" enum:"file_missing,file_changed"`
	File       string        `json:"file,omitzero" doc:"The last that was written"`
	Version    int64         `json:"version,omitzero" doc:"Of the password in that"`
	SealedAt   time.Time     `json:"sealed_at,omitzero"`
	Keyholders []string      `json:"keyholders" doc:"Any two of whom open that"`
	DrillBy    []string      `json:"drill_by,omitempty" doc:"Who has opened it in a drill that is under way"`
	DrilledAt  time.Time     `json:"drilled_at,omitzero" doc:"When one of this credential was opened last in a drill that went well"`
}

// EnvelopeState is how an envelope stands.
type EnvelopeState string

// The states.
const (
	EnvelopeNone     EnvelopeState = "none"
	EnvelopeIntended EnvelopeState = "intended"
	EnvelopeInForce  EnvelopeState = "in_force"
	EnvelopeStale    EnvelopeState = "stale"
	EnvelopeLost     EnvelopeState = "lost"
)

// EnvelopeStateOf says how that of a credential stands.
func EnvelopeStateOf(c desk.Enveloped) EnvelopeState {
	e := c.Envelope
	switch {
	case c.InForce:
		return EnvelopeInForce
	case e.Lost != "" && e.Sealed.Version == c.Version:
		return EnvelopeLost
	case e.Number > e.Sealed.Number && e.Version == c.Version:
		return EnvelopeIntended
	case e.Sealed.Number > 0:
		return EnvelopeStale
	}
	return EnvelopeNone
}

// OpenedEnvelope says who opened one.
type OpenedEnvelope struct {
	By     []string `json:"by" minItems:"2" maxItems:"2" doc:"The two keyholders, by username"`
	Reason string   `json:"reason"`
	TOTP   Secret   `json:"totp,omitzero" maxLength:"64"`
}

// DrilledEnvelope says who opened one in a drill, with what proves that they did.
type DrilledEnvelope struct {
	By    []string `json:"by" minItems:"2" maxItems:"2" doc:"The two keyholders, by username"`
	Proof Secret   `json:"proof" maxLength:"64" doc:"The token that was inside"`
	TOTP  Secret   `json:"totp,omitzero" maxLength:"64"`
}

// Closing says what lies in the folder of envelopes.
type Closing interface {
	// Superseded gives the files that are not in force, by name.
	Superseded(ctx context.Context) ([]string, error)
}

// SeenEnvelopes gives what somebody may know of them: of all of them whoever sees
// everything, and keyholders; of a credential its custodians.
func SeenEnvelopes(ctx context.Context, d interface {
	Envelopes(ctx context.Context) (desk.Envelopes, error)
}, viewer custody.Person) (all desk.Envelopes, whole bool, err error) {
	if all, err = d.Envelopes(ctx); err != nil {
		return desk.Envelopes{}, false, err
	}
	whole = viewer.SeesEverything() || slices.ContainsFunc(all.Keyholders, func(k desk.Keyholder) bool { return k.Username == viewer.Username })
	if !whole {
		all.Of = slices.DeleteFunc(all.Of, func(c desk.Enveloped) bool { return !c.HasCustodian(viewer.Username) })
	}
	return all, whole, nil
}

func (s *Server) listEnvelopes(ctx context.Context, _ *nothing) (Envelopes, error) {
	all, whole, err := SeenEnvelopes(ctx, s.Desk, edge.Of(ctx).Person)
	if err != nil {
		return Envelopes{}, err
	}
	out := Envelopes{
		Few:     all.Few,
		Failing: each(all.Failing, func(f custody.Failing) EnvelopeFault { return EnvelopeFault(f) }),
		Keyholders: each(all.Keyholders, func(k desk.Keyholder) KeyholderState {
			return KeyholderState{Keyholder{k.Username, k.Recipient}, !k.Disabled, k.Keys.Since, k.Keys.Drilled, k.Due, k.Keys.Overdue}
		}),
		Envelopes:  each(all.Of, viewEnvelope),
		Superseded: []string{},
	}
	if whole && s.Closing != nil {
		if out.Superseded, err = s.Closing.Superseded(ctx); err != nil { // of a folder that is not there nothing is known
			s.Log.WarnContext(ctx, "the folder of envelopes could not be listed", "error", err)
		}
		out.Superseded = append([]string{}, out.Superseded...)
	}
	return out, nil
}

func viewEnvelope(c desk.Enveloped) Envelope {
	sealed := c.Envelope.Sealed
	v := Envelope{
		Credential: c.Name, State: EnvelopeStateOf(c), Lost: c.Envelope.Lost,
		Version: sealed.Version, SealedAt: sealed.At, Keyholders: append([]string{}, sealed.Keyholders...), DrilledAt: c.Envelope.Drilled,
	}
	if sealed.Number > 0 {
		v.File = desk.EnvelopeFile(c.Name, sealed.Number)
	}
	if c.Envelope.Drill != (custody.Drill{}) {
		v.DrillBy = c.Envelope.Drill.By[:]
	}
	return v
}

// Pair puts two names in order; anything else is nobody's.
func Pair(names []string) (pair [2]string) {
	if len(names) == 2 {
		copy(pair[:], names)
		slices.Sort(pair[:])
	}
	return pair
}

func (s *Server) envelopeOpened(ctx context.Context, in *credentialWith[OpenedEnvelope]) (Credential, error) {
	return s.changeCredential(ctx, custody.ReportOpened{Credential: in.Name, By: Pair(in.Body.By), Reason: desk.NewNote(in.Body.Reason)}, in.Body.TOTP)
}

func (s *Server) envelopeDrill(ctx context.Context, in *credentialWith[DrilledEnvelope]) (Credential, error) {
	return s.changeCredential(ctx, custody.DrillEnvelope{Credential: in.Name, By: Pair(in.Body.By), Proof: string(in.Body.Proof)}, in.Body.TOTP)
}
