// Package ident makes and checks the identifiers and names that stand in audit
// records as they are: ids of runs, names of agents and skills, principals.
//
// They are never redacted, so each has a grammar that is checked before it is
// written: nothing that only looks like a name gets into the log under one.
package ident
