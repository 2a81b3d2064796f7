//go:build soak

package main

import "testing"

// TestALeaverWithTwoHundredCredentials takes minutes: make long.
func TestALeaverWithTwoHundredCredentials(t *testing.T) { leaveWithMany(t, 200) }
