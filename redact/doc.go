// Package redact finds personal data and secrets in text and in JSON, and
// replaces them before anything is written.
package redact
