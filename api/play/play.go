package play

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/totp"
)

// Period is how long a TOTP code lasts in a play, in seconds, unless
// somebody says otherwise: everybody waits for a fresh code before each step.
const Period = 3

// patience is how long one step may take, beside the wait for a code.
const patience = 30 * time.Second

// Config says where the play takes place.
type Config struct {
	Server  string // URL
	People  []demo.Person
	Fresh   bool   // they have just enrolled, each with a code that is used up
	SSH     string // host:port of the server whose passwords are in custody
	HostKey string // as in authorized_keys

	// Now is the clock of the server, and of everybody's authenticator; nil: the machine's.
	// Pass moves it ahead; nil: time passes as it does.
	Now  func() time.Time
	Pass func(d time.Duration)

	Envelopes string // the folder where they are; "": there are none, and no scene with them

	// Hold keeps that server from changing passwords until release is called.
	Hold func() (release func())
	// Ledger verifies what a server shows of its ledger and says whether it is signed
	// to its end; Database verifies what is in its file.
	Ledger   func(ctx context.Context, auditor *client.Client) (signed bool, err error)
	Database func(ctx context.Context) error
	// Show is called with each step when it has been carried out.
	Show func(Step)
}

// Step is one step, as it was seen. It held when that is what was expected.
type Step struct {
	Number               int // from 1
	What, Expected, Seen string
	Held                 bool
}

// play is one run through the policy. After a step that did not hold, the
// others are left out: they follow on it.
type play struct {
	Config
	steps  int
	failed bool

	techA, techB, auditor    *Player
	manager, director, admin *Player

	version  int64  // of the password, before it is changed
	handover string // in which tech-a gave all to tech-b
}

// Player is a person with a session and an authenticator.
type Player struct {
	demo.Person
	Server *client.Client
	Last   int64            // TOTP step of the last code that was used up
	Clock  func() time.Time // of the authenticator; nil: the machine's
}

func (who *Player) now() time.Time {
	if who.Clock == nil {
		return time.Now()
	}
	return who.Clock()
}

func (p *play) now() time.Time { return p.techA.now() }

// ErrNotHeld is a step at which something else was seen than expected.
var ErrNotHeld = errors.New("the policy did not hold: see the step marked ✗")

// Run goes through the whole policy, over HTTP and SSH only, and gives the number of
// steps. The error is ErrNotHeld when one was not as expected.
func Run(ctx context.Context, c Config) (steps int, err error) {
	p := &play{Config: c}
	for _, person := range c.People {
		who, err := newPlayer(c.Server, person, c.Now)
		if err != nil {
			return 0, err
		}
		if c.Fresh {
			who.Last = person.Enrolled
		}
		for username, as := range map[string]**Player{
			"tech-a": &p.techA, "tech-b": &p.techB, "auditor": &p.auditor, "manager": &p.manager, "director": &p.director, "admin": &p.admin,
		} {
			if person.Username == username {
				*as = who
			}
		}
	}
	p.scenes(ctx)
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case p.failed:
		err = ErrNotHeld
	}
	return p.steps, err
}

// newPlayer gives a person who has not logged in yet and whose code of this moment
// counts as used.
func newPlayer(server string, person demo.Person, clock func() time.Time) (*Player, error) {
	connection, err := client.New(client.Config{Server: server})
	if err != nil {
		return nil, err
	}
	who := &Player{Person: person, Server: connection, Clock: clock}
	who.Last = totp.Step(person.TOTPPeriod, who.now())
	return who, nil
}

// step carries out one step and shows it. do says what was seen; an error of
// the server is seen as its code. The step holds when that is what was expected.
func (p *play) step(ctx context.Context, what, expected string, do func(context.Context) (string, error)) {
	if p.failed || ctx.Err() != nil {
		return
	}
	p.steps++
	ctx, cancel := context.WithTimeout(ctx, patience+2*time.Duration(p.techA.TOTPPeriod)*time.Second)
	defer cancel()
	seen, err := do(ctx)
	if problem, ok := errors.AsType[*edge.Problem](err); ok {
		seen = refusedWith(problem.Code)
	} else if err != nil {
		seen = err.Error()
	}
	p.failed = seen != expected
	p.Show(Step{Number: p.steps, What: what, Expected: expected, Seen: seen, Held: !p.failed})
}

// logInBySSH is a step at the SSH server itself.
func (p *play) logInBySSH(ctx context.Context, what, account string, password *api.Secret, expected string) {
	p.step(ctx, what, expected, func(context.Context) (string, error) {
		return demo.LogIn(p.HostKey, p.SSH, account, string(*password))
	})
}

// refused is a step that a rule must refuse.
func (p *play) refused(ctx context.Context, what string, code custody.Code, do func(context.Context) error) {
	p.step(ctx, what, refusedWith(code), func(ctx context.Context) (string, error) { return "done", do(ctx) })
}

func refusedWith(code custody.Code) string { return "refused: " + string(code) }

// Tries is more than once because codes of a second or two can age on
// their way to a server that is busy.
const Tries = 3

// Confirm waits until the person's authenticator shows a code that was not used,
// and gives the command that code. A command that a rule refuses does not use
// its code up: the next one can have it.
func (who *Player) Confirm(ctx context.Context, command func(code api.Secret) error) (err error) {
	for range Tries {
		var aged bool
		if aged, err = who.confirmOnce(ctx, command); !aged {
			break
		}
	}
	return err
}

// confirmOnce says, beside the error, whether that is because the code was too
// old when it was looked at.
func (who *Player) confirmOnce(ctx context.Context, command func(code api.Secret) error) (aged bool, err error) {
	next := time.Unix((who.Last+1)*int64(who.TOTPPeriod), 0)
	select {
	case <-time.After(next.Sub(who.now())):
	case <-ctx.Done():
		return false, ctx.Err()
	}
	step := totp.Step(who.TOTPPeriod, who.now())
	code, err := who.CodeOf(step)
	if err != nil {
		return false, err
	}
	if err := command(code); err != nil {
		problem, _ := errors.AsType[*edge.Problem](err)
		late := totp.Step(who.TOTPPeriod, who.now()) > step+1
		return late && problem != nil && problem.Code == custody.TOTPInvalid, err
	}
	who.Last = step
	return false, nil
}

// LogIn opens the person's session.
func (who *Player) LogIn(ctx context.Context) error {
	return who.Confirm(ctx, func(code api.Secret) error {
		_, err := who.Server.SignIn(ctx, api.SignIn{
			Username: who.Username, Password: api.Secret(who.Password), TOTP: code,
		})
		return err
	})
}

// CodeOf gives the code of a TOTP step, used or not.
func (who *Player) CodeOf(step int64) (api.Secret, error) {
	code, err := totp.Code(custody.SecretString(who.TOTPSecret), step)
	return api.Secret(code), err
}

// WrongCode gives six digits that are no code of the person around now.
func (who *Player) WrongCode() (api.Secret, error) {
	now := totp.Step(who.TOTPPeriod, who.now())
	right := map[api.Secret]bool{}
	for step := now - 3; step <= now+3; step++ {
		code, err := who.CodeOf(step)
		if err != nil {
			return "", err
		}
		right[code] = true
	}
	for n := 0; ; n++ {
		if code := api.Secret(fmt.Sprintf("%06d", n)); !right[code] {
			return code, nil
		}
	}
}
