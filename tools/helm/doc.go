// Package helm renders the chart in deploy/helm with Helm's own engine, and looks at what would
// be applied: the configuration in it is one that Tandem takes, nothing secret is in a manifest,
// and what is missing is asked for by name.
//
// It is a module of its own, so that nobody who builds Tandem needs Helm.
package helm
