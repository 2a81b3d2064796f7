package desk

// Waiting is how many commands wait for the committer.
func (d *Desk) Waiting() int { return len(d.calls) }
