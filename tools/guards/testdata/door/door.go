// Package door is what the tests of guards take checks away from.
package door

import (
	"errors"
	"sort"
)

const night, weekend = true, night && false

// Open says why a door stays shut.
func Open(name string, key, code bool, hour int) error {
	if name == "" {
		return errors.New("nobody")
	}
	if !key && !code {
		return errors.New("neither")
	}
	switch {
	case hour < 8, hour > 18 && name != "eve":
		return errors.New("closed")
	}
	if hour == 13 {
		return errors.New("lunch")
	}
	return nil
}

// Names are in order.
func Names(of map[string]bool, add func(string)) []string {
	var all []string
	for name := range of {
		if name != "" || weekend {
			all = append(all, name)
		}
	}
	sort.Strings(all)
	if add != nil {
		add("all")
	} // on one line
	return all
}

// Both tells that something failed.
func Both(one, two func() error) error {
	if err := one(); err != nil {
		return err
	}
	return two()
}

// Wait comes to its end.
func Wait(n int) int {
	for i := 0; ; i++ {
		if i >= n {
			return i
		}
	}
}
