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
	custody.AccountTaken:       http.StatusConflict,
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
		return &custody.Refusal{Code: custody.NotFound,
			What: custody.Text{En: "There is nothing here.", Zh: "这里没有内容。"},
			Next: custody.Text{En: "Check the name.", Zh: "请核对名称。"}}
	case errors.Is(err, ErrUnreadable):
		return &custody.Refusal{Code: custody.InvalidRequest,
			What: custody.Text{En: "The request cannot be read as JSON.", Zh: "请求不是可读的 JSON。"},
			Next: custody.Text{En: "Send one JSON object, as application/json.", Zh: "请以 application/json 发送一个 JSON 对象。"}}
	case errors.Is(err, desk.ErrKeyReused):
		return &custody.Refusal{Code: custody.InvalidRequest,
			What: custody.Text{En: "This Idempotency-Key was used before, for another request.", Zh: "该 Idempotency-Key 已用于另一个请求。"},
			Next: custody.Text{En: "Take a new key for each new intention.", Zh: "每个新的操作请使用新的键。"}}
	case errors.Is(err, desk.ErrLedgerSuspect):
		return &custody.Refusal{Code: LedgerSuspect, RetryAfter: suspectFor,
			What: custody.Text{
				En: "The ledger is not the one that it was, or holds what no command can have led to: nothing is decided or shown on top of it.",
				Zh: "台账与先前不一致，或含有任何操作都不可能产生的记录：在此之上不再执行或显示任何内容。"},
			Next: custody.Text{
				En: "Tell an operator: tandem ledger verify says what is wrong, a backup or a witness what it was.",
				Zh: "请告知运维人员：tandem ledger verify 可指出问题所在，备份或见证方可证明原状。"}}
	case errors.Is(err, desk.ErrSuspect): // of the other kinds
		return &custody.Refusal{Code: LedgerSuspect, RetryAfter: suspectFor,
			What: custody.Text{
				En: "Database and secret store do not belong together. Nothing is decided and no password is shown until an operator has put that right.",
				Zh: "数据库与密钥库不属于同一系统。在运维人员处理之前，不作任何决定，也不显示任何密码。"},
			Next: custody.Text{
				En: "Tell an operator: the server's log and /readyz name what differs.",
				Zh: "请通知运维人员：服务器日志和 /readyz 会指明差异所在。"}}
	case errors.Is(err, desk.ErrClockWrong):
		return &custody.Refusal{Code: ClockWrong, RetryAfter: suspectFor,
			What: custody.Text{
				En: "The server's clock is wrong: it is behind the ledger, or was set while the server ran. Nothing is decided and no password is shown until it is right. Nothing was done.",
				Zh: "服务器时钟有误：落后于台账，或在运行期间被改动。在时钟恢复正确之前，不作任何决定，也不显示任何密码。此操作未执行。"},
			Next: custody.Text{
				En: "Tell an operator: setting the clock right is enough, and where it is right already they say so on the server, with tandem clock.",
				Zh: "请通知运维人员：校准时钟即可恢复；如果时钟已经正确，请在服务器上用 tandem clock 予以确认。"}}
	case errors.Is(err, desk.ErrSecretsUnavailable):
		return &custody.Refusal{Code: VaultUnavailable, RetryAfter: unavailableFor,
			What: custody.Text{En: "The secret store cannot be used now.", Zh: "密钥库当前不可用。"},
			Next: custody.Text{
				En: "Send it again, with the same Idempotency-Key, when the store is back.",
				Zh: "待密钥库恢复后，请以相同的 Idempotency-Key 重新提交。"}}
	case errors.Is(err, desk.ErrStoreUnavailable),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &custody.Refusal{Code: StoreUnavailable, RetryAfter: unavailableFor,
			What: custody.Text{
				En: "There was no answer in time; it is not known whether this was done.",
				Zh: "未能及时得到答复，无法确定此操作是否已完成。"},
			Next: custody.Text{
				En: "Send it again with the same Idempotency-Key, or look at the present state.",
				Zh: "请以相同的 Idempotency-Key 重新提交，或查看当前状态。"}}
	}
	return &custody.Refusal{Code: Internal,
		What: custody.Text{En: "Something went wrong inside.", Zh: "内部错误。"},
		Next: custody.Text{En: "Tell an operator the request id.", Zh: "请将请求编号告知运维人员。"}}
}

// The refusals of the edge itself.
var (
	ErrTooLarge = &custody.Refusal{Code: TooLarge,
		What: custody.Text{En: "The request is larger than 1 MiB.", Zh: "请求超过 1 MiB。"},
		Next: custody.Text{En: "Send less.", Zh: "请减小请求。"}}
	errCrossOrigin = &custody.Refusal{Code: custody.Forbidden,
		What: custody.Text{En: "A page of another site sent this.", Zh: "该请求来自其他网站的页面。"},
		Next: custody.Text{En: "Use Tandem's own pages.", Zh: "请使用 Tandem 自己的页面。"}}
	ErrNoToken = &custody.Refusal{Code: custody.Unauthenticated,
		What: custody.Text{En: "You are not logged in.", Zh: "您尚未登录。"},
		Next: custody.Text{En: "Log in, and send the token as Authorization: Bearer.", Zh: "请登录，并以 Authorization: Bearer 发送令牌。"}}
)

func errRateLimited(wait time.Duration) *custody.Refusal {
	return &custody.Refusal{Code: RateLimited, RetryAfter: wait,
		What: custody.Text{En: "Too many requests.", Zh: "请求过于频繁。"},
		Next: custody.Text{En: "Wait a moment.", Zh: "请稍后重试。"}}
}

// NewProblem makes the answer of an error, in one of desk.Languages. requestID is "" where
// there is none.
func NewProblem(err error, lang string, requestID string) *Problem {
	r := RefusalOf(err)
	p := &Problem{
		Code: r.Code, Status: StatusOf(r.Code),
		Detail: r.What.In(lang), Next: r.Next.In(lang), Rule: r.Rule, RequestID: requestID,
		RetryAfter: int64(math.Ceil(r.RetryAfter.Seconds())),
	}
	if errors.Is(err, ErrUnreadable) {
		p.Status = http.StatusBadRequest
	}
	p.Title = http.StatusText(p.Status)
	return p
}
