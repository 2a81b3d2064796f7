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
	"github.com/tandem-custody/tandem/custody/desk"
)

// huma is told through its variables, once for the whole program, that an error
// is a Problem and that what is sent is taken literally. Its own errors repeat
// the submitted value, and with it codes and passwords in the wrong field.
func init() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		return edge.NewProblem(invalid(status, errs), desk.Languages[0], "")
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
	r := &custody.Refusal{}
	for _, err := range errs[:min(len(errs), most)] {
		var detail *huma.ErrorDetail
		if !errors.As(err, &detail) {
			return err
		}
		field, why := explain(detail)
		one := custody.Invalid(field, why)
		r.Code, r.Next = one.Code, one.Next
		r.What.En = strings.TrimSpace(r.What.En + " " + one.What.En)
		r.What.Zh += one.What.Zh
	}
	return r
}

// explanations are what is said for huma's messages. Only what huma takes from
// the schema is used, never what it takes from the request.
var explanations = map[string]custody.Text{
	validation.MsgUnexpectedProperty:      {En: "is not known here", Zh: "不是已知字段"},
	"unknown query parameter":             {En: "is not known here", Zh: "不是已知字段"},
	validation.MsgExpectedString:          {En: "must be text", Zh: "必须是文本"},
	validation.MsgExpectedBoolean:         {En: "must be true or false", Zh: "必须是 true 或 false"},
	validation.MsgExpectedInteger:         {En: "must be a whole number", Zh: "必须是整数"},
	validation.MsgExpectedNumber:          {En: "must be a number", Zh: "必须是数字"},
	validation.MsgExpectedArray:           {En: "must be a list", Zh: "必须是列表"},
	validation.MsgExpectedObject:          {En: "must be an object", Zh: "必须是对象"},
	validation.MsgExpectedRFC3339DateTime: {En: "must be a time such as 2026-01-31T18:00:00Z", Zh: "必须是如 2026-01-31T18:00:00Z 的时间"},
}

// explain gives the name of the field and what is wrong with it.
func explain(d *huma.ErrorDetail) (field string, why custody.Text) {
	field = fieldName(d.Location)
	if why, known := explanations[d.Message]; known {
		return field, why
	}
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	if rest, is := strings.CutPrefix(d.Message, before); is {
		return fieldName(d.Location + "." + strings.TrimSuffix(rest, after)), custody.Text{En: "is missing", Zh: "缺失"}
	}
	var length int
	if n, _ := fmt.Sscanf(d.Message, validation.MsgExpectedMaxLength, &length); n == 1 {
		return field, custody.Text{
			En: fmt.Sprintf("must not be longer than %d characters", length),
			Zh: fmt.Sprintf("不能超过 %d 个字符", length)}
	}
	return field, custody.Text{En: "is not valid", Zh: "无效"}
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
