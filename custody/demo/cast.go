package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/pquerna/otp"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	rotationssh "github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/totp"
)

// demoCast is who plays in a demo.
var demoCast = []custody.AddPerson{
	{Username: "tech-a", Name: "Technician A", Roles: []custody.Role{custody.Technician}},
	{Username: "tech-b", Name: "Technician B", Roles: []custody.Role{custody.Technician}},
	{Username: "manager", Name: "IT Manager", Roles: []custody.Role{custody.Manager}},
	{Username: "director", Name: "Vice President", Roles: []custody.Role{custody.Director}},
	{Username: "auditor", Name: "Auditor", Roles: []custody.Role{custody.Auditor}},
	{Username: "admin", Name: "Administrator", Roles: []custody.Role{custody.Admin}},
}

// Credential is an account on the demo SSH server, as --json shows it.
type Credential struct {
	Name    string `json:"name"`
	Account string `json:"account"` // the log-in on the demo SSH server
}

var Credentials = []Credential{{"demo-root", "root"}, {"demo-db", "db"}}

// SeedPeople opens the accounts and enrols everybody, through the use cases that
// a real installation has.
func SeedPeople(ctx context.Context, d *desk.Desk, period int) ([]Person, error) {
	var people []Person
	for _, add := range demoCast {
		add.TOTPPeriod = period
		login, err := d.AddPerson(ctx, desk.By{Actor: custody.System, Request: rand.Text()}, add)
		if err != nil {
			return nil, fmt.Errorf("add %s: %w", add.Username, err)
		}
		key, err := otp.NewKeyFromURL(login.OTPAuth.Reveal())
		if err != nil {
			return nil, fmt.Errorf("the otpauth URI of %s cannot be read", add.Username) // the error would quote it
		}
		person := Person{
			Username: add.Username, Password: login.Password.Reveal(),
			TOTPSecret: key.Secret(), TOTPPeriod: period, Roles: add.Roles,
		}
		if person.Enrolled, err = enrol(ctx, d, person); err != nil {
			return nil, fmt.Errorf("enrol %s: %w", add.Username, err)
		}
		people = append(people, person)
	}
	return people, nil
}

// enrol proves a person's seed by a log-in with the code of the step before,
// which the skew allows, so that the code on the screen can still be used. A step
// can end meanwhile, and on a busy machine those of a second or two do: the next
// try has a code that lasts longer. It gives the step whose code is used up.
func enrol(ctx context.Context, d *desk.Desk, p Person) (int64, error) {
	var errs []error
	for _, late := range []int64{1, 0, 0} {
		step := totp.Step(p.TOTPPeriod, d.Time()) - late
		code, err := totp.Code(custody.SecretString(p.TOTPSecret), step)
		if err != nil {
			return 0, err
		}
		session, err := d.SignIn(ctx, desk.SignInRequest{
			Username: p.Username, Password: custody.SecretString(p.Password), Code: code, Request: rand.Text(),
		})
		if err == nil {
			return step, d.SignOut(ctx, session.Token, rand.Text())
		}
		errs = append(errs, err)
	}
	return 0, errors.Join(errs...)
}

// SeedCredentials puts the accounts of the demo SSH server under custody.
func SeedCredentials(ctx context.Context, d *desk.Desk, address, hostKey string, adminKey []byte, passwords map[string]string) error {
	for _, credential := range Credentials {
		_, err := d.AddCredential(ctx, desk.By{Actor: custody.System, Request: rand.Text()}, custody.AddCredential{
			Name: credential.Name, Primary: "tech-a", Backup: "tech-b",
			Target: desk.NewTarget(custody.Target{
				Kind: rotationssh.Kind, Address: address, Account: credential.Account,
				Settings: map[string]string{"host_key": hostKey, "admin": sshAdmin},
			}),
		}, custody.SecretString(passwords[credential.Account]), custody.NewSecret(adminKey))
		if err != nil {
			return fmt.Errorf("add %s: %w", credential.Name, err)
		}
	}
	return nil
}
