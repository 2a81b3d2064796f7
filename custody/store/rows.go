package store

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody"
)

// Each folded table has a row type. Its fields can be compared with ==, and one
// value of the domain has one row: that is what makes a rebuild byte-equal. The
// first field is the key, and args gives all of them in their order.

// row is a row of a folded table whose value is a V.
type row[V any] interface {
	key() string
	args(to []any) []any
	value() (V, error)
}

// find reads the rows that db selects.
func find[R row[V], V any](db *gorm.DB, table string) ([]V, error) {
	var rows []R
	if err := db.Find(&rows).Error; err != nil {
		return nil, unavailable("read "+table, err)
	}
	values := make([]V, len(rows))
	for i, r := range rows {
		var err error
		if values[i], err = r.value(); err != nil {
			return nil, fmt.Errorf("store: %s %q: %w", table, r.key(), err)
		}
	}
	return values, nil
}

type personRow struct {
	Username    string
	Name        string
	Email       string
	Roles       string
	Disabled    bool
	Enrolled    bool
	TOTPPeriod  int `gorm:"column:totp_period"`
	LastStep    int64
	LastRequest string
	WrongCodes  int
	Lockouts    int
	LockedUntil string
	Away        bool
	AwaySince   string
	AwayUntil   string
	AwayReason  string

	EnrolmentNumber int64
	Account         int64
}

func (personRow) TableName() string { return "people" }

func (r personRow) key() string { return r.Username }

func (r personRow) args(to []any) []any {
	return append(to, r.Username, r.Name, r.Email, r.Roles, r.Disabled, r.Enrolled, r.TOTPPeriod,
		r.LastStep, r.LastRequest, r.WrongCodes, r.Lockouts, r.LockedUntil,
		r.Away, r.AwaySince, r.AwayUntil, r.AwayReason, r.EnrolmentNumber, r.Account)
}

func rowOfPerson(p custody.Person) (personRow, error) {
	var e encoder
	return personRow{
		Username: p.Username, Name: p.Name, Email: p.Email.Commitment(), Roles: e.json(p.Roles),
		Disabled: p.Disabled, Enrolled: p.Enrolled, TOTPPeriod: p.TOTPPeriod,
		LastStep: p.LastStep, LastRequest: p.LastRequest,
		WrongCodes: p.WrongCodes, Lockouts: p.Lockouts, LockedUntil: formatInstant(p.LockedUntil),
		Away: p.Away, AwaySince: formatInstant(p.AwaySince), AwayUntil: formatInstant(p.AwayUntil), AwayReason: p.AwayReason.Commitment(),
		EnrolmentNumber: p.Number, Account: p.Account,
	}, e.err
}

func (r personRow) value() (custody.Person, error) {
	var d decoder
	p := custody.Person{
		Username: r.Username, Name: r.Name, Email: custody.NoteWith(r.Email),
		Disabled: r.Disabled,
		Enrolment: custody.Enrolment{
			Number: r.EnrolmentNumber, Account: r.Account, Enrolled: r.Enrolled, TOTPPeriod: r.TOTPPeriod, LastStep: r.LastStep, LastRequest: r.LastRequest,
			WrongCodes: r.WrongCodes, Lockouts: r.Lockouts, LockedUntil: d.instant(r.LockedUntil),
		},
		Presence: custody.Presence{
			Away: r.Away, AwaySince: d.instant(r.AwaySince), AwayUntil: d.instant(r.AwayUntil), AwayReason: custody.NoteWith(r.AwayReason),
		},
	}
	d.json(r.Roles, &p.Roles)
	return p, d.err
}

type credentialRow struct {
	Name             string
	Target           string
	Policy           string
	PrimaryCustodian string
	BackupCustodian  string
	Reconciles       bool
	Phase            custody.Phase
	Holder           string
	Version          int64
	RotatedAt        string
	Exposure         string
	Handover         string
	Drifted          string
	Updates          string

	RotationNumber    int64
	RotationReason    custody.RotationReason
	RotationSuccessor string
	RotationStep      custody.RotationStep
	RotationSince     string
	RotationDeadline  string
	RotationAttempts  int
	RotationNextTry   string
	RotationFailure   string
	RotationOverdue   bool
	RotationShown     bool

	LeaseID      string
	LeasePerson  string
	LeasePurpose string
	LeaseStart   string
	LeaseUntil   string

	Arriving string
}

func (credentialRow) TableName() string { return "credentials" }

func (r credentialRow) key() string { return r.Name }

func (r credentialRow) args(to []any) []any {
	return append(to, r.Name, r.Target, r.Policy, r.PrimaryCustodian, r.BackupCustodian, r.Reconciles,
		string(r.Phase), r.Holder, r.Version, r.RotatedAt, r.Exposure, r.Handover, r.Drifted, r.Updates,
		r.RotationNumber, string(r.RotationReason), r.RotationSuccessor, string(r.RotationStep), r.RotationSince, r.RotationDeadline,
		r.RotationAttempts, r.RotationNextTry, r.RotationFailure, r.RotationOverdue, r.RotationShown,
		r.LeaseID, r.LeasePerson, r.LeasePurpose, r.LeaseStart, r.LeaseUntil, r.Arriving)
}

func rowOfCredential(c custody.Credential) (credentialRow, error) {
	var e encoder
	return credentialRow{
		Name: c.Name, Target: e.json(c.Target), Policy: e.json(c.Policy),
		PrimaryCustodian: c.Primary, BackupCustodian: c.Backup, Reconciles: c.Reconciles, Arriving: c.Arriving,
		Phase: c.Phase, Holder: c.Holder, Version: c.Version, RotatedAt: formatInstant(c.RotatedAt),
		Exposure: e.json(c.Exposure), Handover: c.Handover,
		Drifted: formatInstant(c.Drifted), Updates: e.json(c.Updates),

		RotationNumber: c.Rotation.Number, RotationReason: c.Rotation.Reason,
		RotationSuccessor: c.Rotation.Successor, RotationStep: c.Rotation.Step,
		RotationSince: formatInstant(c.Rotation.Since), RotationDeadline: formatInstant(c.Rotation.Deadline),
		RotationAttempts: c.Rotation.Attempts, RotationNextTry: formatInstant(c.Rotation.NextTry),
		RotationFailure: c.Rotation.Failure, RotationOverdue: c.Rotation.Overdue,
		RotationShown: c.Rotation.Shown,

		LeaseID: c.Lease.ID, LeasePerson: c.Lease.Person, LeasePurpose: c.Lease.Purpose.Commitment(),
		LeaseStart: formatInstant(c.Lease.Start), LeaseUntil: formatInstant(c.Lease.Until),
	}, e.err
}

func (r credentialRow) value() (custody.Credential, error) {
	var d decoder
	c := custody.Credential{
		Name: r.Name, Primary: r.PrimaryCustodian, Backup: r.BackupCustodian, Reconciles: r.Reconciles, Arriving: r.Arriving,
		Phase: r.Phase, Holder: r.Holder, Version: r.Version, RotatedAt: d.instant(r.RotatedAt), Handover: r.Handover,
		Drifted: d.instant(r.Drifted),
		Rotation: custody.Rotation{
			Number: r.RotationNumber, Reason: r.RotationReason, Successor: r.RotationSuccessor, Step: r.RotationStep,
			Since: d.instant(r.RotationSince), Deadline: d.instant(r.RotationDeadline),
			Attempts: r.RotationAttempts, NextTry: d.instant(r.RotationNextTry),
			Failure: r.RotationFailure, Overdue: r.RotationOverdue, Shown: r.RotationShown,
		},
		Lease: custody.Lease{
			ID: r.LeaseID, Person: r.LeasePerson, Purpose: custody.NoteWith(r.LeasePurpose),
			Start: d.instant(r.LeaseStart), Until: d.instant(r.LeaseUntil),
		},
	}
	d.json(r.Target, &c.Target)
	d.json(r.Policy, &c.Policy)
	d.json(r.Exposure, &c.Exposure)
	d.json(r.Updates, &c.Updates)
	return c, d.err
}

type handoverRow struct {
	ID             string
	Giver          string
	Receiver       string
	Credentials    string
	Reason         string
	Status         custody.HandoverStatus
	Leave          bool
	ExpectedReturn string
	OfferedAt      string
	Expires        string
	AcceptedAt     string
	ReturnedAt     string
	EndedAt        string
	Overdue        bool
}

func (handoverRow) TableName() string { return "handovers" }

func (r handoverRow) key() string { return r.ID }

func (r handoverRow) args(to []any) []any {
	return append(to, r.ID, r.Giver, r.Receiver, r.Credentials, r.Reason, string(r.Status), r.Leave,
		r.ExpectedReturn, r.OfferedAt, r.Expires, r.AcceptedAt, r.ReturnedAt, r.EndedAt, r.Overdue)
}

func rowOfHandover(h custody.Handover) (handoverRow, error) {
	var e encoder
	return handoverRow{
		ID: h.ID, Giver: h.From, Receiver: h.To, Credentials: e.json(h.Credentials), Reason: h.Reason.Commitment(),
		Status: h.Status, Leave: h.Leave, ExpectedReturn: formatInstant(h.ExpectedReturn),
		OfferedAt: formatInstant(h.OfferedAt), Expires: formatInstant(h.Expires),
		AcceptedAt: formatInstant(h.AcceptedAt), ReturnedAt: formatInstant(h.ReturnedAt),
		EndedAt: formatInstant(h.EndedAt), Overdue: h.Overdue,
	}, e.err
}

func (r handoverRow) value() (custody.Handover, error) {
	var d decoder
	h := custody.Handover{
		ID: r.ID, From: r.Giver, To: r.Receiver, Reason: custody.NoteWith(r.Reason),
		Status: r.Status, Leave: r.Leave, ExpectedReturn: d.instant(r.ExpectedReturn),
		OfferedAt: d.instant(r.OfferedAt), Expires: d.instant(r.Expires),
		AcceptedAt: d.instant(r.AcceptedAt), ReturnedAt: d.instant(r.ReturnedAt),
		EndedAt: d.instant(r.EndedAt), Overdue: r.Overdue,
	}
	d.json(r.Credentials, &h.Credentials)
	return h, d.err
}

// openStatuses are those for which HandoverStatus.Open is true.
var openStatuses = []custody.HandoverStatus{custody.Offered, custody.Accepted, custody.Returned}

// instantLayout sorts as time passes and holds what the domain can: any year
// that JSON can write, to the nanosecond.
const instantLayout = "2006-01-02T15:04:05.000000000Z"

// formatInstant gives "" for the zero time.
func formatInstant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(instantLayout)
}

func parseInstant(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(instantLayout, text)
}

// encoder and decoder keep the first error of several columns.
type encoder struct{ err error }

// json gives one text for one value: maps have their keys in order.
func (e *encoder) json(value any) string {
	text, err := json.Marshal(value, json.Deterministic(true))
	if err != nil && e.err == nil {
		e.err = err
	}
	return string(text)
}

type decoder struct{ err error }

func (d *decoder) instant(text string) time.Time {
	t, err := parseInstant(text)
	if err != nil && d.err == nil {
		d.err = err
	}
	return t
}

// json leaves the nil slice that an empty list was before.
func (d *decoder) json(text string, into any) {
	if text == "[]" {
		return
	}
	if err := json.Unmarshal([]byte(text), into, json.RejectUnknownMembers(true)); err != nil && d.err == nil {
		d.err = err
	}
}
