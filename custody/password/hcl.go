package password

import (
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// maxHCL bounds the text of a policy, in bytes.
const maxHCL = 64 << 10

// ParseHCL reads a policy in the language of Vault's password policies:
//
//	length = 16
//	rule "charset" {
//	  charset   = "0123456789"
//	  min-chars = 2
//	}
//
// and checks it (Policy.Check). The error has a line for each problem, which
// starts with name, line and columns.
func ParseHCL(name string, text []byte) (Policy, error) {
	if len(text) > maxHCL {
		return Policy{}, fmt.Errorf("%s: longer than %d bytes", name, maxHCL)
	}
	file, wrong := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	if wrong.HasErrors() {
		return Policy{}, lines(wrong)
	}
	var document struct {
		Length   int       `hcl:"length"`
		LengthAt hcl.Range `hcl:"length,attr_value_range"`
		Rules    []struct {
			Kind    string    `hcl:"kind,label"`
			Charset string    `hcl:"charset"`
			Min     int       `hcl:"min-chars,optional"`
			At      hcl.Range `hcl:",def_range"`
		} `hcl:"rule,block"`
	}
	if wrong := gohcl.DecodeBody(file.Body, nil, &document); wrong.HasErrors() {
		return Policy{}, lines(wrong)
	}
	policy := Policy{Length: document.Length}
	for _, rule := range document.Rules {
		if rule.Kind != "charset" {
			wrong = append(wrong, &hcl.Diagnostic{Summary: `the only kind of rule is "charset"`, Subject: &rule.At})
		}
		policy.Classes = append(policy.Classes, Class{Chars: rule.Charset, Min: rule.Min})
	}
	for _, problem := range policy.problems() {
		at := hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}
		switch problem.class {
		case ofPolicy:
		case ofLength:
			at = document.LengthAt
		default:
			at = document.Rules[problem.class].At
		}
		wrong = append(wrong, &hcl.Diagnostic{Summary: problem.text, Subject: &at})
	}
	if wrong != nil {
		return Policy{}, lines(wrong)
	}
	return policy, nil
}

// lines gives each problem a line: hcl.Diagnostics shows the first only.
func lines(wrong hcl.Diagnostics) error {
	var all []error
	for _, diagnostic := range wrong {
		text := diagnostic.Summary
		if diagnostic.Detail != "" {
			text += ": " + diagnostic.Detail
		}
		all = append(all, fmt.Errorf("%s: %s", diagnostic.Subject, text))
	}
	return errors.Join(all...)
}
