// Package control governs a vault: who may do what, which version of an agent is
// deployed where, and what was paused or killed.
package control
