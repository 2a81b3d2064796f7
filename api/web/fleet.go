package web

import (
	"net/url"
	"strconv"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// fleetPage asks for new passwords of everything that the visitor may ask it
// for, and then shows how far that has come.
type fleetPage struct {
	Count  int  // of credentials that the visitor may have changed now
	All    bool // of everybody's, not only of what the visitor holds
	Asked  int  // credentials that the visitor asked for; 0: none
	Done   int  // of them
	Stuck  []custody.Credential
	People map[string]custody.Person
}

// stuckRows bounds what is listed of a fleet that does not get through.
const stuckRows = 20

func (p *Pages) fleet(v *visit) error {
	shown := fleetPage{All: v.Person.Is(custody.Manager)}
	counts, err := v.Queries.CustodyCounts(v.r.Context())
	if err != nil {
		return err
	}
	for _, c := range counts {
		if c.Holder != "" && (shown.All || c.Holder == v.Person.Username) {
			shown.Count += c.Count
		}
	}
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	if err := v.follow(&shown); err != nil {
		return err
	}
	return v.render("fleet", shown)
}

// follow counts what is left of the rotations that one command began: those that
// began at one instant, which the address has, as it has how many they were.
func (v *visit) follow(shown *fleetPage) error {
	query := v.r.URL.Query()
	if query.Get("at") == "" {
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, query.Get("at"))
	if err != nil {
		return custody.Invalid("at", "not_rfc3339")
	}
	if err := custody.CheckInstant("at", at); err != nil {
		return err
	}
	of, err := strconv.Atoi(query.Get("of"))
	if err != nil || of < 1 {
		return custody.Invalid("of", "from_one")
	}
	rotating, err := v.Queries.FindCredentials(v.r.Context(), desk.CredentialQuery{Phase: custody.Rotating})
	if err != nil {
		return err
	}
	left := 0
	for _, c := range rotating {
		if c.Rotation.Reason != custody.ForRequested || !c.Rotation.Since.Equal(at) {
			continue
		}
		left++
		if (c.Rotation.Attempts > 0 || c.Halted()) && len(shown.Stuck) < stuckRows {
			shown.Stuck = append(shown.Stuck, c)
		}
	}
	shown.Asked = max(of, left)
	shown.Done = shown.Asked - left
	return nil
}

func (p *Pages) rotateAll(v *visit) error {
	outcome, err := v.do(custody.RequestRotation{All: true, Reason: desk.NewNote(v.field("reason"))})
	if err != nil {
		return v.again(err, p.fleet)
	}
	query, began := url.Values{"done": {"rotating_all"}}, 0
	for _, e := range outcome.Events {
		if _, is := e.Fact.(custody.RotationStarted); is {
			query.Set("at", e.Time.UTC().Format(time.RFC3339Nano))
			began++
		}
	}
	query.Set("of", strconv.Itoa(began))
	return v.redirect("/rotations?"+query.Encode(), "")
}
