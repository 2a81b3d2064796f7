package edge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/words"
)

// The codes that do not come from the domain.
const (
	TooLarge         custody.Code = "too_large"
	RateLimited      custody.Code = "rate_limited"
	MethodNotAllowed custody.Code = "method_not_allowed"
	VaultUnavailable custody.Code = "vault_unavailable"
	StoreUnavailable custody.Code = "store_unavailable"
	LedgerSuspect    custody.Code = "ledger_suspect"
	ClockWrong       custody.Code = "clock_wrong"
	Internal         custody.Code = "internal"
)

// statuses is the one table from a kind of error to an HTTP status.
var statuses = map[custody.Code]int{
	custody.Unauthenticated:    http.StatusUnauthorized,
	custody.TOTPInvalid:        http.StatusForbidden,
	custody.TOTPReplayed:       http.StatusForbidden,
	custody.LockedOut:          http.StatusTooManyRequests,
	custody.Forbidden:          http.StatusForbidden,
	custody.NotHolder:          http.StatusForbidden,
	custody.NotCustodian:       http.StatusForbidden,
	custody.NotFound:           http.StatusNotFound,
	custody.BothAway:           http.StatusConflict,
	custody.HolderMustHandOver: http.StatusConflict,
	custody.CounterpartAway:    http.StatusConflict,
	custody.HandoverOpen:       http.StatusConflict,
	custody.HandoverNotOpen:    http.StatusConflict,
	custody.RotationPending:    http.StatusConflict,
	custody.AlreadyDecided:     http.StatusConflict,
	custody.OwnRequest:         http.StatusConflict,
	custody.NotEligible:        http.StatusConflict,
	custody.ApprovalNeeded:     http.StatusConflict,
	custody.NoApprover:         http.StatusConflict,
	custody.AccountTaken:       http.StatusConflict,
	custody.SeatIsVacant:       http.StatusConflict,
	custody.AbsenceOverlap:     http.StatusConflict,
	custody.IsParked:           http.StatusConflict,
	custody.EmergencyOpen:      http.StatusConflict,
	custody.Conflict:           http.StatusConflict,
	custody.InvalidRequest:     http.StatusUnprocessableEntity, // 400 when it cannot even be read: ErrUnreadable
	TooLarge:                   http.StatusRequestEntityTooLarge,
	RateLimited:                http.StatusTooManyRequests,
	MethodNotAllowed:           http.StatusMethodNotAllowed,
	VaultUnavailable:           http.StatusServiceUnavailable,
	StoreUnavailable:           http.StatusServiceUnavailable,
	LedgerSuspect:              http.StatusServiceUnavailable,
	ClockWrong:                 http.StatusServiceUnavailable,
	Internal:                   http.StatusInternalServerError,
}

// StatusOf gives the HTTP status of a code.
func StatusOf(c custody.Code) int { return cmp.Or(statuses[c], http.StatusInternalServerError) }

// Codes lists every code a problem can have, sorted.
func Codes() []custody.Code { return slices.Sorted(maps.Keys(statuses)) }

// Problem is the answer to whatever did not work (RFC 9457). Its type is
// "about:blank", which is what leaving it out means; code tells the kinds apart.
type Problem struct {
	Title      string       `json:"title"`
	Status     int          `json:"status"`
	Code       custody.Code `json:"code"`
	Detail     string       `json:"detail" doc:"Who or what stands in the way"`
	Next       string       `json:"next,omitzero" doc:"What to do now"`
	Field      string       `json:"field,omitzero" doc:"Field of the request that it is about"`
	Args       custody.Args `json:"args,omitzero" doc:"What detail and next speak of, by name: who, what, until when. Instants are RFC 3339, durations seconds, words of a closed list their code"`
	Rule       string       `json:"rule,omitzero" doc:"Clause of the policy that refused"`
	RetryAfter int64        `json:"retry_after,omitzero" doc:"Seconds; also in Retry-After"`
	RequestID  string       `json:"request_id,omitzero"`
	Causes     []string     `json:"causes,omitzero" doc:"Codes of everything that is not ready (only /readyz)"`
	Reasons    []string     `json:"reasons,omitzero" doc:"The same for a person, in the same order (only /readyz)"`
}

// Error gives the code, what happened and what to do next.
func (p *Problem) Error() string {
	if p.Next == "" {
		return fmt.Sprintf("%s: %s", p.Code, p.Detail)
	}
	return fmt.Sprintf("%s: %s %s", p.Code, p.Detail, p.Next)
}

// Refused says that a rule of the policy refused, rather than that the request
// was wrong or that something did not work.
func (p *Problem) Refused() bool {
	switch p.Code {
	case custody.Unauthenticated, custody.NotFound, custody.InvalidRequest, RateLimited, MethodNotAllowed:
		return false
	}
	switch statuses[p.Code] {
	case http.StatusForbidden, http.StatusConflict, http.StatusTooManyRequests:
		return true
	}
	return false
}

// GetStatus, GetHeaders and ContentType are what huma asks an error for.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders gives the headers that belong to the problem.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(p.RetryAfter, 10))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	return h
}

// ContentType gives the media type of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// ErrUnreadable: the request is no JSON, or did not arrive whole.
var ErrUnreadable = errors.New("the request cannot be read")

// unavailableFor is when a client may ask again after something was down.
const unavailableFor = 5 * time.Second

// suspectFor is that after somebody had to look.
const suspectFor = time.Minute

// RefusalOf gives the Refusal that an error stands for. A kind that is not known
// here gives Internal, and none of its text.
func RefusalOf(err error) *custody.Refusal {
	var r *custody.Refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, desk.ErrNotFound):
		return &custody.Refusal{Code: custody.NotFound, Key: "nothing_here"}
	case errors.Is(err, ErrUnreadable):
		return &custody.Refusal{Code: custody.InvalidRequest, Key: "not_json"}
	case errors.Is(err, desk.ErrKeyReused):
		return &custody.Refusal{Code: custody.InvalidRequest, Key: "key_reused"}
	case errors.Is(err, desk.ErrLedgerSuspect):
		return &custody.Refusal{Code: LedgerSuspect, RetryAfter: suspectFor, Key: "ledger_suspect"}
	case errors.Is(err, desk.ErrSuspect): // of the other kinds
		return &custody.Refusal{Code: LedgerSuspect, RetryAfter: suspectFor, Key: "suspect"}
	case errors.Is(err, desk.ErrClockApart):
		return &custody.Refusal{Code: ClockWrong, RetryAfter: unavailableFor, Key: "clock_apart"}
	case errors.Is(err, desk.ErrClockWrong):
		return &custody.Refusal{Code: ClockWrong, RetryAfter: suspectFor, Key: "clock_wrong"}
	case errors.Is(err, desk.ErrNotKnownYet):
		return &custody.Refusal{Code: VaultUnavailable, RetryAfter: unavailableFor, Key: "not_known_yet"}
	case errors.Is(err, desk.ErrSecretsUnavailable):
		return &custody.Refusal{Code: VaultUnavailable, RetryAfter: unavailableFor, Key: "vault_unavailable"}
	case errors.Is(err, desk.ErrStoreUnavailable),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &custody.Refusal{Code: StoreUnavailable, RetryAfter: unavailableFor, Key: "store_unavailable"}
	}
	return &custody.Refusal{Code: Internal, Key: "internal"}
}

// The refusals of the edge itself.
var (
	ErrTooLarge    = &custody.Refusal{Code: TooLarge, Key: "too_large"}
	errCrossOrigin = &custody.Refusal{Code: custody.Forbidden, Key: "cross_origin"}
	ErrNoToken     = &custody.Refusal{Code: custody.Unauthenticated, Key: "no_token"}
)

func errRateLimited(wait time.Duration) *custody.Refusal {
	return &custody.Refusal{Code: RateLimited, RetryAfter: wait, Key: "rate_limited"}
}

// InvalidFields is everything that is wrong with one request, of which the first
// stands for all. There is at least one.
type InvalidFields []*custody.Refusal

func (f InvalidFields) Error() string { return f[0].Error() }

// Unwrap gives the first.
func (f InvalidFields) Unwrap() error { return f[0] }

// NewProblem makes the answer of an error, in one of words.Languages. requestID is ""
// where there is none.
func NewProblem(err error, lang, requestID string) *Problem {
	r := RefusalOf(err)
	said := words.In(lang).Refusal(r)
	p := &Problem{
		Code: r.Code, Status: StatusOf(r.Code), Detail: said.What, Next: said.Next,
		Field: r.Field, Args: r.Args, Rule: r.Rule, RequestID: requestID,
		RetryAfter: int64(math.Ceil(r.RetryAfter.Seconds())),
	}
	if many, ok := errors.AsType[InvalidFields](err); ok {
		for _, other := range many[1:] {
			p.Detail = words.In(lang).Sentences(p.Detail, words.In(lang).Refusal(other).What)
		}
	}
	if errors.Is(err, ErrUnreadable) {
		p.Status = http.StatusBadRequest
	}
	p.Title = http.StatusText(p.Status)
	return p
}
