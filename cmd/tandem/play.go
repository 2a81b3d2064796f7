package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
)

// playPeriod is how long a TOTP code lasts in a play, in seconds, unless
// somebody says otherwise: everybody waits for a fresh code before each step.
const playPeriod = 3

// playPatience is how long one step may take, beside the wait for a code.
const playPatience = 30 * time.Second

// play is one run through the policy. After a step that did not hold, the
// others are left out: they follow on it.
type play struct {
	*demo
	console
	steps  int
	failed bool

	techA, techB, auditor *player

	version int64 // of the password, before it is changed
}

// player is a person with a session and an authenticator.
type player struct {
	demoPerson
	server *client.Client
	last   int64 // TOTP step of the last code that was used up
}

var errNotHeld = errors.New("the policy did not hold: see the step marked ✗")

// play goes through the whole policy, over HTTP and SSH only, and prints every
// step. The error is errNotHeld when a step was not as expected.
func (c *cli) play(ctx context.Context, d *demo) error {
	p := &play{demo: d, console: c.console}
	for _, person := range d.record.People {
		server, err := client.New(client.Config{Server: d.url})
		if err != nil {
			return err
		}
		who := &player{demoPerson: person, server: server, last: totp.Step(person.TOTPPeriod, time.Now())}
		if !d.found {
			who.last = person.enrolled
		}
		switch person.Username {
		case "tech-a":
			p.techA = who
		case "tech-b":
			p.techB = who
		case "auditor":
			p.auditor = who
		}
	}
	p.line(bold, " ", "step", "expected", "seen")
	p.scenes(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.failed {
		return errNotHeld
	}
	_, err := lipgloss.Fprintf(p.out, "%s\n", green.Render(fmt.Sprintf("All %d steps held.", p.steps)))
	return err
}

// step carries out one step and prints it. do says what was seen; an error of
// the server is seen as its code. The step holds when that is what was expected.
func (p *play) step(ctx context.Context, what, expected string, do func(context.Context) (string, error)) {
	if p.failed || ctx.Err() != nil {
		return
	}
	p.steps++
	ctx, cancel := context.WithTimeout(ctx, playPatience+2*time.Duration(p.techA.TOTPPeriod)*time.Second)
	defer cancel()
	seen, err := do(ctx)
	if problem, ok := errors.AsType[*edge.Problem](err); ok {
		seen = refusedWith(problem.Code)
	} else if err != nil {
		seen = err.Error()
	}
	style, mark := green, "✓"
	if seen != expected {
		p.failed, style, mark = true, red, "✗"
	}
	p.line(style, mark, fmt.Sprintf("%2d. %s", p.steps, what), expected, seen)
}

// line prints one row. Each appears as it happens, so the widths are fixed.
func (p *play) line(style lipgloss.Style, mark, what, expected, seen string) {
	_, _ = lipgloss.Fprintln(p.out, style.Render(mark)+fmt.Sprintf(" %-66s %-30s ", what, expected)+style.Render(seen))
}

// refused is a step that a rule must refuse.
func (p *play) refused(ctx context.Context, what string, code custody.Code, do func(context.Context) error) {
	p.step(ctx, what, refusedWith(code), func(ctx context.Context) (string, error) { return "done", do(ctx) })
}

func refusedWith(code custody.Code) string { return "refused: " + string(code) }

// confirmTries is more than once because codes of a second or two can age on
// their way to a server that is busy.
const confirmTries = 3

// confirm waits until the person's authenticator shows a code that was not used,
// and gives the command that code. A command that a rule refuses does not use
// its code up: the next one can have it.
func (who *player) confirm(ctx context.Context, command func(code api.Secret) error) (err error) {
	for range confirmTries {
		var aged bool
		if aged, err = who.confirmOnce(ctx, command); !aged {
			break
		}
	}
	return err
}

// confirmOnce says, beside the error, whether that is because the code was too
// old when it was looked at.
func (who *player) confirmOnce(ctx context.Context, command func(code api.Secret) error) (aged bool, err error) {
	next := time.Unix((who.last+1)*int64(who.TOTPPeriod), 0)
	select {
	case <-time.After(time.Until(next)):
	case <-ctx.Done():
		return false, ctx.Err()
	}
	step := totp.Step(who.TOTPPeriod, time.Now())
	code, err := who.codeOf(step)
	if err != nil {
		return false, err
	}
	if err := command(code); err != nil {
		problem, _ := errors.AsType[*edge.Problem](err)
		late := totp.Step(who.TOTPPeriod, time.Now()) > step+1
		return late && problem != nil && problem.Code == custody.TOTPInvalid, err
	}
	who.last = step
	return false, nil
}

// logIn opens the person's session.
func (who *player) logIn(ctx context.Context) error {
	return who.confirm(ctx, func(code api.Secret) error {
		_, err := who.server.SignIn(ctx, api.SignIn{
			Username: who.Username, Password: api.Secret(who.Password), TOTP: code,
		})
		return err
	})
}

// codeOf gives the code of a TOTP step, used or not.
func (who *player) codeOf(step int64) (api.Secret, error) {
	code, err := totp.Code(custody.SecretString(who.TOTPSecret), step)
	return api.Secret(code), err
}

// wrongCode gives six digits that are no code of the person around now.
func (who *player) wrongCode() (api.Secret, error) {
	now := totp.Step(who.TOTPPeriod, time.Now())
	right := map[api.Secret]bool{}
	for step := now - 3; step <= now+3; step++ {
		code, err := who.codeOf(step)
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
