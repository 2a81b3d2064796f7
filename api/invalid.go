package api

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/words"
)

// huma is told through its variables, once for the whole program, that an error
// is a Problem and that what is sent is taken literally. Its own errors repeat
// the submitted value, and with it codes and passwords in the wrong field.
func init() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		return edge.NewProblem(invalid(status, errs), words.English, "")
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		return edge.Of(ctx.Context()).Problem(invalid(status, errs))
	}
}

// invalid says what is wrong with a request that huma did not accept.
func invalid(status int, errs []error) error {
	if status != http.StatusUnprocessableEntity || len(errs) == 0 {
		return edge.ErrUnreadable
	}
	const most = 5 // are enough to go on with
	var all edge.InvalidFields
	for _, err := range errs[:min(len(errs), most)] {
		var detail *huma.ErrorDetail
		if !errors.As(err, &detail) {
			return err
		}
		all = append(all, explain(detail))
	}
	return all
}

// explanations are what is said for huma's messages. Only what huma takes from
// the schema is used, never what it takes from the request.
var explanations = map[string]func(field string) *custody.Refusal{
	validation.MsgUnexpectedProperty:      func(f string) *custody.Refusal { return custody.Invalid(f, "unknown") },
	"unknown query parameter":             func(f string) *custody.Refusal { return custody.Invalid(f, "unknown") },
	validation.MsgExpectedString:          func(f string) *custody.Refusal { return custody.Invalid(f, "not_text") },
	validation.MsgExpectedBoolean:         func(f string) *custody.Refusal { return custody.Invalid(f, "not_a_switch") },
	validation.MsgExpectedInteger:         func(f string) *custody.Refusal { return custody.Invalid(f, "not_whole") },
	validation.MsgExpectedNumber:          func(f string) *custody.Refusal { return custody.Invalid(f, "not_a_number") },
	validation.MsgExpectedArray:           func(f string) *custody.Refusal { return custody.Invalid(f, "not_a_list") },
	validation.MsgExpectedObject:          func(f string) *custody.Refusal { return custody.Invalid(f, "not_an_object") },
	validation.MsgExpectedRFC3339DateTime: func(f string) *custody.Refusal { return custody.Invalid(f, "not_a_time") },
}

// explain says which field it is and what is wrong with it.
func explain(d *huma.ErrorDetail) *custody.Refusal {
	field := fieldName(d.Location)
	if refuse, known := explanations[d.Message]; known {
		return refuse(field)
	}
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	if rest, is := strings.CutPrefix(d.Message, before); is {
		return custody.Invalid(fieldName(d.Location+"."+strings.TrimSuffix(rest, after)), "missing")
	}
	var length int
	if n, _ := fmt.Sscanf(d.Message, validation.MsgExpectedMaxLength, &length); n == 1 {
		return custody.Invalid(field, "too_long", custody.Args{"most": length})
	}
	return custody.Invalid(field, "not_valid")
}

// ownName is what every field of ours is called. Another name is the client's
// own text and may be a password in the wrong place: it is not repeated.
var ownName = regexp.MustCompile(`^[a-z_]{1,32}(\[\d+\])?$`)

// fieldName gives the name of a field as a client knows it: "body.target.kind"
// is "target.kind".
func fieldName(location string) string {
	source, path, inside := strings.Cut(location, ".")
	if !inside {
		return source
	}
	for part := range strings.SplitSeq(path, ".") {
		if !ownName.MatchString(part) {
			return "?"
		}
	}
	return path
}
