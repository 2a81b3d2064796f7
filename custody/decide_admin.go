package custody

import (
	"net/mail"
	"slices"
)

func (d *decision) addPerson(a AddPerson) error {
	// An installation's first person is added by whoever set it up: the system.
	if d.command.Actor != System && !d.actor.Is(Admin) {
		return refuseForbidden(Text{En: "an admin", Zh: "管理员"})
	}
	if err := checkName("username", a.Username); err != nil {
		return err
	}
	if err := CheckText("name", a.Name); err != nil {
		return err
	}
	if err := checkRoles(a.Roles); err != nil {
		return err
	}
	if a.Email != "" {
		if addr, err := mail.ParseAddress(a.Email); err != nil || addr.Address != a.Email || len(a.Email) > maxEmail {
			return Invalid("email", Text{En: "is not an e-mail address", Zh: "不是有效的邮箱地址"})
		}
	}
	if a.TOTPPeriod < 1 || a.TOTPPeriod > 300 {
		return Invalid("totp_period", Text{En: "must be 1 to 300 seconds", Zh: "必须为 1 到 300 秒"})
	}
	if _, exists := d.state.Person(a.Username); exists {
		return refuseExists(aPerson)
	}
	roles := slices.Clone(a.Roles)
	slices.Sort(roles)
	d.happen(PersonAdded{
		Username: a.Username, Name: a.Name, Email: a.Email,
		Roles: slices.Compact(roles), TOTPPeriod: a.TOTPPeriod,
	})
	return nil
}

func (d *decision) resetEnrolment(a ResetEnrolment) error {
	if !d.actor.Is(Admin) {
		return refuseForbidden(Text{En: "an admin", Zh: "管理员"})
	}
	if _, ok := d.state.Person(a.Person); !ok {
		return refuseNotFound(aPerson)
	}
	d.happen(EnrolmentReset{Person: a.Person})
	return nil
}

func (d *decision) signIn() error {
	if err := d.confirm(); err != nil {
		return err
	}
	if !d.actor.Enrolled {
		d.happen(PersonEnrolled{Person: d.actor.Username})
	}
	d.happen(SessionOpened{Person: d.actor.Username})
	return nil
}

func (d *decision) addCredential(a AddCredential) error {
	if d.command.Actor != System && !d.actor.Is(Admin) {
		return refuseForbidden(Text{En: "an admin", Zh: "管理员"})
	}
	if err := checkName("name", a.Name); err != nil {
		return err
	}
	if err := checkTarget(a.Target); err != nil {
		return err
	}
	if err := checkPolicy(a.Policy); err != nil {
		return err
	}
	if _, exists := d.state.Credential(a.Name); exists {
		return refuseExists(aCredential)
	}
	primary, err := d.custodian("primary", a.Primary)
	if err != nil {
		return err
	}
	backup, err := d.custodian("backup", a.Backup)
	if err != nil {
		return err
	}
	if a.Primary == a.Backup {
		return Invalid("backup", Text{En: "must be somebody else than the primary", Zh: "不能与A岗为同一人"})
	}
	successor := primary
	if !primary.Present() {
		successor = backup
	}
	if !successor.Present() {
		return refuseNobodyPresent(primary, backup)
	}
	d.happen(CredentialAdded{
		Credential: a.Name, Target: a.Target, Policy: a.Policy,
		Primary: a.Primary, Backup: a.Backup, Successor: successor.Username, Deadline: d.deadline(),
		Reconciles: a.Reconciles,
	})
	return nil
}

func (d *decision) custodian(field, username string) (Person, error) {
	p, ok := d.state.Person(username)
	if !ok || p.Disabled || !p.Is(Technician) {
		return Person{}, Invalid(field, Text{En: "must be an active technician", Zh: "必须是在职的技术员"})
	}
	return p, nil
}

func (d *decision) changePolicy(a ChangePolicy) error {
	if !d.actor.Is(Admin) {
		return refuseForbidden(Text{En: "an admin", Zh: "管理员"})
	}
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	if !c.Active() {
		return refuseInactive(c)
	}
	if err := checkPolicy(a.Policy); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(CredentialPolicyChanged(a))
	return nil
}

func (d *decision) retire(a Retire) error {
	if !d.actor.Is(Admin) {
		return refuseForbidden(Text{En: "an admin", Zh: "管理员"})
	}
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	switch {
	case c.Phase == Rotating:
		return refuseRotating(c)
	case c.Phase == Retired:
		return refuseInactive(c)
	case c.Handover != "":
		return refuseHandoverOpen(c)
	}
	if err := CheckText("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(CredentialRetired{Credential: c.Name, Reason: a.Reason})
	return nil
}
