package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/hashicorp/vault/api"
)

// The calls below use the raw answers of Vault's client: its shorter forms give
// the same nil for an empty engine and for one that is not mounted.

// get reads a path. The error is an *answer unless Vault could not be asked.
func get(ctx context.Context, c *api.Client, path string, query url.Values) (*api.Secret, error) {
	response, err := c.Logical().ReadRawWithDataWithContext(ctx, path, query)
	return parse(response, err)
}

// put writes to a path. A nil body asks for an action that needs none.
func put(ctx context.Context, c *api.Client, path string, body map[string]any) (*api.Secret, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode a request for %s", path) // err could quote the body
	}
	response, err := c.Logical().WriteRawWithContext(ctx, path, encoded)
	return parse(response, err)
}

// remove deletes a path.
func remove(ctx context.Context, c *api.Client, path string) error {
	response, err := c.Logical().DeleteRawWithContext(ctx, path)
	_, err = parse(response, err)
	return err
}

// maxBody is more than Vault answers, in bytes.
const maxBody = 32 << 20

// parse gives what is in an answer, nil when it is empty.
func parse(response *api.Response, err error) (*api.Secret, error) {
	if response != nil {
		defer response.Body.Close()
	}
	if err != nil {
		return nil, err
	}
	switch response.StatusCode {
	case http.StatusOK:
		// Apart from what it says: a body that did not come, or not in time, is
		// no answer of Vault's.
		body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
		if err != nil {
			return nil, fmt.Errorf("the answer of Vault broke off: %w", err)
		}
		secret, err := api.ParseSecret(bytes.NewReader(body))
		if err != nil {
			return nil, &answer{status: http.StatusOK, reasons: []string{"with a body that is not Vault's"}}
		}
		return secret, nil
	case http.StatusNoContent:
		return nil, nil
	default:
		return nil, &answer{status: response.StatusCode}
	}
}

// field gives a field of an answer, nil when it is not there. The functions after
// it give their zero value where a field is of another type.
func field(s *api.Secret, name string) any {
	if s == nil {
		return nil
	}
	return s.Data[name]
}

func str(s *api.Secret, name string) string {
	text, _ := field(s, name).(string)
	return text
}

func object(s *api.Secret, name string) map[string]any {
	fields, _ := field(s, name).(map[string]any)
	return fields
}

func number(value any) int64 {
	n, _ := value.(json.Number)
	i, _ := n.Int64()
	return i
}
