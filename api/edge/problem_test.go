package edge

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/words"
)

// contract is the list of codes in the contract, written out once more.
var contract = map[custody.Code]int{
	"unauthenticated": 401, "totp_invalid": 403, "totp_replayed": 403, "locked_out": 429,
	"forbidden": 403, "not_holder": 403, "not_custodian": 403, "not_found": 404,
	"both_away": 409, "holder_must_hand_over": 409, "counterpart_away": 409, "handover_open": 409,
	"handover_not_open": 409, "rotation_pending": 409, "already_decided": 409, "own_request": 409, "conflict": 409,
	"account_taken": 409, "seat_vacant": 409, "absence_overlap": 409, "parked": 409, "emergency_open": 409, "not_eligible": 409, "approval_needed": 409, "no_approver": 409,
	"invalid_request": 422, "too_large": 413, "vault_unavailable": 503, "store_unavailable": 503, "ledger_suspect": 503, "clock_wrong": 503, "internal": 500,
	"rate_limited": 429, "method_not_allowed": 405, // ours, beside the contract
}

func TestEveryCodeHasTheStatusOfTheContract(t *testing.T) {
	if len(statuses) != len(contract) {
		t.Errorf("%d codes have a status, the contract has %d", len(statuses), len(contract))
	}
	for code, status := range contract {
		p := NewProblem(&custody.Refusal{Code: code}, words.English, "")
		if p.Status != status || p.Code != code || p.Title != http.StatusText(status) {
			t.Errorf("%s: %+v, want status %d", code, p, status)
		}
	}
}

// The domain's codes are read from its source, so that a new one cannot be
// forgotten here.
func TestTheTableKnowsEveryCodeOfTheDomain(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../custody/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, is := n.(*ast.ValueSpec)
		if !is {
			return true
		}
		if kind, named := spec.Type.(*ast.Ident); named && kind.Name == "Code" {
			code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			seen++
			if statuses[custody.Code(code)] == 0 {
				t.Errorf("%s has no status", code)
			}
		}
		return true
	})
	if seen < 18 {
		t.Fatalf("only %d codes were found", seen)
	}
}

func TestErrorsThatAreNoRefusal(t *testing.T) {
	for _, test := range []struct {
		err    error
		code   custody.Code
		status int
	}{
		{desk.ErrSecretsUnavailable, VaultUnavailable, 503},
		{desk.ErrStoreUnavailable, StoreUnavailable, 503},
		{desk.ErrClosed, StoreUnavailable, 503},
		{context.DeadlineExceeded, StoreUnavailable, 503},
		{context.Canceled, StoreUnavailable, 503},
		{errors.Join(context.DeadlineExceeded, desk.ErrSecretsUnavailable), VaultUnavailable, 503},
		{desk.ErrKeyReused, custody.InvalidRequest, 422},
		{desk.ErrNotFound, custody.NotFound, 404},
		{ErrUnreadable, custody.InvalidRequest, 400},
		{ErrTooLarge, TooLarge, 413},
		{custody.Invalid("purpose", "empty"), custody.InvalidRequest, 422},
		{&custody.Violation{Invariant: "I1", Subject: "db01", Detail: "MARKED"}, Internal, 500},
		{errors.New("MARKED: a password perhaps"), Internal, 500},
	} {
		p := NewProblem(fmt.Errorf("while MARKED: %w", test.err), words.English, "an-id")
		if p.Code != test.code || p.Status != test.status || p.RequestID != "an-id" || p.Detail == "" || p.Next == "" {
			t.Errorf("%v: %+v", test.err, p)
		}
		if strings.Contains(fmt.Sprintf("%+v", *p), "MARKED") {
			t.Errorf("the error's own text got out: %+v", p)
		}
	}
}

func TestEverythingIsSaidInBothLanguages(t *testing.T) {
	for _, err := range []error{
		desk.ErrNotFound, ErrUnreadable, desk.ErrKeyReused, desk.ErrSecretsUnavailable, desk.ErrStoreUnavailable,
		errors.New("x"), ErrTooLarge, errCrossOrigin, ErrNoToken, errRateLimited(time.Second),
	} {
		en, zh := NewProblem(err, words.English, ""), NewProblem(err, words.Chinese, "")
		han := func(r rune) bool { return unicode.Is(unicode.Han, r) }
		if en.Detail == "" || en.Next == "" || strings.ContainsFunc(en.Detail+en.Next, han) {
			t.Errorf("%v: %+v is not English", err, en)
		}
		if !strings.ContainsFunc(zh.Detail, han) || !strings.ContainsFunc(zh.Next, han) {
			t.Errorf("%v: %+v is not Chinese", err, zh)
		}
	}
}

func TestWaitingIsRoundedUp(t *testing.T) {
	p := NewProblem(errRateLimited(1200*time.Millisecond), words.English, "")
	if p.RetryAfter != 2 || p.GetHeaders().Get("Retry-After") != "2" {
		t.Errorf("problem = %+v, headers = %v", p, p.GetHeaders())
	}
}

func TestWhatIsARefusalByARule(t *testing.T) {
	notByARule := map[custody.Code]bool{
		custody.Unauthenticated: true, custody.NotFound: true, custody.InvalidRequest: true, TooLarge: true, RateLimited: true,
		MethodNotAllowed: true, VaultUnavailable: true, StoreUnavailable: true, LedgerSuspect: true, ClockWrong: true, Internal: true,
	}
	for _, code := range Codes() {
		if got := (&Problem{Code: code}).Refused(); got == notByARule[code] {
			t.Errorf("%s: Refused() = %v", code, got)
		}
	}
}

// A ledger that was rolled back is not told as a secret store of somebody else's.
func TestASuspectLedgerIsToldAsOne(t *testing.T) {
	for err, want := range map[error]string{
		desk.ErrLedgerSuspect: "The ledger is not the one that it was",
		desk.ErrOtherSecrets:  "Database and secret store do not belong together",
	} {
		if p := NewProblem(fmt.Errorf("inside: %w", err), words.English, ""); p.Code != LedgerSuspect || p.Status != 503 || !strings.HasPrefix(p.Detail, want) {
			t.Errorf("%v: %+v", err, p)
		}
	}
}

// TestAClientNeedsToReadNoSentence: the field, and who, what and until when, stand
// beside it as values.
func TestAClientNeedsToReadNoSentence(t *testing.T) {
	until := time.Date(2026, 3, 2, 20, 0, 0, 0, time.FixedZone("", 8*60*60))
	for _, test := range []struct {
		err  error
		want string
	}{
		{custody.Invalid("purpose", "too_long", custody.Args{"most": 500}), `"field":"purpose","args":{"most":500}`},
		{&custody.Refusal{Code: custody.BothAway, Key: "both_away", Args: custody.Args{"credential": "db01", "person": "ann", "until": custody.Planned{Time: until}}},
			`"args":{"credential":"db01","person":"ann","until":"2026-03-02T12:00:00Z"}`},
		{&custody.Refusal{Code: custody.BothAway, Key: "both_away", Args: custody.Args{"credential": "db01", "person": "ann", "until": custody.Planned{}}},
			`"args":{"credential":"db01","person":"ann"}`},
		{&custody.Refusal{Code: custody.LockedOut, Key: "login_locked", Args: custody.Args{"wait": 1200 * time.Millisecond}}, `"args":{"wait":2}`},
		{&custody.Refusal{Code: custody.Conflict, Key: "not_in_custody", Args: custody.Args{"credential": "db01", "phase": custody.Term{List: "phase", Code: "retired"}}},
			`"args":{"credential":"db01","phase":"retired"}`},
		{InvalidFields{custody.Invalid("a", "empty"), custody.Invalid("b", "missing")}, `"detail":"The field \"a\" must not be empty. The field \"b\" is missing.","next":"Correct it and send it again.","field":"a"`},
	} {
		body, err := json.Marshal(NewProblem(test.err, words.English, ""))
		if err != nil || !strings.Contains(string(body), test.want) {
			t.Errorf("%s, %v: want %s", body, err, test.want)
		}
	}
}
