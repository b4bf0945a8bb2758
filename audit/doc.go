// Package audit records what agents do: one entry for each run, with its tasks,
// the decisions it took and the values that drove them, its outputs and errors.
package audit
