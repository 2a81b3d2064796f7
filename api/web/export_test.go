package web

// Patterns gives all pages, as they were registered.
func (p *Pages) Patterns() []string { return p.patterns }
